//! What goes wrong ends the run with its text.

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
