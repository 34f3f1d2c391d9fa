//! Metering in virtual time. Many instances run the domain's own leases and charges against
//! a table that is said anew here, and everything that can go wrong does: clocks differ and
//! step, instances die and freeze, answers are lost, writes come twice or late, plans change.
//!
//! A run is one seed: the same seed gives the same bytes. Nothing here waits, and no clock of
//! the machine is asked.

pub mod clock;
pub mod queue;
pub mod store;
pub mod trace;
