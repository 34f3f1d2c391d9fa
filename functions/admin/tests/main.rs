//! The admin API through its router, on the embedded engine: every answer as a whole.

mod attachments;
mod errors;
mod fields;
mod keys;
mod lambda;
mod plans;
mod races;
mod secrets;
mod support;
mod usage;
mod verify;
