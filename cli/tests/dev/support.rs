//! Starts the binary, talks to it, and ends it.

pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::JoinHandle,
    time::Duration,
};

use serde_json::Value;
use ureq::{
    Agent,
    http::{HeaderMap, Request},
};

/// A folder for one test, gone with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("latchkey-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// The command, without any setting that the environment of the tests may hold.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.arg("dev").args(arguments);
    for name in [
        "DENY_FOR",
        "HTTP_RESPONSE",
        "KEY_CACHE_SECONDS",
        "KEY_SOURCES",
        "LEASE_MAX",
        "LOG_LEVEL",
        "ON_STORE_FAILURE",
    ] {
        command.env_remove(name);
    }
    command
}

/// A running `latchkey dev`. It ends with the value.
pub(crate) struct Dev {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Option<JoinHandle<String>>,
    announcement: String,
    agent: Agent,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Dev {
    /// Starts with these flags on a free port, and waits until it serves.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(command(arguments))
    }

    /// The same, in memory and with settings.
    pub(crate) fn with_settings(settings: &[(&str, &str)]) -> Self {
        let mut command = command(&["--in-memory"]);
        command.envs(settings.iter().copied());
        Self::start_with(command)
    }

    /// The same with a command of one's own.
    pub(crate) fn start_with(mut command: Command) -> Self {
        if command.get_args().all(|argument| argument != "--port") {
            command.args(["--port", "0"]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = collect(child.stderr.take().unwrap());
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut announcement = String::new();
        // The last line is the last command; an empty one follows.
        while !announcement.ends_with("/demo/open/hello\n") {
            if stdout.read_line(&mut announcement).unwrap() == 0 {
                child.wait().unwrap();
                panic!("it did not start: {}", stderr.join().unwrap());
            }
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self {
            child,
            stdout,
            stderr: Some(stderr),
            announcement,
            agent: config.into(),
        }
    }

    /// What was printed until it served.
    pub(crate) fn announcement(&self) -> &str {
        &self.announcement
    }

    /// Such as `http://127.0.0.1:3000`.
    pub(crate) fn base(&self) -> &str {
        let start = self.announcement.find("http://").unwrap();
        let rest = &self.announcement[start..];
        &rest[..rest.find(',').unwrap()]
    }

    /// Such as `127.0.0.1:3000`.
    pub(crate) fn host(&self) -> &str {
        self.base().strip_prefix("http://").unwrap()
    }

    /// The commands that were printed.
    pub(crate) fn lines(&self) -> Vec<&str> {
        let is_command = |line: &&str| line.starts_with("curl") || line.starts_with("for");
        self.announcement.lines().filter(is_command).collect()
    }

    /// The value of the demo key.
    pub(crate) fn demo_key(&self) -> &str {
        key_in(self.lines()[0])
    }

    /// The value of the demo key with a quota of two calls.
    pub(crate) fn limited_key(&self) -> &str {
        key_in(self.lines()[2])
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).unwrap();
        let mut answer = self.agent.run(request).unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_string().unwrap(),
        }
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "")
    }

    pub(crate) fn get_with(&self, path: &str, key: &str) -> Answer {
        self.get(path, &[("x-api-key", key)])
    }

    /// A call of the admin API that must succeed.
    pub(crate) fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let headers = [("content-type", "application/json")];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = if body.is_empty() { &[][..] } else { &headers };
        let answer = self.send(method, &format!("/admin{path}"), headers, &body);
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
        if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        }
    }

    /// The id and the value of a new key on these plans.
    pub(crate) fn new_key(&self, plan_ids: &[&str]) -> (String, String) {
        let key = self.admin(
            "POST",
            "/v1/keys",
            &serde_json::json!({"name": "Test", "planIds": plan_ids}),
        );
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        (text("id"), text("value"))
    }

    /// Its number.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let process = Pid::from_raw(self.process().cast_signed()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Waits for its end: its status, and what it printed after the announcement and to
    /// standard error.
    pub(crate) fn ended(mut self) -> (ExitStatus, String, String) {
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status, rest, self.stderr.take().unwrap().join().unwrap())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn collect(mut stderr: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        drop(stderr.read_to_string(&mut text));
        text
    })
}

fn key_in(line: &str) -> &str {
    let start = line.find("lk_demo_").unwrap();
    let rest = &line[start..];
    &rest[..rest.find('\'').unwrap()]
}
