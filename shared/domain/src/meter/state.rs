//! A meter as it is read.

use std::collections::BTreeMap;

use crate::{
    Period, Quota, Window,
    quota::day_of,
    time::{Day, HOUR, Hour, Nanos},
};

/// The state of a meter. Counters may be below 0 where more was granted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meter {
    /// Units charged to the quota window that starts at an hour; 0 for LIFETIME.
    pub windows: BTreeMap<Hour, i64>,
    /// Units charged on a UTC day.
    pub days: BTreeMap<Day, i64>,
    /// The number of the last fold of its days into the history; 0 before the first.
    pub folds: u64,
    /// The days of that fold, with their units, while it is under way.
    pub folding: BTreeMap<Day, i64>,
    /// For each bucket, the instant at which it would be idle again.
    pub arrivals: BTreeMap<u16, Nanos>,
    /// The UTC day on which it was last charged for a call with a value that a rotation had
    /// replaced.
    pub previous_charged: Option<Day>,
    /// The version of the plan under which it was last written.
    pub plan_version: u64,
    /// The return ticket: when the meter was made, in ms; one more with each return of a lease.
    pub ticket: i64,
    /// Set while the key is detached: the meter is a tombstone.
    pub detached: bool,
}

impl Meter {
    /// Units left in the window of `quota` that `now` lies in.
    pub fn remaining(&self, quota: &Quota, now: Nanos) -> u64 {
        self.remaining_in(quota, quota.period().window(now))
    }

    /// Units left of `quota` in a window of its period.
    pub fn remaining_in(&self, quota: &Quota, window: Window) -> u64 {
        left(quota.limit(), self.used_in(window))
    }

    /// Units charged in a window; below 0 where more was granted.
    fn used_in(&self, window: Window) -> i64 {
        self.windows.get(&window.start).copied().unwrap_or(0)
    }

    /// Units charged on each day from `first` to `last`, and what was left of `quota` at
    /// the end of it (of the day of `now`: what is left now). Without a quota there is
    /// nothing left to tell. Of HOUR only the current day's current window has a remainder
    /// that means anything; for days gone by it is the whole limit again.
    pub fn usage(
        &self,
        quota: Option<&Quota>,
        first: Day,
        last: Day,
        now: Nanos,
    ) -> Vec<(i64, Option<u64>)> {
        let remaining = |day: Day| {
            let quota = quota?;
            Some(self.remaining_after(quota, day, now))
        };
        (first..=last)
            .map(|day| (self.days.get(&day).copied().unwrap_or(0), remaining(day)))
            .collect()
    }

    fn remaining_after(&self, quota: &Quota, day: Day, now: Nanos) -> u64 {
        let today = day_of(now);
        if day >= today {
            return self.remaining(quota, now);
        }
        let charged =
            |days: std::ops::Range<Day>| self.days.range(days).map(|(_, units)| units).sum::<i64>();
        match quota.period() {
            Period::Hour => quota.limit(),
            // What is used now, less what came later: days before the plan began count too.
            Period::Lifetime => left(
                quota.limit(),
                self.used_in(quota.period().window(now)) - charged(day + 1..today + 1),
            ),
            period => {
                let window = period.window(day * 24 * HOUR);
                let used = match (self.windows.get(&window.start), window.end) {
                    // It knows what was granted, and what was taken over, which days do not.
                    (Some(used), Some(end)) => used - charged(day + 1..end.div_euclid(24)),
                    _ => charged(window.start.div_euclid(24)..day + 1),
                };
                left(quota.limit(), used)
            }
        }
    }
}

/// `max(0, limit - used)`.
pub(super) fn left(limit: u64, used: i64) -> u64 {
    let left = i128::from(limit) - i128::from(used);
    u64::try_from(left.max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-25, a Wednesday.
    const TODAY: Day = 20_782;
    const NOON: Nanos = (TODAY * 24 + 12) * HOUR;

    fn quota(limit: u64, period: Period) -> Quota {
        Quota::new(limit, period).unwrap()
    }

    fn meter(windows: &[(Hour, i64)], days: &[(Day, i64)]) -> Meter {
        Meter {
            windows: windows.iter().copied().collect(),
            days: days.iter().copied().collect(),
            ..Meter::default()
        }
    }

    #[test]
    fn usage_tells_each_day_and_what_was_left_at_its_end() {
        let sunday = TODAY - 3;
        let meter = meter(
            &[(sunday * 24, 30)],
            &[(sunday - 1, 5), (sunday, 10), (TODAY - 1, 8), (TODAY, 12)],
        );
        let week = quota(100, Period::Week);
        let usage = meter.usage(Some(&week), sunday - 1, TODAY, NOON);
        assert_eq!(
            usage,
            [
                (5, Some(95)),
                (10, Some(90)),
                (0, Some(90)),
                (8, Some(82)),
                (12, Some(70))
            ]
        );
        assert_eq!(meter.usage(None, TODAY, TODAY, NOON), [(12, None)]);
    }

    #[test]
    fn a_lifetime_quota_s_remainder_runs_back_from_now() {
        let meter = meter(&[(0, 50)], &[(TODAY - 1, 8), (TODAY, 12)]);
        let usage = meter.usage(Some(&quota(60, Period::Lifetime)), TODAY - 2, TODAY, NOON);
        assert_eq!(usage, [(0, Some(30)), (8, Some(22)), (12, Some(10))]);
    }

    /// Units were granted today, and others taken over from a plan before: only the window's
    /// counter knows of both.
    #[test]
    fn what_is_left_of_a_window_is_told_by_its_counter_where_it_has_one() {
        let sunday = TODAY - 3;
        let days = [(sunday, 6), (TODAY - 1, 8), (TODAY, 12)];
        let left = |windows: &[(Hour, i64)]| {
            let week = quota(100, Period::Week);
            let usage = meter(windows, &days).usage(Some(&week), sunday, TODAY, NOON);
            let left = usage.iter().map(|(_, left)| left.unwrap());
            left.collect::<Vec<_>>()
        };
        assert_eq!(left(&[(sunday * 24, 21)]), [99, 99, 91, 79]);
        assert_eq!(left(&[]), [94, 94, 86, 100], "no counter yet");
    }

    #[test]
    fn more_than_the_limit_may_be_left_after_a_grant_and_never_less_than_nothing() {
        let day = quota(10, Period::Day);
        assert_eq!(meter(&[(TODAY * 24, -5)], &[]).remaining(&day, NOON), 15);
        assert_eq!(meter(&[(TODAY * 24, 25)], &[]).remaining(&day, NOON), 0);
    }
}
