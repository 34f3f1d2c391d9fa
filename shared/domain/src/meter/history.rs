//! Days that leave a meter for its owner's history, and what of them a report takes back.
//!
//! A meter keeps its newest [`DAYS_KEPT`] days, so that it stays small; older ones are folded
//! into one item a month. A fold has a number, and takes three writes that anybody may repeat:
//! the meter sets its days aside, the history gets them under the fold's number, and the meter
//! drops them. One fold of a meter is under way at a time, and no number is given twice. So
//! whoever has read the meter knows which folds of the history it stands for: those up to its
//! last number. Later ones are still among its days, and the one under way is set aside in it.
//!
//! The newest days only ever move up, so whatever was folded is older than all of those: a
//! meter with fewer days has no history, and most reports read none. A clock that is far off
//! may charge a folded day anew; such a day is folded anew, and its folds add up.

use std::{collections::BTreeMap, ops::Range};

use super::Meter;
use crate::{
    Month, Period, Quota,
    time::{DAY, Day, HOUR},
};

/// Days that stay in a meter.
pub const DAYS_KEPT: usize = 31;

/// Days of one month that move from a meter to the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Its number among the meter's folds, from 1 on.
    pub number: u64,
    /// The month of its days.
    pub month: Month,
    /// Units of each day, as they were seen in the meter.
    pub days: BTreeMap<Day, i64>,
}

/// Units of a day that a fold took to the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folded {
    /// The day.
    pub day: Day,
    /// The fold's number.
    pub number: u64,
    /// What it took of the day.
    pub units: i64,
}

impl Meter {
    /// Whether it has days to fold, or a fold that was left.
    pub fn asks_to_fold(&self) -> bool {
        self.days.len() > DAYS_KEPT || !self.folding.is_empty()
    }

