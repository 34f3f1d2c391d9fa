//! Calendar months in UTC, which history is kept by.

use std::fmt;

use crate::{
    Period,
    quota::date_of,
    time::{DAY, Day, HOUR, Nanos},
};

/// Days that a clock of nanoseconds reaches; others count to the month of the nearest.
const FIRST: Day = Nanos::MIN / DAY + 31;
const LAST: Day = Nanos::MAX / DAY - 31;

/// A calendar month. Written `2026-11`, so that text sorts by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    first: Day,
    end: Day,
}

impl Month {
    /// The month that a day lies in.
    pub fn of(day: Day) -> Self {
        let window = Period::Month.window(day.clamp(FIRST, LAST) * DAY);
        let day_of = |hour: i64| hour.div_euclid(DAY / HOUR);
        Self {
            first: day_of(window.start),
            // A month has an end; only LIFETIME has none.
            end: window.end.map_or(Day::MAX, day_of),
        }
    }

    /// The first day of the next month.
    pub fn end(self) -> Day {
        self.end
    }

    /// The next month.
    pub fn next(self) -> Self {
        Self::of(self.end)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = date_of(self.first);
        write!(f, "{:04}-{:02}", date.year(), date.month())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_month_is_named_as_the_calendar_has_it() {
        for (day, name, end) in [
            (0, "1970-01", 31),
            (20_782, "2026-11", 20_788),
            (20_788, "2026-12", 20_819),
            (19_782, "2024-02", 19_783),
        ] {
            let month = Month::of(day);
            assert_eq!((month.to_string().as_str(), month.end()), (name, end));
        }
        assert_eq!(Month::of(20_787).next(), Month::of(20_788));
    }

    proptest! {
        #[test]
        fn every_day_has_a_month_and_the_next_begins_where_it_ends(day in -100_000..100_000_i64) {
            let month = Month::of(day);
            prop_assert!(month.first <= day && day < month.end);
            prop_assert_eq!(Month::of(month.first), month);
            prop_assert_eq!(Month::of(month.end - 1), month);
            prop_assert_eq!(month.next().first, month.end);
        }

        #[test]
        fn a_day_that_no_clock_reaches_has_a_month_too(day: Day) {
            prop_assert_eq!(Month::of(day), Month::of(day.clamp(FIRST, LAST)));
        }
    }
}
