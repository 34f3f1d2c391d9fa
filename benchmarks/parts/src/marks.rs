//! Where one part ends and the next one begins, for whoever counts them.

use std::{
    io::{self, Write as _},
    os::unix::process::parent_id,
    time::{Duration, Instant},
};

/// The parts so far, in order. Callgrind writes its counters down each time that the parent's id
/// is asked for (`--dump-before=getppid`), which nothing else in the program does.
pub(crate) struct Marks {
    parts: Vec<Part>,
    since: Instant,
}

struct Part {
    name: String,
    took: Option<Duration>,
}

impl Marks {
    /// What was before is a part with this name, of which nobody knows when it began.
    pub(crate) fn begin(before: &str) -> Self {
        _ = parent_id();
        let mut parts = Vec::with_capacity(64);
        parts.push(Part {
            name: before.to_owned(),
            took: None,
        });
        Self {
            parts,
            since: now(),
        }
    }

    /// What came since the last part is a part with this name. Preparations have none.
    pub(crate) fn end(&mut self, name: &str) {
        _ = parent_id();
        let now = now();
        self.parts.push(Part {
            name: name.to_owned(),
            took: Some(now.duration_since(self.since)),
        });
        self.since = now;
    }

    /// A line for each part: its name, and the ns that it took where they are known.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for Part { name, took } in &self.parts {
            let took = took.map(|took| took.as_nanos().to_string());
            writeln!(out, "{name}\t{}", took.unwrap_or_default())?;
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is the machine's time"
)]
fn now() -> Instant {
    Instant::now()
}
