//! How keys are called, and on what kind of plan.

use latchkey_domain::{Invalid, Period, Quota};

use crate::{
    clock::SECOND,
    scale::{Measures, Scenario, simulate},
};

/// Calls that are measured at least, and the shortest time for it.
const CALLS: i64 = 10_000;
const SHORTEST: i64 = 5 * SECOND;
const WARM_UP: i64 = 3 * SECOND;
/// A burst, and how many are measured.
const BURST_CALLS: u32 = 100;
const BURSTS: u64 = 20;
/// A quota that is mostly unused.
const QUOTA: u64 = 10_000_000;

/// What a plan holds calls to, where Latchkey counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limits {
    /// Nothing: only use is counted.
    None,
    /// A throttle. With a quota beside it that is mostly unused it is the same.
    Throttle,
    /// A quota.
    Quota,
    /// A throttle and a quota without leases: `LEASE_MAX=1`.
    Exact,
}

/// When calls come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// All the time, at random.
    Steady,
    /// For one second, and then not for long: nothing is on lease when a burst begins.
    Bursts,
}

/// Traffic on the keys of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Instances of the authorizer that serve it.
    pub(super) instances: u32,
    /// Keys; the k-th most called gets 1/k of what the first gets.
    pub(super) keys: u32,
    /// Calls a second on all keys together, in a burst while it lasts.
    pub(super) calls: u32,
    /// When they come.
    pub(super) arrival: Arrival,
}

const fn steady(instances: u32, keys: u32, calls: u32) -> Shape {
    Shape {
        instances,
        keys,
        calls,
        arrival: Arrival::Steady,
    }
}

const fn bursts(instances: u32) -> Shape {
    Shape {
        instances,
        keys: 1,
        calls: BURST_CALLS,
        arrival: Arrival::Bursts,
    }
}

/// The rows of the page. One call at a time, as Lambda's instances serve them, and 5 ms for each
/// are 5 instances at 1,000 calls a second: the others are those among which Lambda may choose.
pub(super) const SHAPES: [Shape; 12] = [
    steady(1, 1, 1),
    steady(1, 1, 10),
    steady(10, 1, 10),
    steady(1, 1, 100),
    steady(10, 1, 100),
    steady(10, 1, 1_000),
    steady(100, 1, 1_000),
    steady(10, 1_000, 1_000),
    steady(10, 10_000, 100),
    steady(100, 10_000, 1_000),
    bursts(1),
    bursts(10),
];

impl Shape {
    /// Runs of the simulation that stand for it.
    fn scenarios(&self, limits: Limits) -> Result<Vec<Scenario>, Invalid> {
        let usual = match self.keys {
            1 => Scenario::steady(self.instances, self.calls)?,
            keys => Scenario::many_keys(self.instances, keys, self.calls)?,
        };
        let quota = Some(Quota::new(QUOTA, Period::Month)?);
        let for_calls = CALLS * SECOND / i64::from(self.calls.max(1));
        let mut scenario = Scenario {
            warm_up: WARM_UP,
            measured: for_calls.max(SHORTEST),
            ..usual
        };
        match limits {
            Limits::None => scenario.throttle = None,
            Limits::Throttle => {}
            Limits::Quota => (scenario.throttle, scenario.quota) = (None, quota),
            Limits::Exact => (scenario.quota, scenario.lease_max) = (quota, 1),
        }
        if self.arrival == Arrival::Steady {
            return Ok(vec![scenario]);
        }
        let burst = |seed| Scenario {
            warm_up: 0,
            measured: SECOND,
            seed,
            ..scenario.clone()
        };
        Ok((1..=BURSTS).map(burst).collect())
    }

    /// Writes for a million calls; `None` where there are more than one item takes, so that calls
    /// are refused for want of capacity.
    ///
    /// # Errors
    /// [`Invalid`] for traffic that no plan may have.
    pub(super) fn writes(&self, limits: Limits) -> Result<Option<u64>, Invalid> {
        let runs = self.scenarios(limits)?;
        let measures: Vec<Measures> = runs.iter().map(simulate).collect();
        let sum = |of: fn(&Measures) -> u64| measures.iter().map(of).sum::<u64>();
        let calls = sum(|run| run.outcomes.calls).max(1);
        let unavailable = sum(|run| run.outcomes.unavailable);
        let writes = sum(|run| run.writes) * 1_000_000;
        Ok((unavailable * 1_000 <= calls).then_some((writes + calls / 2) / calls))
    }

    /// How often something is asked for that is kept for `seconds`, for each key, in each of
    /// `places`: for a million calls. After one call that asks come those of that time that do
    /// not, and then one that asks again.
    pub(super) fn asked_again(&self, seconds: u32, places: u32) -> u64 {
        let ranks = 1..=self.keys.max(1);
        let all: f64 = ranks.clone().map(|rank| 1.0 / f64::from(rank)).sum();
        let asked: f64 = ranks
            .map(|rank| {
                let share = 1.0 / f64::from(rank) / all;
                share / (1.0 + self.kept(share, seconds, places))
            })
            .sum();
        (asked * 1e6).round() as u64
    }

    /// Calls, beside the first, that come in one place while something is kept that `share` of
    /// the calls ask for.
    fn kept(&self, share: f64, seconds: u32, places: u32) -> f64 {
        let lasts = match self.arrival {
            Arrival::Steady => seconds,
            Arrival::Bursts => seconds.min(1),
        };
        share * f64::from(self.calls) * f64::from(lasts) / f64::from(places.max(1))
    }

    /// The same of what all calls ask for: a plan.
    pub(super) fn asked_again_by_all(&self, seconds: u32, places: u32) -> u64 {
        (1e6 / (1.0 + self.kept(1.0, seconds, places))).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_no_time_is_asked_for_with_each_call() {
        for shape in SHAPES {
            assert_eq!(shape.asked_again(0, 1), 1_000_000, "{shape:?}");
            assert_eq!(shape.asked_again_by_all(0, 1), 1_000_000, "{shape:?}");
        }
    }

    #[test]
    fn what_is_kept_is_asked_for_once_in_the_calls_of_its_time_and_one() {
        // Ten calls a second for 10 s, and the one that asks.
        assert_eq!(steady(1, 1, 10).asked_again(10, 1), 9_901);
        // Each of ten instances has one of them a second.
        assert_eq!(steady(10, 1, 10).asked_again(10, 10), 90_909);
        // A burst is over before it is forgotten.
        assert_eq!(bursts(1).asked_again(10, 1), 9_901);
    }

    #[test]
    fn keys_that_are_called_seldom_are_asked_for_more_often_than_their_plan() {
        let shape = steady(10, 10_000, 100);
        assert!(shape.asked_again(10, 10) > 10 * shape.asked_again_by_all(10, 10));
    }

    #[test]
    fn without_leases_a_call_is_a_write_at_least_and_with_them_a_busy_key_needs_few() {
        let busy = steady(1, 1, 100);
        let exact = busy.writes(Limits::Exact).unwrap().unwrap();
        assert!((1_000_000..1_100_000).contains(&exact), "{exact}");
        for limits in [Limits::None, Limits::Throttle, Limits::Quota] {
            let leased = busy.writes(limits).unwrap().unwrap();
            assert!((5_000..20_000).contains(&leased), "{limits:?}: {leased}");
        }
    }

    #[test]
    fn more_writes_than_an_item_takes_are_no_price() {
        assert_eq!(steady(100, 1, 2_000).writes(Limits::Exact), Ok(None));
    }
}