    /// The fold that the meter asks for: the one under way, if it was left, else that of the
    /// oldest month with days beyond those that are kept.
    pub fn fold(&self) -> Option<Fold> {
        if let Some(first) = self.folding.keys().next() {
            return Some(Fold {
                number: self.folds,
                month: Month::of(*first),
                days: self.folding.clone(),
            });
        }
        let beyond = self.days.len().saturating_sub(DAYS_KEPT);
        let old = || self.days.iter().take(beyond);
        let month = Month::of(*old().next()?.0);
        let days = old().take_while(|(day, _)| **day < month.end());
        Some(Fold {
            number: self.folds.saturating_add(1),
            month,
            days: days.map(|(day, units)| (*day, *units)).collect(),
        })
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

    /// Takes back for a report what the history has, as it was when the meter was read or later.
    pub fn add_history(&mut self, folded: impl IntoIterator<Item = Folded>) {
        let mut add = |day: Day, units: i64| {
            let sum = self.days.entry(day).or_default();
            *sum = sum.saturating_add(units);
        };
        let under_way = std::mem::take(&mut self.folding);
        let done = self.folds.saturating_sub(u64::from(!under_way.is_empty()));
        for fold in folded.into_iter().filter(|fold| fold.number <= done) {
            add(fold.day, fold.units);
        }
        for (day, units) in under_way {
            add(day, units);
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
    fn thirty_one_days_stay_and_older_ones_are_folded_month_by_month() {
        assert_eq!(meter(TODAY - 30..=TODAY).fold(), None);
        let mut meter = meter(TODAY - 60..=TODAY);
        let mut told = Vec::new();
        while let Some(fold) = meter.fold() {
            assert!(meter.asks_to_fold());
            told.push((fold.number, fold.month.to_string(), fold.days.len()));
            meter.folds = fold.number;
            meter.days.retain(|day, _| !fold.days.contains_key(day));
        }
        assert_eq!(told, [(1, "2026-09".into(), 5), (2, "2026-10".into(), 25)]);
        assert!(!meter.asks_to_fold());
        assert_eq!(meter.first_kept(), Some(TODAY - 30));
    }

    #[test]
    fn a_fold_that_was_left_is_ended_before_another_begins() {
        let meter = Meter {
            folds: 7,
            folding: BTreeMap::from([(TODAY - 40, 3)]),
            ..meter(TODAY - 39..=TODAY)
        };
        let fold = meter.fold().unwrap();
        assert_eq!((fold.number, fold.month.to_string()), (7, "2026-10".into()));
        assert_eq!(fold.days, meter.folding);
    }

    #[test]
    fn days_without_calls_do_not_count_so_a_key_that_is_seldom_used_folds_seldom() {
        let seldom = meter((0..31).map(|week| TODAY - 7 * week));
        assert_eq!(seldom.fold(), None);
        assert_eq!(seldom.first_kept(), Some(TODAY - 210));
    }

    #[test]
    fn the_last_day_of_use_always_stays() {
        for days in [1, 31, 32, 500] {
            let meter = meter(TODAY - days + 1..=TODAY);
            let fold = meter.fold();
            let last = fold.and_then(|fold| fold.days.into_keys().next_back());
            assert!(last.is_none_or(|last| last < TODAY));
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

    /// What happens to a meter and its history, in whatever order.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Charge(Day, i64),
        /// Whoever folds gets this far: sets aside, keeps, drops.
        Fold(u8),
        /// A report reads the meter; its history is read when the next one does.
        Report,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            6 => (TODAY - 120..=TODAY, 1_i64..50).prop_map(|(day, units)| Event::Charge(day, units)),
            2 => (1_u8..=3).prop_map(Event::Fold),
            1 => Just(Event::Report),
        ]
    }

    #[derive(Default)]
    struct Table {
        meter: Meter,
        history: BTreeMap<(Day, u64), i64>,
    }

    impl Table {
        fn fold(&mut self, steps: u8) {
            let Some(fold) = self.meter.fold() else {
                return;
            };
            self.meter.days.retain(|day, units| {
                self.meter.folds == fold.number || fold.days.get(day) != Some(units)
            });
            self.meter.folds = fold.number;
            self.meter.folding = fold.days.clone();
            if steps > 1 {
                let kept = fold.days.into_iter();
                self.history
                    .extend(kept.map(|(day, units)| ((day, fold.number), units)));
            }
            if steps > 2 {
                self.meter.folding.clear();
            }
        }

        fn folded(&self, days: Option<Range<Day>>) -> Vec<Folded> {
            let all = self.history.iter().map(|((day, number), units)| Folded {
                day: *day,
                number: *number,
                units: *units,
            });
            let wanted = |fold: &Folded| days.as_ref().is_some_and(|days| days.contains(&fold.day));
            all.filter(wanted).collect()
        }
    }

    proptest! {
        #[test]
        fn a_report_tells_what_was_charged_when_its_meter_was_read_whoever_folds_then(
            events in prop::collection::vec(event(), 0..400),
            first in TODAY - 120..=TODAY,
            period in prop::sample::select(Period::ALL.to_vec()),
        ) {
            let quota = quota(period);
            let told = |meter: &Meter| meter.usage(Some(&quota), first, TODAY, (TODAY * 24 + 12) * HOUR);
            let (mut whole, mut table) = (Meter::default(), Table::default());
            let mut read: Option<(Meter, Meter)> = None;
            for event in events.into_iter().chain([Event::Report, Event::Report]) {
                match event {
                    Event::Charge(day, units) => {
                        for meter in [&mut whole, &mut table.meter] {
                            *meter.days.entry(day).or_default() += units;
                        }
                    }
                    Event::Fold(steps) => table.fold(steps),
                    Event::Report => {
                        if let Some((mut meter, whole)) = read.take() {
                            let needed = meter.days_in_history(Some(&quota), first);
                            if needed.is_some() {
                                meter.add_history(table.folded(needed));
                            }
                            prop_assert_eq!(told(&meter), told(&whole));
                        }
                        read = Some((table.meter.clone(), whole.clone()));
                    }
                }
            }
        }
    }
}
