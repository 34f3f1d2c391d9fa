//! Time as it is passed around: readings are taken by a `main.rs` (or a test) and handed in.

use std::{fmt, sync::Arc};

/// Nanoseconds. Of the wall clock: since 1970 in UTC (an `i64` reaches to the year 2262).
pub type Nanos = i64;
/// Whole hours since 1970 in UTC.
pub type Hour = i64;
/// Whole days since 1970 in UTC.
pub type Day = i64;

pub(crate) const SECOND: Nanos = 1_000_000_000;
pub(crate) const HOUR: Nanos = 3_600 * SECOND;
pub(crate) const DAY: Nanos = 24 * HOUR;

/// Both clocks of a machine, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock.
    pub wall: Nanos,
    /// A clock that never steps; only differences mean anything.
    pub steady: Nanos,
}

impl Reading {
    /// The wall clock's time as a time stamp.
    pub fn timestamp(&self) -> jiff::Timestamp {
        // Every i64 of nanoseconds lies within jiff's range.
        jiff::Timestamp::from_nanosecond(i128::from(self.wall)).unwrap_or_default()
    }

    /// What has passed since `earlier` by the clock that says more: nothing that must end
    /// in time outlives a suspend or a step of either clock.
    pub fn since(&self, earlier: &Self) -> Nanos {
        (self.wall - earlier.wall).max(self.steady - earlier.steady)
    }
}

/// Asks the machine, or a test, what time it is.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Reading + Send + Sync>);

impl Clock {
    /// A clock that answers with `read`.
    pub fn new(read: impl Fn() -> Reading + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The time now.
    pub fn now(&self) -> Reading {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A time to wait in whole seconds, as `Retry-After` has it: a caller who comes back a moment
/// early is refused again.
pub fn whole_seconds(time: Nanos) -> i64 {
    (time.saturating_add(SECOND - 1) / SECOND).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_says_more_counts() {
        let earlier = Reading {
            wall: 10,
            steady: 10,
        };
        assert_eq!(
            Reading {
                wall: 5,
                steady: 13
            }
            .since(&earlier),
            3,
            "wall stepped back"
        );
        assert_eq!(
            Reading {
                wall: 19,
                steady: 10
            }
            .since(&earlier),
            9,
            "steady stood still"
        );
    }

    #[test]
    fn a_reading_is_a_time_of_its_wall_clock() {
        let noon = Reading {
            wall: 20_782 * DAY + 12 * HOUR + 5,
            steady: 7,
        };
        let timestamp = "2026-11-25T12:00:00.000000005Z".parse().unwrap();
        assert_eq!(noon.timestamp(), timestamp);
        let clock = Clock::new(move || noon);
        assert_eq!((clock.now(), format!("{clock:?}")), (noon, "Clock".into()));
    }

    #[test]
    fn a_client_that_comes_back_when_told_is_not_early() {
        for (time, seconds) in [
            (0, 1),
            (1, 1),
            (SECOND, 1),
            (SECOND + 1, 2),
            (59 * SECOND, 59),
        ] {
            assert_eq!(whole_seconds(time), seconds);
        }
        assert!(whole_seconds(Nanos::MAX) > 0);
    }
}
