//! The machine's time: the one place where it is asked for.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark asks the machine for the time"
)]

use std::time::Instant;

use jiff::Timestamp;

pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn today() -> Timestamp {
    Timestamp::now()
}
