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

/// Takes units from quota and throttle at once: the throttle gives all that the lease is worth, the
/// quota only what the instance does not hold already. Holds only if the meter exists, is no
/// tombstone, was written under no later plan version, and both have the units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeWrite {
    /// The plan version that the charge is made under, and sets.
    pub plan_version: u64,
    /// Units to be charged to the quota and to the day; never negative. 0 changes no counter.
    pub net: u64,
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
    /// The limit less the net.
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
        /// Now, or a little before it: a bucket that has just become idle may be charged as a
        /// busy one. It is then fuller than full by the time in between, which the throttle's
        /// bound allows for (docs/invariants.md).
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

/// Gives units back that were charged and never used. Holds only if the counters are there and
/// the ticket is the one that was read: each return is applied once at most, however often it is
/// delivered. Nothing is ever given back to a throttle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnWrite {
    /// What is given back.
    pub returned: Return,
    /// The meter's ticket as it was read; one more afterwards.
    pub ticket: i64,
}

/// Units that an instance has taken out of its memory to give them back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// The quota window that they were charged to; none on a plan without a quota.
    pub window: Option<Hour>,
    /// How many, at least 1.
    pub units: u64,
    /// The day of the last charge of the lease.
    pub day: Day,
    /// How many of them were charged on that day. Others stay in the history: it may tell more
    /// than was admitted, never less.
    pub of_day: u64,
}

impl Return {
    /// Both, of one counter.
    pub(super) fn and(self, other: Self) -> Self {
        let (later, earlier) = if self.day >= other.day {
            (self, other)
        } else {
            (other, self)
        };
        let same_day = later.day == earlier.day;
        Self {
            units: later.units + earlier.units,
            of_day: later.of_day + if same_day { earlier.of_day } else { 0 },
            ..later
        }
    }

    /// The write, with the ticket that was read just before.
    pub fn with_ticket(self, ticket: i64) -> ReturnWrite {
        ReturnWrite {
            returned: self,
            ticket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_of_two_leases_is_of_the_later_day() {
        let of = |units, day, of_day| Return {
            window: Some(24),
            units,
            day,
            of_day,
        };
        for (one, other, both) in [
            (of(5, 8, 2), of(3, 8, 3), of(8, 8, 5)),
            (of(5, 8, 2), of(3, 7, 3), of(8, 8, 2)),
            (of(5, 7, 2), of(3, 8, 3), of(8, 8, 3)),
        ] {
            assert_eq!(one.and(other), both);
        }
    }
}
