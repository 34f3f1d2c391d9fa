//! The reconciler: makes API Gateway agree with the table.
//!
//! The table says what is wanted at API Gateway; the admin API makes the first attempt. What
//! that left undone, because it was stopped, throttled or refused, is done here, one run at a
//! time and within AWS's rates. Now and then a run also compares all that is there with what
//! the table wants, and mends or tells what somebody else has changed. And it ends the deletion
//! of plans that had more keys than a request of the admin API could take off. Everything that one
//! attempt does is latchkey-sync's; here is what is attempted, when, and in which order.

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

mod compare;
mod deletions;
mod left;
mod mend;
mod metrics;
mod pages;
mod reconciler;
mod rollback;
mod rounds;
mod run;
mod scan;
pub mod settings;
mod words;

pub use self::{
    deletions::Deletions,
    left::Left,
    metrics::write_metrics,
    reconciler::{GRACE, Outcome, Reconciler, Report, RunError},
};
