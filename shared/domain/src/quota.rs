//! How much a key may call in a period.

use std::{fmt, str::FromStr};

use crate::{
    Invalid,
    time::{DAY, Day, HOUR, Hour, Nanos, SECOND},
};

/// The span over which a quota counts, each starting at 00:00 UTC (HOUR: on the hour).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// Each hour.
    Hour,
    /// Each day.
    Day,
    /// From Sunday, as in API Gateway.
    Week,
    /// From the first of the month.
    Month,
    /// Once and for all.
    Lifetime,
}

impl Period {
    /// All of them, shortest first.
    pub const ALL: [Self; 5] = [
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Lifetime,
    ];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "HOUR",
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Lifetime => "LIFETIME",
        }
    }

    /// The window that `now` lies in.
    pub fn window(self, now: Nanos) -> Window {
        let day = day_of(now);
        match self {
            Self::Hour => {
                let hour = now.div_euclid(HOUR);
                Window {
                    start: hour,
                    end: Some(hour + 1),
                }
            }
            Self::Day => Window::of_days(day, day + 1),
            Self::Week => {
                let sunday = day - (day + 4).rem_euclid(7);
                Window::of_days(sunday, sunday + 7)
            }
            Self::Month => {
                let date = date_of(day);
                let first = day + 1 - Day::from(date.day());
                Window::of_days(first, first + Day::from(date.days_in_month()))
            }
            Self::Lifetime => Window {
                start: 0,
                end: None,
            },
        }
    }
}

/// The UTC day of a wall-clock time.
pub(crate) fn day_of(now: Nanos) -> Day {
    now.div_euclid(DAY)
}

/// A day that a clock of nanoseconds reaches, in the calendar.
pub(crate) fn date_of(day: Day) -> jiff::civil::Date {
    let midnight = jiff::Timestamp::from_second(day.saturating_mul(DAY / SECOND));
    jiff::tz::Offset::UTC
        .to_datetime(midnight.unwrap_or_default())
        .date()
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Period {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|period| period.as_str() == text)
            .ok_or_else(|| Invalid::new("a period", text, "HOUR, DAY, WEEK, MONTH or LIFETIME"))
    }
}

/// One window of a period. Its start is its name in the meter: hours since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The hour in which it starts; 0 for LIFETIME.
    pub start: Hour,
    /// The hour in which the next one starts; none for LIFETIME.
    pub end: Option<Hour>,
}

impl Window {
    fn of_days(start: Day, end: Day) -> Self {
        Self {
            start: start * 24,
            end: Some(end * 24),
        }
    }

    /// Time from `now` to its end; none where it never ends.
    pub fn remaining(&self, now: Nanos) -> Option<Nanos> {
        self.end.map(|end| (end * HOUR - now).max(0))
    }
}

/// A number of units for each period. 0 lets nothing through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    limit: u64,
    period: Period,
    offset: u32,
}

impl Quota {
    /// Highest limit, well within what JSON's doubles hold exactly.
    pub const MAX_LIMIT: u64 = 1_000_000_000_000_000;

    /// A quota.
    ///
    /// # Errors
    /// [`Invalid`] for a limit above [`Self::MAX_LIMIT`].
    pub fn new(limit: u64, period: Period) -> Result<Self, Invalid> {
        if limit > Self::MAX_LIMIT {
            return Err(Invalid::new(
                "a quota limit",
                &limit.to_string(),
                "a whole number from 0 to 1000000000000000",
            ));
        }
        Ok(Self {
            limit,
            period,
            offset: 0,
        })
    }

    /// The quota with API Gateway's `offset`, which is passed on to a usage plan of API
    /// Gateway's own and means nothing elsewhere. What it does there is contested: units
    /// taken off the first period (docs, "Usage plans"), or the day on which it starts.
    ///
    /// # Errors
    /// [`Invalid`] where it is more than the last day of the period, counted from 0.
    pub fn with_offset(self, offset: u32) -> Result<Self, Invalid> {
        let (most, allowed) = match self.period {
            Period::Week => (6, "0 to 6 for WEEK"),
            Period::Month => (27, "0 to 27 for MONTH"),
            Period::Hour => (0, "0 for HOUR"),
            Period::Day => (0, "0 for DAY"),
            Period::Lifetime => (0, "0 for LIFETIME"),
        };
        if offset > most {
            return Err(Invalid::new("an offset", &offset.to_string(), allowed));
        }
        Ok(Self { offset, ..self })
    }

    /// API Gateway's `offset`; 0 unless given.
    pub fn offset(&self) -> u32 {
        self.offset
    }

    /// Units for each period.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The period.
    pub fn period(&self) -> Period {
        self.period
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Nanos {
        text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as Nanos
    }

    fn window(period: Period, now: &str) -> (String, String) {
        let window = period.window(at(now));
        let hour = |hour: Hour| {
            jiff::Timestamp::from_second(hour * 3600)
                .unwrap()
                .to_string()
        };
        (hour(window.start), hour(window.end.unwrap()))
    }

    #[test]
    fn windows_start_where_api_gateway_s_do() {
        let now = "2026-11-25T20:38:41Z"; // a Wednesday
        let span =
            |from: &str, to: &str| (format!("2026-{from}:00:00Z"), format!("2026-{to}:00:00Z"));
        assert_eq!(window(Period::Hour, now), span("11-25T20", "11-25T21"));
        assert_eq!(window(Period::Day, now), span("11-25T00", "11-26T00"));
        assert_eq!(window(Period::Week, now), span("11-22T00", "11-29T00"));
        assert_eq!(window(Period::Month, now), span("11-01T00", "12-01T00"));
        assert_eq!(
            Period::Lifetime.window(at(now)),
            Window {
                start: 0,
                end: None
            }
        );
    }

    #[test]
    fn the_last_instant_belongs_to_the_old_window_and_the_first_to_the_new() {
        assert_eq!(
            window(Period::Week, "2026-11-28T23:59:59.999999999Z").1,
            "2026-11-29T00:00:00Z"
        );
        assert_eq!(
            window(Period::Week, "2026-11-29T00:00:00Z").0,
            "2026-11-29T00:00:00Z"
        );
        assert_eq!(
            window(Period::Month, "2028-02-29T23:59:59Z").1,
            "2028-03-01T00:00:00Z"
        );
        assert_eq!(
            window(Period::Month, "2026-12-31T23:59:59Z").1,
            "2027-01-01T00:00:00Z"
        );
    }

    #[test]
    fn an_offset_is_a_day_of_its_period() {
        for (period, most) in [(Period::Day, 0), (Period::Week, 6), (Period::Month, 27)] {
            let quota = Quota::new(5, period).unwrap();
            assert_eq!(quota.with_offset(most).unwrap().offset(), most);
            assert!(quota.with_offset(most + 1).is_err(), "{period}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_lies_in_its_window_and_the_next_begins_where_it_ends(now in 0i64..i64::MAX / 2) {
            for period in [Period::Hour, Period::Day, Period::Week, Period::Month] {
                let window = period.window(now);
                let end = window.end.unwrap();
                prop_assert!(window.start * HOUR <= now && now < end * HOUR);
                prop_assert_eq!(period.window(end * HOUR).start, end);
                prop_assert_eq!(period.window(end * HOUR - 1), window);
                prop_assert_eq!(window.remaining(now), Some(end * HOUR - now));
            }
        }
    }
}
