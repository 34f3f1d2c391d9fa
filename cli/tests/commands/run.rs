//! Runs a command and takes what it prints.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use serde_json::Value;

use crate::support::Dev;

/// The running one, or a new one: it ends with the last test that holds it.
pub(super) fn shared() -> Arc<Dev> {
    static SHARED: Mutex<Weak<Dev>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(dev) = shared.upgrade() {
        return dev;
    }
    let dev = Arc::new(Dev::start(&["--in-memory"]));
    *shared = Arc::downgrade(&dev);
    dev
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) status: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Its standard output, where it succeeded.
    pub(super) fn printed(&self) -> &str {
        assert_eq!(self.status, 0, "{self:?}");
        &self.stdout
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(self.printed()).unwrap()
    }

    /// Its standard error, where it ended so.
    pub(super) fn failed(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        &self.stderr
    }
}

/// The command with these words, and nothing of the environment but what it is given.
pub(super) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.args(words).env_clear().env("COLUMNS", "160");
    command
}

/// Runs it, with `input` at its standard input.
pub(super) fn run_with(mut command: Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that ends without reading is none of the tests' business.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    Ran::of(child.wait_with_output().unwrap())
}

impl Dev {
    /// The command with these words, sent here.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = command(words);
        command.env("LATCHKEY_URL", format!("{}/admin", self.base()));
        command
    }

    /// Runs it.
    pub(super) fn run(&self, words: &[&str]) -> Ran {
        run_with(self.command(words), "")
    }

    /// A plan of its own for a test, with what else is said of it.
    pub(super) fn plan(&self, id: &str, more: &[&str]) {
        let words = ["plans", "create", "--id", id, "--name", id];
        self.run(&[&words, more].concat()).printed();
    }

    /// The id of a new key, whose value is its name many times.
    pub(super) fn key(&self, name: &str, more: &[&str]) -> String {
        let words = [
            "keys", "create", "--name", name, "--value", "-", "-o", "json",
        ];
        let command = self.command(&[&words, more].concat());
        let key = run_with(command, &value_of(name)).json();
        key["id"].as_str().unwrap().to_owned()
    }
}

/// The value that [`Dev::key`] gives a key of this name.
pub(super) fn value_of(name: &str) -> String {
    format!("{}-", name.replace(' ', "-")).repeat(20)[..40].to_owned()
}

/// A text without what is another one each time: dates, and what stands behind `ETAG`.
pub(super) fn steady(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once('"') {
        Some((name, _)) if name.starts_with("ETAG") => format!("{name}\"…\"\n"),
        _ => format!("{}\n", without_dates(line)),
    });
    lines.collect()
}

fn without_dates(line: &str) -> String {
    let mut chars: Vec<char> = line.chars().collect();
    for form in ["0000-00-00 00:00", "0000-00-00"] {
        let form: Vec<char> = form.chars().collect();
        let fits = |(c, form): (&char, &char)| match form {
            '0' => c.is_ascii_digit(),
            _ => c == form,
        };
        for at in 0..(chars.len() + 1).saturating_sub(form.len()) {
            let window = &mut chars[at..at + form.len()];
            if window.iter().zip(&form).all(fits) {
                window.copy_from_slice(&form);
            }
        }
    }
    chars.into_iter().collect()
}
