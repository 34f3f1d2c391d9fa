//! The clocks of one machine, as functions of true time.
//!
//! A wall clock is within [`SKEW`] of the truth: it drifts, and is stepped back and forth. A
//! steady clock only goes on, but may stand still while the machine is frozen.

use latchkey_domain::{Nanos, Reading};

/// A thousandth of a second.
pub const MILLISECOND: Nanos = 1_000_000;
/// A second.
pub const SECOND: Nanos = 1_000 * MILLISECOND;
/// An hour.
pub const HOUR: Nanos = 3_600 * SECOND;
/// A day.
pub const DAY: Nanos = 24 * HOUR;
/// δ: how far a wall clock may be from the truth.
pub const SKEW: Nanos = 100 * MILLISECOND;

/// The two clocks of a machine.
#[derive(Debug, Clone)]
pub struct MachineClock {
    started: Nanos,
    offset: Nanos,
    set_at: Nanos,
    drift_per_million: i64,
    stood_still: Nanos,
    stands_still: bool,
}

impl MachineClock {
    /// Clocks of a machine that starts at `now`: the wall clock is `offset` from the truth and
    /// drifts, the steady one stands still while frozen if `stands_still`.
    pub fn new(now: Nanos, offset: Nanos, drift_per_million: i64, stands_still: bool) -> Self {
        Self {
            started: now,
            offset,
            set_at: now,
            drift_per_million,
            stood_still: 0,
            stands_still,
        }
    }

    /// What the clocks say at the true time `now`.
    pub fn read(&self, now: Nanos) -> Reading {
        let drifted = (now - self.set_at) / 1_000 * self.drift_per_million / 1_000;
        let offset = (self.offset + drifted).clamp(-SKEW, SKEW);
        Reading {
            wall: now + offset,
            steady: now - self.started - self.stood_still,
        }
    }

    /// Sets the wall clock, as NTP does.
    pub fn set(&mut self, now: Nanos, offset: Nanos, drift_per_million: i64) {
        self.offset = offset;
        self.set_at = now;
        self.drift_per_million = drift_per_million;
    }

    /// The machine was frozen for this long and goes on now.
    pub fn thaw(&mut self, frozen_for: Nanos) {
        if self.stands_still {
            self.stood_still += frozen_for;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_is_never_further_off_than_the_skew() {
        let mut clock = MachineClock::new(0, 60 * MILLISECOND, 500, true);
        assert_eq!(clock.read(0).wall, 60 * MILLISECOND);
        assert_eq!(clock.read(10 * SECOND).wall, 10 * SECOND + 65 * MILLISECOND);
        assert_eq!(clock.read(DAY).wall, DAY + SKEW);
        clock.set(DAY, -SKEW, -500);
        assert_eq!(clock.read(2 * DAY).wall, 2 * DAY - SKEW);
    }

    #[test]
    fn a_steady_clock_may_stand_still_while_frozen() {
        for (stands_still, steady) in [(true, 4 * SECOND), (false, 10 * SECOND)] {
            let mut clock = MachineClock::new(SECOND, 0, 0, stands_still);
            clock.thaw(6 * SECOND);
            assert_eq!(clock.read(11 * SECOND).steady, steady);
        }
    }
}
