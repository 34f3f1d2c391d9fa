//! Programs under valgrind's callgrind: instructions from one place that is marked to the next. And
//! what all benchmarks have: fixtures, and pages of which they write a part.

pub mod fixtures;
pub mod page;

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU64, Ordering},
};

/// What goes wrong ends a run with its text.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What counts.
pub const VALGRIND: &str = "/usr/bin/valgrind";

/// A part of a program that marks its parts (benchmarks/parts).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As the program calls it.
    pub name: String,
    /// Instructions.
    pub instructions: u64,
}

/// What each part of a program takes that has a name. `environment` sets up what the command is
/// given beside the command. All that callgrind wrote is kept in a file where one is named, for
/// `callgrind_annotate`.
///
/// # Errors
/// Where the program or callgrind fails; the text is what they said.
pub fn marked(
    program: &[&str],
    environment: impl FnOnce(&mut Command),
    keep: Option<&Path>,
) -> Outcome<Vec<Part>> {
    let output = Output::new();
    let mut command = Command::new(VALGRIND);
    command.args(output.arguments("getppid")).args(program);
    environment(&mut command);
    let ran = command.output()?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
    }
    let counted = output.read()?;
    if let Some(keep) = keep {
        fs::write(keep, &counted)?;
    }
    let parts = named(&String::from_utf8(ran.stdout)?, &counted);
    parts.ok_or_else(|| "callgrind has not counted part by part".into())
}

/// A line of the program for each part, in their order; the last part, what comes after all of
/// them, has none. None where there are more parts or fewer.
fn named(lines: &str, output: &str) -> Option<Vec<Part>> {
    let names = lines.lines().filter_map(|line| line.split('\t').next());
    let names: Vec<_> = names.collect();
    let parts = parts(output);
    if parts.len() != names.len() + 1 {
        return None;
    }
    let named = names.into_iter().zip(parts);
    let named = named.filter(|(name, _)| !name.is_empty());
    Some(
        named
            .map(|(name, instructions)| Part {
                name: name.to_owned(),
                instructions,
            })
            .collect(),
    )
}

/// The parts of callgrind's output: each ends with its total.
pub fn parts(output: &str) -> Vec<u64> {
    let totals = output
        .lines()
        .filter_map(|line| line.strip_prefix("totals: "));
    totals
        .filter_map(|total| total.trim().parse().ok())
        .collect()
}

/// `1234567` as `1,234,567`.
pub fn in_thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// Where callgrind writes to; removed in the end.
#[derive(Debug)]
pub struct Output(PathBuf);

impl Output {
    /// A file of its own.
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        static OUTPUTS: AtomicU64 = AtomicU64::new(0);
        let number = OUTPUTS.fetch_add(1, Ordering::Relaxed);
        let name = format!("latchkey-instructions-{}-{number}", process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// What valgrind is told: to write a part down before each call of this function.
    pub fn arguments(&self, function: &str) -> [String; 5] {
        [
            "--tool=callgrind".to_owned(),
            format!("--dump-before={function}"),
            "--combine-dumps=yes".to_owned(),
            "--dump-line=no".to_owned(),
            format!("--callgrind-out-file={}", self.0.display()),
        ]
    }

    /// What was written.
    ///
    /// # Errors
    /// Where nothing was.
    pub fn read(&self) -> io::Result<String> {
        fs::read_to_string(&self.0)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // It may not be there yet.
        drop(fs::remove_file(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str =
        "part: 1\n\ntotals: 100\n\npart: 2\nfn=(1) a\n+0 7\n\ntotals: 20\ntotals: 3\ntotals: 4\n";

    #[test]
    fn each_part_of_callgrind_s_output_ends_with_its_total() {
        assert_eq!(parts(OUTPUT), [100, 20, 3, 4]);
    }

    #[test]
    fn parts_have_the_program_s_names_and_preparations_none() {
        let named = super::named("\t9\nread\t17\n\t1\n", OUTPUT);
        let read = Part {
            name: "read".to_owned(),
            instructions: 20,
        };
        assert_eq!(named, Some(vec![read]));
        assert_eq!(super::named("\t9\nread\t17\n", OUTPUT), None);
    }
}
