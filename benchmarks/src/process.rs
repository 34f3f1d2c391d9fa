//! A function's process, and what Linux knows of it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::{clock::now, outcome::Outcome, share::Group};

/// What Lambda itself sets.
const ENVIRONMENT: [(&str, &str); 11] = [
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_DEFAULT_REGION", "eu-west-1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_NAME", "benchmark"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/benchmark"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "benchmark"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_SESSION_TOKEN", "local"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
];

/// What is started: a program, its arguments, and what of its environment is its own.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) command: Vec<OsString>,
    pub(crate) environment: Vec<(String, String)>,
}

/// A running function; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// Just before it was started.
    pub(crate) begun: Instant,
    output: PathBuf,
}

impl Program {
    /// A program with what of its environment is its own; of a name's values the last one counts.
    pub(crate) fn new<'a>(
        command: impl IntoIterator<Item = impl Into<OsString>>,
        environment: impl IntoIterator<Item = &'a (&'a str, &'a str)>,
    ) -> Self {
        let environment = environment.into_iter();
        Self {
            command: command.into_iter().map(Into::into).collect(),
            environment: environment
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    /// With what Lambda itself sets.
    pub(crate) fn command(&self) -> Outcome<Command> {
        let (name, arguments) = self.command.split_first().ok_or("no program")?;
        let mut command = Command::new(name);
        self.set_up(command.args(arguments));
        Ok(command)
    }

    /// The environment of a command that starts the program.
    pub(crate) fn set_up(&self, command: &mut Command) {
        let own = self.environment.iter().map(|(name, value)| (name, value));
        command.env_clear().envs(ENVIRONMENT).envs(own);
    }
}

impl Process {
    /// Starts it, in a group that has its share of a processor where there is one. What it
    /// prints goes into a file.
    pub(crate) fn start(
        program: &Program,
        runtime_api: &str,
        output: PathBuf,
        group: Option<&Group>,
    ) -> Outcome<Self> {
        let out = File::create(&output)?;
        let mut command = program.command()?;
        command
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let begun = now();
        let child = match group {
            Some(group) => group.spawn(&mut command),
            None => command.spawn(),
        };
        let named = |error| format!("{}: {error}", command.get_program().display());
        let child = child.map_err(named)?;
        Ok(Self {
            child,
            begun,
            output,
        })
    }

    /// From here on with the group's share of a processor.
    pub(crate) fn go_on_in(&self, group: &Group) -> io::Result<()> {
        group.take(self.child.id())
    }

    /// How it ended, where it did.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Time of a processor that its threads have used, as the scheduler counts it
    /// (`/proc/PID/task/*/schedstat`, its first field, in ns).
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanos += stat
                .split(' ')
                .next()
                .and_then(|ran| ran.parse().ok())
                .unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// The most memory that it has had (`VmHWM`), in KiB.
    pub(crate) fn peak_memory_kib(&self) -> Outcome<u64> {
        self.status("VmHWM:")
    }

    /// The memory that it has (`VmRSS`), in KiB.
    pub(crate) fn memory_kib(&self) -> Outcome<u64> {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or("no such line in its status")?.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
