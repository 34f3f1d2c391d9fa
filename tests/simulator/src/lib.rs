//! Metering in virtual time. Many instances run the domain's own leases and charges against
//! a table that is said anew here, and everything that can go wrong does: clocks differ and
//! step, instances die and freeze, answers are lost, writes come twice or late, plans change.
//!
//! A run is one seed: the same seed gives the same bytes. Nothing here waits, and no clock of
//! the machine is asked. Start at [`run::run`]; the laws are in [`laws`] and [`ledger`], what
//! happens in `world` and beside it.

mod alone;
mod calls;
mod charges;
pub mod clock;
pub mod cost;
pub mod counts;
mod decisions;
mod held;
pub mod instance;
pub mod laws;
pub mod ledger;
mod misfortune;
pub mod mutation;
pub mod plan;
pub mod queue;
mod races;
mod refusals;
pub mod request;
mod returns;
pub mod run;
pub mod scale;
pub mod setting;
mod shadow;
pub mod store;
mod table;
pub mod trace;
pub mod world;
