//! What goes wrong ends the run with its text.

pub(crate) use latchkey_instructions::Outcome;
