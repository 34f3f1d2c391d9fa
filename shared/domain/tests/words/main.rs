//! The words of the domain as people and programs write them: what each takes, how long it may
//! be, and how it reads when it is written again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod key;
mod plan;
mod texts;

use jiff::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
