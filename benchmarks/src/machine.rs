//! What was measured on: named, since no time means anything without it.

use std::{fs, process::Command};

use serde::Serialize;

use crate::{clock::today, sdks::sdks};

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// The day, in UTC.
    day: String,
    processor: String,
    /// Of the machine: the measured function is kept to one of them.
    processors: usize,
    memory_mib: u64,
    kernel: String,
    /// Of the languages that are measured, those that are there.
    versions: Vec<String>,
    /// What of Latchkey was measured.
    commit: String,
    /// The AWS SDKs that are measured.
    sdks: Vec<String>,
}

/// The commands that tell a version in their first line.
const VERSIONS: [(&str, &[&str]); 4] = [
    ("rustc", &["--version"]),
    (".venv-benchmarks/bin/python", &["--version"]),
    ("node", &["--version"]),
    ("go", &["version"]),
];

impl Machine {
    pub(crate) fn read() -> Self {
        let number = field("/proc/meminfo", "MemTotal:");
        let number = number
            .split(' ')
            .next()
            .and_then(|kib| kib.parse::<u64>().ok());
        Self {
            day: today().strftime("%Y-%m-%d").to_string(),
            processor: field("/proc/cpuinfo", "model name"),
            processors: processors(),
            memory_mib: number.unwrap_or(0) / 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            versions: VERSIONS
                .iter()
                .filter_map(|(program, arguments)| version(program, arguments))
                .collect(),
            commit: commit(),
            sdks: sdks(),
        }
    }

    pub(crate) fn in_words(&self) -> String {
        format!(
            "{}: {}, {} processors, {} MiB of memory, Linux {}; {}. Latchkey {}; {}.",
            self.day,
            self.processor,
            self.processors,
            self.memory_mib,
            self.kernel,
            self.versions.join("; "),
            self.commit,
            self.sdks.join("; "),
        )
    }
}

/// The commit, and whether something was changed since.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "of no commit".to_owned();
    };
    match git(&["status", "--porcelain", "--untracked-files=no"]) {
        Some(changed) if changed.is_empty() => format!("at {commit}"),
        _ => format!("at {commit} and changes"),
    }
}

/// All that there are, also those that this process is kept from.
fn processors() -> usize {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let lines = text.lines();
    lines.filter(|line| line.starts_with("processor")).count()
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line
        .unwrap_or("unknown")
        .trim_start_matches([' ', '\t', ':']);
    value.to_owned()
}

fn version(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    Some(if line.starts_with('v') {
        format!("Node {line}")
    } else {
        line.to_owned()
    })
}
