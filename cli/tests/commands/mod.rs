//! The commands that mirror the admin API, against a `latchkey dev` that the tests of the
//! moment share: each has plans and keys of its own names.

mod answers;
mod audit_and_drift;
mod keys;
mod lists;
mod plans;
mod recorder;
mod run;
mod signing;
mod tables;
mod terminal;
mod usage;
mod values;
mod verify;
