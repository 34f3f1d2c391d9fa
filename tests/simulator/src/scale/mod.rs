//! What metering costs at scale: writes to the table, calls that need none, calls refused that
//! one central bucket would admit, units of a quota that nobody could use.
//!
//! Many instances serve Poisson traffic from the domain's own leases, against a table that
//! answers after 4 ms and takes 1,000 writes a second of one item. Each row of docs/scale.md is
//! one [`Scenario`]; the [`figures`] must stay within their bounds.

mod answers;
mod arrivals;
pub mod command;
mod figures;
mod fleet;
mod grid;
mod measures;
mod page;
mod parallel;
mod plot;
mod quota;
mod rivals;
mod scenario;
mod simulation;
mod traffic;

pub(crate) use page::thousands;
pub(crate) use parallel::in_parallel;

pub use figures::{Figure, Quantity, figures};
pub use measures::{Measures, Outcomes};
pub use quota::{QuotaUse, QuotaUsed};
pub use scenario::{Leaving, Routing, Scenario};
pub use simulation::simulate;
