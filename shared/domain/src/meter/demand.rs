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
