//! What was used, and whether a call may still be paid for.
//!
//! A meter is one small item for an owner (a key, or a customer) and a plan. It holds one
//! counter for each quota window and, for each throttle, the *theoretical arrival time* of
//! GCRA: the instant at which its bucket would be idle again. A call is paid for by one
//! conditional write that takes its units from quota and throttle at once, with no read
//! before it; a condition that fails returns the true state. docs/invariants.md has the
//! promises and what proves them.
//!
//! [`Charge`] is the whole of it as a state machine: state, clock and the store's answer go
//! in, and what to write next, or the verdict, comes out.

mod charge;
mod credit;
mod demand;
#[cfg(test)]
mod forms;
mod history;
mod hold;
mod holding;
mod known;
mod lease;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod model;
mod peek;
#[cfg(test)]
mod races;
mod size;
mod state;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
mod verdict;
mod write;

pub use charge::{Answer, Asked, Charge, Step};
pub use credit::{CREDIT_LIFE, Credit, Debt, Standing};
pub use history::{DAYS_KEPT, Fold, Folded};
pub use holding::Holding;
pub use known::Known;
pub use peek::peek;
pub use state::Meter;
pub use verdict::{Refusal, Verdict};
pub use write::{
    ChargeWrite, ClampWrite, Form, QuotaWrite, Return, ReturnWrite, ThrottleWrite, Write,
};

use crate::{CustomerId, Key, KeyId, Plan, Quota, Scope, Throttle};

/// A throttle with its place in the meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// 0 is the plan's own; a method's is given by the plan and never used again.
    pub number: u16,
    /// How fast.
    pub throttle: Throttle,
}

impl Bucket {
    /// The number of the plan's own bucket.
    pub const PLAN: u16 = 0;
}

/// Buckets that a plan may have: its own, and those of methods.
const MOST_BUCKETS: usize = 1 + Plan::MAX_METHODS;

/// A set of bucket numbers, in place: a call must not ask for memory. One with more than a plan
/// may have counts as holding every number, so that no bucket in use is ever dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Buckets {
    numbers: [u16; MOST_BUCKETS],
    count: usize,
}

impl Buckets {
    /// Whether a number is in it.
    pub fn contains(&self, number: u16) -> bool {
        self.count > MOST_BUCKETS || self.numbers.iter().take(self.count).any(|n| *n == number)
    }
}

impl FromIterator<u16> for Buckets {
    fn from_iter<I: IntoIterator<Item = u16>>(numbers: I) -> Self {
        let mut set = Self::default();
        for number in numbers {
            if let Some(place) = set.numbers.get_mut(set.count) {
                *place = number;
            }
            set.count += 1;
        }
        set
    }
}

/// What a call asks of its meter, by its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The version of the plan that says so.
    pub plan_version: u64,
    /// The quota that the units are taken from.
    pub quota: Option<Quota>,
    /// The one bucket that they are taken from.
    pub bucket: Option<Bucket>,
    /// What the call costs, at least 1.
    pub units: u64,
    /// All buckets that the plan has: the meter drops those of methods gone by.
    pub buckets: Buckets,
}

/// Whose meter it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A key's own.
    Key(KeyId),
    /// Shared by a customer's keys on the plan.
    Customer(CustomerId),
}

impl Owner {
    /// The owner of the meter of `key` on `plan`; none where the plan's scope is the
    /// customer and the key has none.
    pub fn of(key: &Key, plan: &Plan) -> Option<Self> {
        match plan.scope {
            Scope::Key => Some(Self::Key(key.id)),
            Scope::Customer => key.customer_id.clone().map(Self::Customer),
        }
    }
}
