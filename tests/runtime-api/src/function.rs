//! A function's process, from its start to its end.

use std::{ffi::OsStr, io, path::Path, process::ExitStatus, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    extensions::{Extension, ExtensionsApi},
    output::Output,
    server::{Answer, RuntimeApi},
};

/// The longest that a test waits for a start, an answer or an end.
const PATIENCE: Duration = Duration::from_secs(20);

/// What Lambda itself sets. A test may set any of them to something else.
const ENVIRONMENT: [(&str, &str); 9] = [
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_NAME", "under-test"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/under-test"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "under-test"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_SESSION_TOKEN", "local"),
];

/// A running function. Its process is killed when this is dropped.
#[derive(Debug)]
pub struct Function {
    api: RuntimeApi,
    process: Process,
}

/// How a function's process ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All that it printed, on both outputs.
    pub output: String,
    /// What it told the Runtime API of a failed start.
    pub init_error: Option<Answer>,
}

/// Why there is no function, or no answer.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// The process could not be started, or the server not bound.
    #[error("the function cannot be started: {0}")]
    Start(#[from] io::Error),
    /// The process ended by itself.
    #[error("the function ended with {}: {}", .0.status, .0.output)]
    Ended(Ended),
    /// Nothing happened for 20 seconds.
    #[error("{0} took longer than 20 seconds")]
    Late(&'static str),
}

impl Function {
    /// Starts the binary and waits until it, and each extension that it registers, asks for
    /// what comes next. It sees nothing of this process's environment: only what Lambda sets
    /// and what is given here.
    ///
    /// # Errors
    /// [`FunctionError::Ended`] where it ends instead, which is how a function says that its
    /// settings are wrong.
    pub async fn start<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        binary: impl AsRef<Path>,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, FunctionError> {
        Self::start_with(ExtensionsApi::Served, binary, environment).await
    }

    /// Starts the binary where there is no Extensions API, as in some emulators of Lambda.
    ///
    /// # Errors
    /// As [`Function::start`].
    pub async fn start_without_extensions<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        binary: impl AsRef<Path>,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, FunctionError> {
        Self::start_with(ExtensionsApi::Absent, binary, environment).await
    }

    async fn start_with<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        extensions_api: ExtensionsApi,
        binary: impl AsRef<Path>,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, FunctionError> {
        let command = Command::new(binary.as_ref());
        Self::start_command(extensions_api, command, environment).await
    }

    /// Starts the binary as the last argument of another program, such as a profiler, which
    /// becomes the function's process.
    ///
    /// # Errors
    /// As [`Function::start`].
    pub async fn start_under<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        program: &[String],
        binary: impl AsRef<Path>,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, FunctionError> {
        let [program, arguments @ ..] = program else {
            return Self::start(binary, environment).await;
        };
        let mut command = Command::new(program);
        command.args(arguments).arg(binary.as_ref());
        Self::start_command(ExtensionsApi::Served, command, environment).await
    }

    async fn start_command<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        extensions_api: ExtensionsApi,
        mut command: Command,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, FunctionError> {
        let api = RuntimeApi::start(extensions_api).await?;
        command
            .env_clear()
            .envs(ENVIRONMENT)
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string());
        let process = Process::start(command)?;
        let mut function = Self { api, process };
        let ended = tokio::select! {
            () = function.api.started() => return Ok(function),
            ended = function.process.ended() => ended,
            () = tokio::time::sleep(PATIENCE) => return Err(FunctionError::Late("the start")),
        };
        Err(FunctionError::Ended(function.end(ended).await))
    }

    /// Hands it an event, as the bytes that Lambda would send, and waits for the answer.
    /// Several may be on their way at once.
    ///
    /// # Errors
    /// [`FunctionError`] where no answer comes.
    pub async fn invoke(&self, event: impl Into<Vec<u8>>) -> Result<Answer, FunctionError> {
        let answer = self.api.send(event.into()).await;
        let mut process = self.process.clone_watch();
        tokio::select! {
            biased;
            Ok(answer) = answer => Ok(answer),
            status = ended(&mut process) => Err(FunctionError::Ended(Ended {
                status,
                output: self.output(),
                init_error: None,
            })),
            () = tokio::time::sleep(PATIENCE) => Err(FunctionError::Late("an answer")),
        }
    }

    /// Waits until this many of its questions for an event wait for one: it can take so many
    /// events at once.
    ///
    /// # Errors
    /// [`FunctionError::Late`] where they do not become so many, or stay more.
    pub async fn polls(&self, count: usize) -> Result<(), FunctionError> {
        timeout(PATIENCE, self.api.polls(count))
            .await
            .map_err(|_| FunctionError::Late("a question for an event"))
    }

    /// The extensions that it has registered.
    pub fn extensions(&self) -> Vec<Extension> {
        self.api.extensions()
    }

    /// All that it has printed so far, on both outputs.
    pub fn output(&self) -> String {
        self.process.output.text()
    }

    /// The most memory that it has had so far, in bytes (`VmHWM` of proc_pid_status(5)).
    ///
    /// # Errors
    /// [`FunctionError::Start`] where the machine does not tell: it is told on Linux alone.
    pub fn peak_memory(&self) -> Result<u64, FunctionError> {
        Ok(self.process.peak_memory()?)
    }

    /// Ends it at once, with SIGKILL, whatever it is doing; who waits for an answer is told.
    ///
    /// # Errors
    /// [`FunctionError::Start`] where it cannot be sent.
    pub fn kill(&self) -> Result<(), FunctionError> {
        Ok(self.process.signal(Signal::KILL)?)
    }

    /// Sends it SIGTERM, whatever it is doing, and goes on.
    ///
    /// # Errors
    /// [`FunctionError::Start`] where it cannot be sent.
    pub fn terminate(&self) -> Result<(), FunctionError> {
        Ok(self.process.signal(Signal::TERM)?)
    }

    /// Ends it with SIGTERM, as Lambda does where an extension is registered.
    ///
    /// # Errors
    /// [`FunctionError::Late`] where it does not end.
    pub async fn stop(mut self) -> Result<Ended, FunctionError> {
        self.process.signal(Signal::TERM)?;
        let status = timeout(PATIENCE, self.process.ended())
            .await
            .map_err(|_| FunctionError::Late("the end"))?;
        Ok(self.end(status).await)
    }

    async fn end(mut self, status: ExitStatus) -> Ended {
        self.process.drained().await;
        Ended {
            status,
            output: self.output(),
            init_error: self.api.init_error(),
        }
    }
}

