//! What is to be written to a meter, as values; the store says it in expressions.

use crate::time::{Day, Hour, Nanos};

/// One conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Takes units.
    Charge(ChargeWrite),
    /// Brings a bucket that is fuller than full back to full.
    Clamp(ClampWrite),
}

/// Takes units from quota and throttle at once. Holds only if the meter exists, is no
/// tombstone, was written under no later plan version, and both have the units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeWrite {
    /// The plan version that the charge is made under, and sets.
    pub plan_version: u64,
    /// Units; never negative. 0 changes no counter.
    pub units: u64,
    /// The day of the charge.
    pub day: Day,
    /// Whether the client has sent a value that a rotation had replaced: the meter keeps the
    /// last day of it.
    pub by_previous: bool,
    /// The quota's part; none without a quota.
    pub quota: Option<QuotaWrite>,
    /// The throttle's part; none without a throttle.
    pub throttle: Option<ThrottleWrite>,
    /// Buckets that the plan no longer has, to be dropped.
    pub drop_buckets: Vec<u16>,
    /// Counters of windows long gone, to be dropped.
    pub drop_windows: Vec<Hour>,
}

/// `q<window>` absent or `<= at_most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaWrite {
    /// The start of the window.
    pub window: Hour,
    /// The limit less the units.
    pub at_most: i64,
}

/// The bucket's condition and its next value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleWrite {
    /// The bucket.
    pub bucket: u16,
    /// Which of its two forms.
    pub form: Form,
}

/// A bucket is idle or busy at the time of the charge; each has its own condition and
/// assignment, since DynamoDB's conditions know no arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `t` absent or `<= now`; becomes `arrival`.
    Idle {
        /// Now.
        now: Nanos,
        /// Now and the units' cost.
        arrival: Nanos,
    },
    /// `above < t <= room`; grows by `cost`.
    Busy {
        /// Now.
        above: Nanos,
        /// The latest arrival that leaves room for the units.
        room: Nanos,
        /// The units' cost.
        cost: Nanos,
    },
}

/// Sets `t` to `arrival` if it is still `seen` and no later plan version has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClampWrite {
    /// The plan version that it is made under, and sets.
    pub plan_version: u64,
    /// The bucket.
    pub bucket: u16,
    /// The arrival that was too late to be lawful.
    pub seen: Nanos,
    /// A full bucket's arrival.
    pub arrival: Nanos,
}
