//! Days that leave a meter for its owner's history, and what of them a report takes back.
//!
//! A meter keeps its newest [`DAYS_KEPT`] days, so that it stays small; older ones are folded
//! into one item a month. The newest ones only ever move up, so whatever was folded is older
//! than all of those: a meter with fewer days has no history, and most reports read none. A
//! clock that is far off may charge a folded day anew; such a day is folded anew, and what is
//! in both places adds up.

use std::{collections::BTreeMap, ops::Range};

use super::Meter;
use crate::{
    Month, Period, Quota,
    time::{DAY, Day, HOUR},
};

/// Days that stay in a meter.
pub const DAYS_KEPT: usize = 31;

/// Days of one month that are to be moved from a meter to the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Their month.
    pub month: Month,
    /// Units of each, as they were seen in the meter.
    pub days: BTreeMap<Day, i64>,
}

impl Meter {
    /// The oldest days beyond those that are kept, by month, oldest first.
    pub fn days_to_fold(&self) -> Vec<Fold> {
        let beyond = self.days.len().saturating_sub(DAYS_KEPT);
        let mut folds: Vec<Fold> = Vec::new();
        for (day, units) in self.days.iter().take(beyond) {
            let month = Month::of(*day);
            match folds.last_mut().filter(|fold| fold.month == month) {
                Some(fold) => {
                    fold.days.insert(*day, *units);
                }
                None => folds.push(Fold {
                    month,
                    days: BTreeMap::from([(*day, *units)]),
                }),
            }
        }
        folds
    }

    /// The oldest day that is kept: none of it, and of those after it, was ever folded. None
    /// where there are too few for any to have been folded.
    pub fn first_kept(&self) -> Option<Day> {
        self.days.keys().rev().nth(DAYS_KEPT - 1).copied()
    }

    /// The days that [`Meter::usage`] from `first` on needs, and that may have been folded. None
    /// in most cases.
    pub fn days_in_history(&self, quota: Option<&Quota>, first: Day) -> Option<Range<Day>> {
        let kept = self.first_kept()?;
        let needed = self.first_counted(quota, first);
        (needed < kept).then_some(needed..kept)
    }

    /// Where the days begin that add up to what was used by the end of `first`: the window's
    /// counter, which tells the same, may be gone.
    fn first_counted(&self, quota: Option<&Quota>, first: Day) -> Day {
        let period = quota.map(Quota::period);
        let Some(period @ (Period::Week | Period::Month)) = period else {
            return first;
        };
        let start = period.window(first * DAY).start;
        if self.windows.contains_key(&start) {
            return first;
        }
        start.div_euclid(DAY / HOUR)
    }

    /// Takes back days from the history, for a report.
    pub fn add_history(&mut self, days: &BTreeMap<Day, i64>) {
        for (day, units) in days {
            let sum = self.days.entry(*day).or_default();
            *sum = sum.saturating_add(*units);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-25, a Wednesday.
    const TODAY: Day = 20_782;

    fn meter(days: impl IntoIterator<Item = Day>) -> Meter {
        Meter {
            days: days.into_iter().map(|day| (day, day % 7 + 1)).collect(),
            ..Meter::default()
        }
    }

    fn quota(period: Period) -> Quota {
        Quota::new(1_000, period).unwrap()
    }

    #[test]
    fn thirty_one_days_stay_and_older_ones_are_folded_by_month() {
        assert_eq!(meter(TODAY - 30..=TODAY).days_to_fold(), []);
        let folds = meter(TODAY - 60..=TODAY).days_to_fold();
        let told: Vec<(String, usize)> = folds
            .iter()
            .map(|fold| (fold.month.to_string(), fold.days.len()))
            .collect();
        assert_eq!(told, [("2026-09".into(), 5), ("2026-10".into(), 25)]);
        assert_eq!(folds[0].days[&(TODAY - 60)], (TODAY - 60) % 7 + 1);
    }

    #[test]
    fn days_without_calls_do_not_count_so_a_key_that_is_seldom_used_folds_seldom() {
        let seldom = meter((0..31).map(|week| TODAY - 7 * week));
        assert_eq!(seldom.days_to_fold(), []);
        assert_eq!(seldom.first_kept(), Some(TODAY - 210));
    }

    #[test]
    fn the_last_day_of_use_always_stays() {
        for days in [1, 31, 32, 500] {
            let meter = meter(TODAY - days + 1..=TODAY);
            let folded = meter.days_to_fold();
            let last = folded.iter().flat_map(|fold| fold.days.keys()).max();
            assert!(last.is_none_or(|last| *last < TODAY));
        }
    }

    #[test]
    fn history_is_asked_for_days_that_may_be_in_it_and_for_no_others() {
        let full = meter(TODAY - 30..=TODAY);
        assert_eq!(full.days_in_history(None, TODAY - 30), None);
        assert_eq!(
            full.days_in_history(None, TODAY - 31),
            Some(TODAY - 31..TODAY - 30)
        );
        let new = meter(TODAY - 29..=TODAY);
        assert_eq!(new.days_in_history(None, TODAY - 399), None);
    }

    #[test]
    fn a_window_without_its_counter_is_added_up_from_its_first_day() {
        let mut meter = meter(TODAY - 30..=TODAY);
        let october = (TODAY - 55) * 24;
        let month = quota(Period::Month);
        let whole = Some(TODAY - 55..TODAY - 30);
        assert_eq!(meter.days_in_history(Some(&month), TODAY - 30), whole);
        meter.windows.insert(october, 9);
        assert_eq!(meter.days_in_history(Some(&month), TODAY - 30), None);
        for period in [Period::Hour, Period::Day, Period::Lifetime] {
            let quota = quota(period);
            assert_eq!(meter.days_in_history(Some(&quota), TODAY - 30), None);
        }
    }

    /// What was charged, returned late and folded, in whatever order: `usage` of the meter with
    /// its history is that of a meter which never folded.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Charge(Day, i64),
        Fold,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            4 => (TODAY - 120..=TODAY, 1_i64..50).prop_map(|(day, units)| Event::Charge(day, units)),
            1 => Just(Event::Fold),
        ]
    }

    fn fold(meter: &mut Meter, history: &mut BTreeMap<Day, i64>) {
        for (day, units) in meter.days_to_fold().into_iter().flat_map(|fold| fold.days) {
            meter.days.remove(&day);
            *history.entry(day).or_default() += units;
        }
    }

    proptest! {
        #[test]
        fn usage_with_history_is_that_of_a_meter_that_never_folded(
            events in prop::collection::vec(event(), 0..300),
            first in TODAY - 120..=TODAY,
            period in prop::sample::select(Period::ALL.to_vec()),
        ) {
            let (mut whole, mut folded) = (Meter::default(), Meter::default());
            let mut history = BTreeMap::new();
            for event in events {
                match event {
                    Event::Charge(day, units) => {
                        for meter in [&mut whole, &mut folded] {
                            *meter.days.entry(day).or_default() += units;
                        }
                    }
                    Event::Fold => fold(&mut folded, &mut history),
                }
            }
            let quota = quota(period);
            let needed = folded.days_in_history(Some(&quota), first);
            let read = history.into_iter().filter(|(day, _)| needed.as_ref().is_some_and(|days| days.contains(day)));
            folded.add_history(&read.collect());
            let told = |meter: &Meter| meter.usage(Some(&quota), first, TODAY, (TODAY * 24 + 12) * HOUR);
            prop_assert_eq!(told(&folded), told(&whole));
        }
    }
}
