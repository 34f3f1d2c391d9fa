//! The admin API through its router, on the embedded engine: every answer as a whole.

mod keys;
mod plans;
mod support;
