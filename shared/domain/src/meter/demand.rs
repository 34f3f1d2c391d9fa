//! How fast one instance is asked for units, and how fast all of them together take them.

use crate::time::{Nanos, Reading, SECOND};

/// Time over which calls count.
const MEMORY: f64 = 0.7;
/// Time over which what others take is smoothed.
const SMOOTHING: f64 = 1.0;
/// After this long without a refusal for capacity, leases shrink again.
const QUIET: Nanos = 5 * SECOND;
const MOST_BOOST: u32 = 4;

fn seconds(time: Nanos) -> f64 {
    time.max(0) as f64 / SECOND as f64
}

/// Units asked for lately, each the less the longer ago.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    units: f64,
    at: Reading,
}

impl Demand {
    pub(super) fn new(now: Reading) -> Self {
        Self {
            units: 0.0,
            at: now,
        }
    }

    /// Counts a call.
    pub(super) fn count(&mut self, units: u64, now: Reading) {
        let passed = seconds(now.since(&self.at));
        self.units = self.units * (-passed / MEMORY).exp() + units as f64;
        self.at = now;
    }

    /// Units asked for in the last 0.7 s, this call's among them.
    pub(super) fn units(&self) -> f64 {
        self.units
    }

    /// Units a second.
    pub(super) fn rate(&self) -> f64 {
        self.units / MEMORY
    }

    /// How long a lease of `units` lives that is larger than what was asked for lately: three times
    /// as long as it lasts on average, since what is left of it then was taken in vain, and no
    /// longer than `most`.
    pub(super) fn life(&self, units: u64, most: Nanos) -> Nanos {
        let lasts = 3.0 * MEMORY * units as f64 / self.units.max(1.0);
        ((lasts * SECOND as f64) as Nanos).min(most)
    }
}

/// Units a second that other instances charge to the meter, as the answers tell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Others {
    rate: f64,
}

impl Others {
    /// The counter has grown by `units` beside what was charged here, in `time`.
    pub(super) fn saw(&mut self, units: i64, time: Nanos) {
        let passed = seconds(time);
        if passed > 0.0 {
            let now = units.max(0) as f64 / passed;
            let weight = 1.0 - (-passed / SMOOTHING).exp();
            self.rate += weight * (now - self.rate);
        }
    }

    pub(super) fn rate(&self) -> f64 {
        self.rate
    }
}

/// How much larger leases are while the store refuses for capacity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boost {
    factor: u32,
    since: Reading,
}

impl Boost {
    pub(super) fn new(now: Reading) -> Self {
        Self {
            factor: 1,
            since: now,
        }
    }

    pub(super) fn refused(&mut self, now: Reading) {
        self.factor = (self.factor * 2).min(MOST_BOOST);
        self.since = now;
    }

    pub(super) fn factor(&mut self, now: Reading) -> f64 {
        if self.factor > 1 && now.since(&self.since) > QUIET {
            self.factor /= 2;
            self.since = now;
        }
        f64::from(self.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::model::at;

    const START: Nanos = 1_000 * SECOND;

    /// Equal but for what a double rounds.
    fn is(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }

    #[test]
    fn what_was_asked_for_counts_the_less_the_longer_ago() {
        let mut demand = Demand::new(at(START));
        demand.count(10, at(START));
        is(demand.units(), 10.0);
        demand.count(1, at(START + 7 * SECOND / 10));
        is(demand.units(), 1.0 + 10.0 / std::f64::consts::E);
        is(demand.rate(), demand.units() / 0.7);
    }

    #[test]
    fn a_large_lease_lives_three_times_as_long_as_it_lasts_and_no_longer_than_the_most() {
        let most = 4 * SECOND;
        let mut demand = Demand::new(at(START));
        let mut lives = |asked: u64, units: u64, life: Nanos| {
            demand.count(asked, at(START));
            let found = demand.life(units, most);
            assert!((found - life).abs() <= 1, "{units}: {found}, not {life}");
        };
        // Of no demand as of one unit's.
        lives(0, 1, 2_100_000_000);
        lives(10, 10, 2_100_000_000);
        lives(0, 5, 1_050_000_000);
        lives(0, 20, most);
    }

    #[test]
    fn what_others_take_is_smoothed_over_a_second() {
        let remaining = 1.0 / std::f64::consts::E;
        let mut others = Others::default();
        others.saw(100, SECOND);
        is(others.rate(), 100.0 * (1.0 - remaining));
        others.saw(0, SECOND);
        is(others.rate(), 100.0 * (1.0 - remaining) * remaining);
        let before = others.rate();
        others.saw(1_000, 0);
        is(others.rate(), before);
        // Less than what was charged here says that others took nothing.
        others.saw(-5, SECOND);
        is(others.rate(), before * remaining);
        let mut others = Others::default();
        others.saw(50, SECOND / 2);
        is(others.rate(), 100.0 * (1.0 - (-0.5f64).exp()));
    }

    #[test]
    fn leases_grow_with_each_refusal_for_capacity_up_to_four_times_and_shrink_in_the_quiet() {
        let mut boost = Boost::new(at(START));
        is(boost.factor(at(START)), 1.0);
        for factor in [2.0, 4.0, 4.0] {
            boost.refused(at(START));
            is(boost.factor(at(START)), factor);
        }
        for (after, factor) in [
            (5 * SECOND, 4.0),
            (5 * SECOND + 1, 2.0),
            (10 * SECOND + 1, 2.0),
            (10 * SECOND + 2, 1.0),
            (45 * SECOND, 1.0),
        ] {
            is(boost.factor(at(START + after)), factor);
        }
    }
}
