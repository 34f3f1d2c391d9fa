//! Attacks on the admin API, each a test that is named after what comes of it.
//! docs/reliability.md has the list.

mod callers;
mod cursors;
mod mass_assignment;
mod printed;
mod tables;