/// The process, watched by a task that owns it: with the task the process goes too.
#[derive(Debug)]
struct Process {
    pid: Option<Pid>,
    status: watch::Receiver<Option<ExitStatus>>,
    waiting: JoinHandle<()>,
    output: Output,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pid = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let output = Output::default();
        let stdout = child.stdout.take().map(|stdout| output.collect(stdout));
        let stderr = child.stderr.take().map(|stderr| output.collect(stderr));
        let (sender, status) = watch::channel(None);
        Ok(Self {
            pid,
            status,
            waiting: tokio::spawn(wait(child, sender)),
            output,
            readers: stdout.into_iter().chain(stderr).collect(),
        })
    }

    fn clone_watch(&self) -> watch::Receiver<Option<ExitStatus>> {
        self.status.clone()
    }

    async fn ended(&mut self) -> ExitStatus {
        ended(&mut self.status).await
    }

    /// Only while the process is not waited for: then its id is no other's.
    fn signal(&self, signal: Signal) -> io::Result<()> {
        match self.pid {
            Some(pid) if self.status.borrow().is_none() => Ok(kill_process(pid, signal)?),
            _ => Ok(()),
        }
    }

    fn peak_memory(&self) -> io::Result<u64> {
        let pid = self.pid.map_or(0, Pid::as_raw_pid);
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        let kib: Option<u64> = line.and_then(|line| line.trim().parse().ok());
        kib.map(|kib| kib * 1024)
            .ok_or_else(|| io::Error::other("no peak in the status of the process"))
    }

    /// Waits until what it printed is read; a process that it left behind may hold its
    /// outputs open, so not for long.
    async fn drained(&mut self) {
        for reader in &mut self.readers {
            drop(timeout(Duration::from_secs(1), reader).await);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.waiting.abort();
    }
}

async fn wait(mut child: Child, status: watch::Sender<Option<ExitStatus>>) {
    if let Ok(ended) = child.wait().await {
        status.send_replace(Some(ended));
    }
}

async fn ended(status: &mut watch::Receiver<Option<ExitStatus>>) -> ExitStatus {
    let ended = status.wait_for(Option::is_some).await.map(|status| *status);
    match ended {
        Ok(Some(status)) => status,
        // The wait itself failed: then nothing is known but that nothing will come.
        _ => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [(&str, &str); 0] = [];

    #[tokio::test]
    async fn a_process_that_ends_is_told_from_a_function() {
        let Err(FunctionError::Ended(ended)) = Function::start("/bin/false", NOTHING).await else {
            panic!("/bin/false is no function");
        };
        assert_eq!(ended.status.code(), Some(1));
    }

    #[tokio::test]
    async fn its_environment_is_lambda_s_and_its_output_is_kept() {
        let set = [("TABLE_NAME", "keys")];
        let Err(FunctionError::Ended(ended)) = Function::start("/usr/bin/env", set).await else {
            panic!("/usr/bin/env is no function");
        };
        let mut names: Vec<&str> = ended
            .output
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0))
            .collect();
        names.sort_unstable();
        let mut expected: Vec<&str> = ENVIRONMENT.iter().map(|(name, _)| *name).collect();
        expected.extend(["AWS_LAMBDA_RUNTIME_API", "TABLE_NAME"]);
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[tokio::test]
    async fn what_is_not_there_cannot_be_started() {
        let error = Function::start("/no/such/binary", NOTHING).await;
        assert!(matches!(error, Err(FunctionError::Start(_))));
    }
}
