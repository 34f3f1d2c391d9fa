//! The control plane's calls against a fake of it, with its limits.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod patches;
mod plans;
mod support;
