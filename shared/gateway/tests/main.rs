//! The control plane's calls against a fake of it, with its limits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apis;
mod attachments;
mod errors;
mod in_front;
mod key_source;
mod keys;
mod native_plans;
mod pace;
mod patches;
mod plans;
mod requests;
mod scripted;
mod secrets;
mod support;
mod usage;
