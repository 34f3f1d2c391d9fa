//! What a million calls cost: docs/cost.md.
//!
//! What a call asks of AWS is counted first, in whole units for a million calls: writes from the
//! simulation of the authorizer's own leases, reads and invocations from how long things are
//! remembered. Only then it is priced, in whole billionths of a dollar, from one list of prices
//! that names the source and the date of each.

mod bill;
pub mod command;
mod leases;
mod listing;
mod money;
pub mod page;
mod prices;
mod shape;
mod tables;
mod usage;
