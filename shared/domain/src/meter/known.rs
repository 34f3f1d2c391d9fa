//! What an instance keeps of a meter that it was told of.
//!
//! An instance may remember ten thousand meters, so it keeps what it decides by and nothing else, in
//! as little memory as that takes: of the days the latest alone, since the others are
//! history's; nothing of folds and tickets, which are read when they are needed.

use super::{Meter, state::left};
use crate::{
    Period, Quota, Window,
    time::{Day, HOUR, Hour, Nanos},
};

/// Counters of windows that a meter keeps at least: the current and the previous window of four
/// periods, and that of LIFETIME.
const WINDOWS_KEPT: usize = 9;
/// Days of use that are kept: the day that a charge counts on, and those of clocks that are in
/// another.
const DAYS: usize = 3;

/// A meter as it was last told of.
#[derive(Debug, Clone)]
pub struct Known {
    /// As the meter's, the earliest first.
    windows: Box<[(Hour, i64)]>,
    /// The latest of the meter's, the earliest of them first.
    days: Box<[(Day, i64)]>,
    arrivals: Box<[(u16, Nanos)]>,
    pub(super) previous_charged: Option<Day>,
    pub(super) detached: bool,
    /// The version of the plan under which it was last written.
    pub plan_version: u64,
}

impl From<&Meter> for Known {
    fn from(meter: &Meter) -> Self {
        let earlier = meter.days.len().saturating_sub(DAYS);
        let days = meter.days.iter().skip(earlier);
        Self {
            windows: meter
                .windows
                .iter()
                .map(|(at, used)| (*at, *used))
                .collect(),
            days: days.map(|(day, units)| (*day, *units)).collect(),
            arrivals: meter
                .arrivals
                .iter()
                .map(|(at, idle)| (*at, *idle))
                .collect(),
            previous_charged: meter.previous_charged,
            detached: meter.detached,
            plan_version: meter.plan_version,
        }
    }
}

impl Known {
    /// Units left in the window of `quota` that `now` lies in.
    pub(super) fn remaining(&self, quota: &Quota, now: Nanos) -> u64 {
        left(quota.limit(), self.used_in(quota.period().window(now)))
    }

    /// Units left in the window of `quota` that `now` lies in for an instance that has
    /// `pocket` of those charged in its memory; none where more was charged than the limit, which
    /// was higher then: no charge passes, also one of nothing.
    pub(super) fn remaining_with(&self, quota: &Quota, now: Nanos, pocket: u64) -> u64 {
        let used = self.used_in(quota.period().window(now));
        if i128::from(used) > i128::from(quota.limit()) {
            return 0;
        }
        left(quota.limit(), used.saturating_sub_unsigned(pocket))
    }

    fn used_in(&self, window: Window) -> i64 {
        self.in_window(window.start).unwrap_or(0)
    }

    /// Units charged to the window that starts at an hour, where it has a counter.
    pub(super) fn in_window(&self, start: Hour) -> Option<i64> {
        of(&self.windows, start)
    }

    /// Units charged on one of the latest days.
    pub(super) fn on_day(&self, day: Day) -> Option<i64> {
        of(&self.days, day)
    }

    /// The instant at which a bucket would be idle again.
    pub(super) fn arrival(&self, bucket: u16) -> Option<Nanos> {
        of(&self.arrivals, bucket)
    }

    /// All buckets that something was taken from, with their arrivals.
    pub(super) fn arrivals(&self) -> &[(u16, Nanos)] {
        &self.arrivals
    }

    /// Sets a bucket's arrival.
    pub(super) fn set_arrival(&mut self, bucket: u16, arrival: Nanos) {
        let place = self
            .arrivals
            .iter_mut()
            .find(|(number, _)| *number == bucket);
        match place {
            Some((_, known)) => *known = arrival,
            None => {
                let one = (bucket, arrival);
                self.arrivals = self.arrivals.iter().copied().chain([one]).collect();
            }
        }
    }

    /// Counters to be dropped: the oldest of windows that are neither the current nor the
    /// previous one of any period, where a meter has more than [`WINDOWS_KEPT`]. By their number
    /// and not by their age alone: to a clock that is hours or days ahead, windows are long over
    /// that others still charge.
    pub(super) fn stale_windows(&self, now: Nanos) -> Vec<Hour> {
        const PERIODS: [Period; 4] = [Period::Hour, Period::Day, Period::Week, Period::Month];
        let beyond = self.windows.len().saturating_sub(WINDOWS_KEPT);
        if beyond == 0 {
            return Vec::new();
        }
        let live = PERIODS.map(|period| {
            let current = period.window(now).start;
            [current, period.window(current * HOUR - 1).start]
        });
        let this_hour = now.div_euclid(HOUR);
        let stale =
            |hour: &Hour| *hour != 0 && *hour < this_hour && !live.as_flattened().contains(hour);
        let hours = self.windows.iter().map(|(hour, _)| *hour);
        hours.filter(stale).take(beyond).collect()
    }
}

