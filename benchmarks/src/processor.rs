//! One processor for the function and for what drives it. Where they are on two, each call wakes
//! the other processor twice, which takes longer than the call, and the scheduler puts the one row
//! on one and the other on two. A function of up to 1,769 MB has no more than one in Lambda either.
//! DynamoDB's threads, which were there before, stay where they like.

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::outcome::Outcome;

/// Keeps this thread, and all threads and processes that it starts from here on, to the first
/// processor.
pub(crate) fn keep_to_the_first() -> Outcome<()> {
    let mut first = CpuSet::new();
    first.set(0);
    sched_setaffinity(None, &first).map_err(|error| format!("one processor: {error}").into())
}
