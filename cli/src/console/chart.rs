//! Use by day as a picture against the limit, with the same as a table behind it.

use askama::{Template, filters::HtmlSafe};
use jiff::{ToSpan as _, civil::Date};

use super::words::{self, count, thousands};
use crate::client::Quota;

/// Days shown.
pub(super) const DAYS: i32 = 30;
/// The picture's height, and the width of a day, in its own units; a page stretches it.
const HEIGHT: u64 = 1_000;
const DAY_WIDTH: usize = 20;

/// A day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) date: Date,
    pub(super) used: u64,
    /// What was left at its end.
    pub(super) left: Option<u64>,
}

/// A limit as a day feels it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DayLimit {
    units: u64,
    says: String,
}

impl DayLimit {
    /// What `keys` keys may use in a day; none for a quota that is not of days.
    pub(super) fn of(quota: &Quota, keys: u64) -> Option<Self> {
        let all = quota.limit.saturating_mul(keys.max(1));
        let shared = if keys > 1 {
            format!(" for {} together", count(keys, "key", "keys"))
        } else {
            String::new()
        };
        let (units, says) = match quota.period.as_str() {
            "HOUR" => (all.saturating_mul(24), "hourly limits of a day"),
            "DAY" => (all, "limit of a day"),
            "WEEK" => (all / 7, "a seventh of the week's limit"),
            "MONTH" => (all / 30, "a thirtieth of the month's limit"),
            _ => return None,
        };
        let says = format!("{}, {says}{shared}", thousands(units));
        Some(Self { units, says })
    }
}

struct Bar {
    x: usize,
    y: u64,
    height: u64,
    today: bool,
    says: String,
}

/// The picture and its table.
#[derive(Template)]
#[template(path = "console/chart.html")]
pub(super) struct Chart {
    id: String,
    title: String,
    says: String,
    width: usize,
    height: u64,
    bars: Vec<Bar>,
    /// Where the limit's line is, from the top.
    line: Option<u64>,
    /// What is said of the limit.
    limit: Option<String>,
    top: String,
    middle: String,
    first: String,
    last: String,
    /// The latest first.
    days: Vec<Day>,
}

/// Its template escapes what is in it.
impl HtmlSafe for Chart {}

impl Chart {
    /// `days` in their order; `id` is unlike that of the page's other charts.
    pub(super) fn new(id: &str, title: &str, days: Vec<Day>, limit: Option<DayLimit>) -> Self {
        let most = days.iter().map(|day| day.used).max().unwrap_or(0);
        let total: u64 = days.iter().map(|day| day.used).sum();
        // A limit far above the use would make the use a flat line.
        let near = |limit: &&DayLimit| most == 0 || limit.units <= most.saturating_mul(5);
        let drawn = limit.as_ref().filter(near).map(|limit| limit.units);
        let top = nice(most.max(drawn.unwrap_or(0)));
        let scaled = |units: u64| {
            let scaled = u128::from(units) * u128::from(HEIGHT) / u128::from(top.max(1));
            u64::try_from(scaled).unwrap_or(HEIGHT).min(HEIGHT)
        };
        let bar = |(at, day): (usize, &Day)| {
            // What was used is never shown as nothing.
            let height = scaled(day.used).max(if day.used > 0 { 12 } else { 0 });
            Bar {
                x: at * DAY_WIDTH + 2,
                y: HEIGHT - height,
                height,
                today: at + 1 == days.len(),
                says: format!("{}: {}", day.date, count(day.used, "unit", "units")),
            }
        };
        let limit = limit.map(|limit| match drawn {
            Some(_) => limit.says,
            None => format!("{}: above this picture", limit.says),
        });
        let edge = |day: Option<&Day>| day.map_or_else(String::new, |day| day.date.to_string());
        let says = format!(
            "{} in {}, at most {} in one.",
            count(total, "unit", "units"),
            count(days.len() as u64, "day", "days"),
            thousands(most)
        );
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            says,
            width: days.len() * DAY_WIDTH,
            height: HEIGHT,
            bars: days.iter().enumerate().map(bar).collect(),
            line: drawn.map(|units| HEIGHT - scaled(units)),
            limit,
            top: thousands(top),
            middle: if top.is_multiple_of(2) {
                thousands(top / 2)
            } else {
                String::new()
            },
            first: edge(days.first()),
            last: edge(days.last()),
            days: days.into_iter().rev().collect(),
        }
    }
}

/// The first day that is shown of those until `today`.
pub(super) fn first_day(today: Date) -> Date {
    today.saturating_sub((DAYS - 1).days())
}

/// The API's days, the first being `start`.
pub(super) fn days(start: Date, values: &[(i64, Option<u64>)]) -> Vec<Day> {
    let dates = start.series(1.day());
    let day = |(date, (used, left)): (Date, &(i64, Option<u64>))| Day {
        date,
        used: u64::try_from(*used).unwrap_or(0),
        left: *left,
    };
    dates.zip(values).map(day).collect()
}

/// The next of 1, 2, 4, 6, 8 and 10 of each size.
fn nice(most: u64) -> u64 {
    let size = 10_u64.saturating_pow(most.max(1).ilog10());
    let fits = [1, 2, 4, 6, 8, 10].map(|by| size.saturating_mul(by));
    fits.into_iter()
        .find(|top| *top >= most)
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(limit: u64, period: &str) -> Quota {
        Quota {
            limit,
            period: period.to_owned(),
        }
    }

    fn chart(used: &[i64], limit: Option<DayLimit>) -> Chart {
        let start = Date::constant(2026, 11, 25);
        let values: Vec<_> = used.iter().map(|used| (*used, None)).collect();
        Chart::new("c", "Use", days(start, &values), limit)
    }

    #[test]
    fn bars_are_as_high_as_the_use_and_the_limit_is_a_line_over_them() {
        let chart = chart(&[50, 0, 100], DayLimit::of(&quota(200, "DAY"), 1));
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [250, 0, 500]);
        assert_eq!(chart.line, Some(0));
        assert_eq!(chart.limit.as_deref(), Some("200, limit of a day"));
        assert_eq!((chart.top.as_str(), chart.middle.as_str()), ("200", "100"));
        assert_eq!(chart.says, "150 units in 3 days, at most 100 in one.");
        assert_eq!(chart.days[0].date, Date::constant(2026, 11, 27));
    }

    #[test]
    fn a_limit_far_above_is_told_and_not_drawn() {
        let chart = chart(&[3], DayLimit::of(&quota(3_000_000, "MONTH"), 2));
        assert_eq!(chart.line, None);
        let limit = chart.limit.clone().unwrap();
        assert_eq!(
            limit,
            "200,000, a thirtieth of the month's limit for 2 keys together: above this picture"
        );
        assert!(chart.render().unwrap().contains("<title"));
    }

    #[test]
    fn a_lifetime_has_no_days_and_no_use_no_height() {
        assert_eq!(DayLimit::of(&quota(1, "LIFETIME"), 1), None);
        let chart = chart(&[0, -5], None);
        assert!(chart.bars.iter().all(|bar| bar.height == 0));
        assert_eq!([0, 1, 3, 9, 11, 99].map(nice), [1, 1, 4, 10, 20, 100]);
        assert_eq!(nice(u64::MAX), u64::MAX);
    }
}
