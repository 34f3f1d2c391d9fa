//! Commands as a user types them, against a `latchkey dev` of the test.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::support::Dev;

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Printed {
    /// All of it, for a look at what must not be in it.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// `latchkey` with these words, for the admin API of `dev`.
pub(crate) fn latchkey(dev: &Dev, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .args(words)
        .env("LATCHKEY_URL", format!("{}/admin", dev.base()))
        .env_remove("LATCHKEY_STACK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it with `input` at its standard input.
pub(crate) fn run(mut command: Command, input: &str) -> Printed {
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may have ended already.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    Printed {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
