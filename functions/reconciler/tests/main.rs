//! The reconciler on the embedded engine and the fake of API Gateway, in virtual time.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![expect(clippy::print_stdout, reason = "a test tells its figures")]

mod binary;
mod calls;
mod deletions;
mod drift;
mod dynamo;
mod in_step;
mod left_out;
mod meanwhile;
mod mends;
mod overtaken;
mod restored;
mod scale;
mod scenarios;
mod stops;
mod world;
