//! The days (UTC) that usage is asked for.

use jiff::{Span, Timestamp, civil::Date};
use latchkey_domain::{Day, Nanos, Period};

use crate::{
    faults::{Fault, Faults},
    parameters::Parameters,
};

/// Days that are told, today among them: as long as the meter of a key that was taken off its
/// plan is kept.
const TOLD: Day = 400;
/// Days of all names together that an answer has room for: Lambda passes on 6 MB, and a day
/// in a table takes up to 100 bytes.
const MOST_VALUES: Day = 50_000;
/// The same where names are customers' ids: twice as long, and in quotes.
const MOST_VALUES_OF_CUSTOMERS: Day = 20_000;
const HOURS_OF_A_DAY: i64 = 24;

fn epoch() -> Date {
    jiff::civil::date(1970, 1, 1)
}

/// The date of a day.
pub(crate) fn date_of(day: Day) -> Date {
    let since = Span::new().try_days(day).unwrap_or_default();
    epoch().saturating_add(since)
}

fn day_of(date: Date) -> Day {
    // Dates differ by whole days, and no two of jiff's by more than an i32 of them.
    epoch()
        .until(date)
        .map_or(0, |span| Day::from(span.get_days()))
}

/// The day of a time.
pub(crate) fn today(now: Nanos) -> Day {
    Period::Day.window(now).start / HOURS_OF_A_DAY
}

/// The first instant of a day.
pub(crate) fn midnight(day: Day) -> Timestamp {
    let seconds = day.saturating_mul(HOURS_OF_A_DAY * 3_600);
    Timestamp::from_second(seconds).unwrap_or(if day < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// From the first to the last, both among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) first: Day,
    pub(super) last: Day,
}

impl Days {
    /// Names that a page may have, each with these days: those asked for, or as many as there
    /// is room for.
    pub(super) fn names(self, asked: u16) -> u16 {
        self.room(asked, MOST_VALUES)
    }

    /// Customers that a page may have.
    pub(super) fn customers(self, asked: u16) -> u16 {
        self.room(asked, MOST_VALUES_OF_CUSTOMERS)
    }

    fn room(self, asked: u16, most: Day) -> u16 {
        let room = most / (self.last - self.first + 1).max(1);
        asked.min(u16::try_from(room).unwrap_or(u16::MAX)).max(1)
    }
}

/// `startDate` and `endDate`; today unless given.
#[derive(Debug)]
pub(super) struct DaysAsked {
    start: Option<Day>,
    end: Option<Day>,
}

impl DaysAsked {
    pub(super) fn read(parameters: &mut Parameters) -> Self {
        Self {
            start: parameters.take("startDate", read_day),
            end: parameters.take("endDate", read_day),
        }
    }

    /// # Errors
    /// For days to come, days no longer told, and an end before the start.
    pub(super) fn until(&self, today: Day) -> Result<Days, Faults> {
        let days = Days {
            first: self.start.unwrap_or(today),
            last: self.end.unwrap_or(today),
        };
        let mut faults = Faults::default();
        for (name, day) in [("startDate", days.first), ("endDate", days.last)] {
            let earliest = today + 1 - TOLD;
            if day > today {
                let detail = format!("is yet to come: today is {} (UTC)", date_of(today));
                faults.push(Fault::parameter(name, detail));
            } else if day < earliest {
                let earliest = date_of(earliest);
                let detail = format!("is too long ago: {TOLD} days are told, from {earliest} on");
                faults.push(Fault::parameter(name, detail));
            }
        }
        if days.first > days.last {
            let detail = "must not be later than endDate, which is today unless given";
            faults.push(Fault::parameter("startDate", detail));
        }
        faults.or(days)
    }
}

/// Reads a date such as 2027-01-31.
///
/// # Errors
/// With what is right instead.
pub(crate) fn read_day(text: &str) -> Result<Day, String> {
    let date = text.parse::<Date>().ok();
    // The parser takes other forms of ISO 8601 as well.
    date.filter(|date| date.to_string() == text)
        .map(day_of)
        .ok_or_else(|| "must be a date such as 2027-01-31".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_days_leave_room_for_fewer_names() {
        let names = |days: Day| {
            Days {
                first: 1,
                last: days,
            }
            .names(500)
        };
        assert_eq!([1, 31, 100, 101, 400].map(names), [500, 500, 500, 495, 125]);
    }

    #[test]
    fn days_and_dates_are_the_same_thing() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("2026-11-25", 20_782),
            ("2024-02-29", 19_782),
        ] {
            assert_eq!(read_day(text), Ok(day));
            assert_eq!(date_of(day).to_string(), text);
            assert_eq!(midnight(day).to_string(), format!("{text}T00:00:00Z"));
        }
        assert_eq!(midnight(Day::MAX), Timestamp::MAX);
        assert_eq!(date_of(Day::MAX), epoch(), "no calendar reaches there");
        for text in [
            "",
            "20261125",
            "2026-11-25T00:00",
            "2026-02-30",
            "2026-1-1",
            "today",
        ] {
            assert!(read_day(text).is_err(), "{text}");
        }
    }
}
