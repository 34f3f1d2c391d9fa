//! Many processes of the authorizer's own binary on one table, and never one call too many.
//!
//! Between them and the engine stands a proxy that loses answers, delivers twice, delays and
//! refuses; some processes are killed, some are ended as Lambda ends them. A ledger of what was
//! answered is then held against what the meter says was charged.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod books;
mod concurrent;
mod crashes;
mod fault_run;
mod faults;
mod fleet;
mod leases;
mod ledger;
mod losses;
mod outcome;
mod passage;
mod proxy;
mod quota;
mod seen;
mod store_faults;
mod table;
mod throttle;
mod wire;
mod written;
