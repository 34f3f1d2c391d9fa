//! How far long work has come: on standard error, where that is a terminal.

use std::io::{IsTerminal as _, Write as _};

/// One line that is written over.
pub(super) struct Progress {
    what: &'static str,
    is_shown: bool,
}

impl Progress {
    /// Of so many `what`, such as `keys`.
    pub(super) fn of(what: &'static str) -> Self {
        Self {
            what,
            is_shown: std::io::stderr().is_terminal(),
        }
    }

    pub(super) fn at(&mut self, count: u64) {
        if self.is_shown {
            // It is shown for people alone: that it cannot be is no failure.
            let _ = write!(std::io::stderr(), "\r{count} {}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
