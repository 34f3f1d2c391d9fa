//! From how many calls on leases pay.

use latchkey_domain::Invalid;

use super::shape::{Arrival, Limits, Shape};

/// Calls a second on each instance.
pub(super) const CALLS: [u32; 6] = [1, 2, 3, 5, 10, 100];
/// Instances that share the key.
pub(super) const INSTANCES: [u32; 2] = [1, 10];

/// Writes for a million calls on one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Calls a second on each instance.
    pub(super) calls: u32,
    /// Instances that share the key.
    pub(super) instances: u32,
    /// With leases.
    pub(super) leased: Option<u64>,
    /// Without.
    pub(super) exact: Option<u64>,
}

impl Row {
    /// Measured, on a plan with a throttle.
    ///
    /// # Errors
    /// [`Invalid`] for traffic that no plan may have.
    pub(super) fn of(instances: u32, calls: u32) -> Result<Self, Invalid> {
        let shape = Shape {
            instances,
            keys: 1,
            calls: instances * calls,
            arrival: Arrival::Steady,
        };
        Ok(Self {
            calls,
            instances,
            leased: shape.writes(Limits::Throttle)?,
            exact: shape.writes(Limits::Exact)?,
        })
    }
}

/// All of them: for each number of calls, by instances.
pub(super) fn rows() -> Vec<(u32, u32)> {
    let of = |calls| INSTANCES.map(|instances| (instances, calls));
    CALLS.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_saves_nothing_at_one_call_a_second_and_most_writes_at_a_hundred() {
        let slow = Row::of(1, 1).unwrap();
        let busy = Row::of(1, 100).unwrap();
        assert!(
            slow.leased.unwrap() * 10 > slow.exact.unwrap() * 8,
            "{slow:?}"
        );
        assert!(busy.leased.unwrap() * 50 < busy.exact.unwrap(), "{busy:?}");
    }

    #[test]
    fn the_rows_are_of_each_number_of_instances() {
        assert_eq!(rows().len(), CALLS.len() * INSTANCES.len());
        assert_eq!(rows()[..2], [(1, 1), (10, 1)]);
    }
}