/// A counter by its name.
fn of<N: Copy + PartialEq>(counters: &[(N, i64)], name: N) -> Option<i64> {
    let found = counters.iter().find(|(own, _)| *own == name);
    found.map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-25, a Wednesday.
    const TODAY: Day = 20_782;
    const NOON: Nanos = (TODAY * 24 + 12) * HOUR;

    fn stale_windows(windows: &[(Hour, i64)], now: Nanos) -> Vec<Hour> {
        let meter = Meter {
            windows: windows.iter().copied().collect(),
            ..Meter::default()
        };
        Known::from(&meter).stale_windows(now)
    }

    #[test]
    fn what_an_instance_has_on_lease_is_left_for_it_unless_more_is_charged_than_the_limit() {
        let quota = Quota::new(10, Period::Day).unwrap();
        let window = quota.period().window(NOON).start;
        for (used, left) in [(9, 4), (10, 3), (11, 0), (13, 0)] {
            let meter = Meter {
                windows: [(window, used)].into(),
                ..Meter::default()
            };
            let known = Known::from(&meter);
            assert_eq!(known.remaining_with(&quota, NOON, 3), left, "{used} used");
        }
    }

    #[test]
    fn current_and_previous_windows_are_kept_and_lifetime_always() {
        let starts = |period: Period| {
            let current = period.window(NOON).start;
            [current, period.window(current * HOUR - 1).start]
        };
        let mut windows: Vec<(Hour, i64)> = vec![(0, 1), (TODAY * 24 + 13, 1)];
        for period in [Period::Hour, Period::Day, Period::Week, Period::Month] {
            windows.extend(starts(period).map(|start| (start, 1)));
        }
        let old = [TODAY * 24 + 9, (TODAY - 2) * 24, (TODAY - 17) * 24];
        windows.extend(old.map(|start| (start, 1)));
        let mut expected = old.to_vec();
        expected.sort_unstable();
        assert_eq!(stale_windows(&windows, NOON), expected);
    }

    #[test]
    fn a_clock_that_is_days_ahead_drops_no_counter_that_others_charge() {
        let mut hours: Vec<(Hour, i64)> = (0..8).map(|ago| (TODAY * 24 + 12 - ago, 10)).collect();
        let ahead = NOON + 40 * 24 * HOUR;
        assert_eq!(stale_windows(&hours, ahead), []);
        hours.push((Period::Hour.window(ahead).start, 1));
        assert_eq!(stale_windows(&hours, ahead), []);
        // The tenth takes the place of the oldest, not of one that is charged.
        hours.push((Period::Day.window(ahead).start, 1));
        assert_eq!(stale_windows(&hours, ahead), [TODAY * 24 + 5]);
    }

    #[test]
    fn of_a_month_of_days_the_latest_are_kept_and_of_all_else_everything() {
        let meter = Meter {
            windows: (1..=9).map(|start| (start, start * 10)).collect(),
            days: (TODAY - 30..=TODAY).map(|day| (day, day)).collect(),
            arrivals: (0..25).map(|number| (number, i64::from(number))).collect(),
            previous_charged: Some(TODAY - 7),
            plan_version: 3,
            detached: true,
            ..Meter::default()
        };
        let known = Known::from(&meter);
        assert!((1..=9).all(|start| known.in_window(start) == Some(start * 10)));
        assert!((0..25).all(|number| known.arrival(number) == Some(i64::from(number))));
        let days: Vec<Option<i64>> = (TODAY - 3..=TODAY + 1)
            .map(|day| known.on_day(day))
            .collect();
        let kept = [TODAY - 2, TODAY - 1, TODAY].map(Some);
        assert_eq!(days, [&[None], &kept[..], &[None]].concat());
        assert_eq!(
            (known.previous_charged, known.plan_version),
            (Some(TODAY - 7), 3)
        );
        assert!(known.detached);
    }

    #[test]
    fn an_arrival_is_set_where_it_was_and_where_none_was() {
        let meter = Meter {
            arrivals: [(0, 1), (3, 5)].into(),
            ..Meter::default()
        };
        let mut known = Known::from(&meter);
        known.set_arrival(3, 9);
        known.set_arrival(7, 2);
        let arrivals = [0, 3, 7, 8].map(|bucket| known.arrival(bucket));
        assert_eq!(arrivals, [Some(1), Some(9), Some(2), None]);
        assert_eq!(known.arrivals().len(), 3);
    }
}
