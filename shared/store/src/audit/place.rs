//! Where audit records are read, from the newest on: in one partition, or month by month.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::record::AuditFilter;
use crate::{BadCursor, schema::Index};

/// No release has written a record before.
const FIRST: Date = Date::constant(2026, 1, 1);

/// Where records are read: one partition, or one for each month.
pub(super) struct Place {
    one: Option<(Index, String)>,
    /// The least sort key that is asked for.
    pub(super) lowest: String,
    /// Sort keys are below this one.
    pub(super) below: String,
}

impl Place {
    pub(super) fn of(
        filter: &AuditFilter,
        start: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, BadCursor> {
        let first = start_of(FIRST);
        let from = filter.from.unwrap_or(first).max(first);
        // Clocks differ: a record may be of a little later than now.
        let newest = now
            .checked_add(jiff::SignedDuration::from_hours(24))
            .unwrap_or(now);
        let until = filter.until.unwrap_or(newest).min(newest);
        let below = match start {
            Some(start) if is_sort_key(start) => start.to_owned(),
            Some(_) => return Err(BadCursor),
            None => bound(until),
        };
        Ok(Self {
            one: filter.place(),
            lowest: bound(from),
            below: below.min(bound(until)),
        })
    }

    /// The partition that has what comes next; none where nothing does.
    pub(super) fn next(&self) -> Option<(Option<Index>, String)> {
        if self.below <= self.lowest {
            return None;
        }
        if let Some((index, partition)) = &self.one {
            return Some((Some(*index), partition.clone()));
        }
        let month = month_below(&self.below)?;
        Some((None, format!("AUDIT#{}", month.strftime("%Y-%m"))))
    }

    /// Goes on behind a partition that was read to its end.
    pub(super) fn finish(&mut self) {
        self.below = match (&self.one, month_below(&self.below)) {
            (None, Some(month)) => bound(start_of(month)),
            _ => String::new(),
        };
    }
}

/// The first sort key of an instant, or what is before it.
fn bound(at: Timestamp) -> String {
    format!("{:019}", at.as_nanosecond().max(0))
}

/// A bound, or the sort key of a record.
fn is_sort_key(text: &str) -> bool {
    let nanoseconds = text.split('#').next().unwrap_or_default();
    nanoseconds.len() == 19 && nanoseconds.bytes().all(|b| b.is_ascii_digit()) && text.len() < 200
}

fn start_of(date: Date) -> Timestamp {
    let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
    midnight.unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The first day of the month with the greatest instants below a sort key.
fn month_below(below: &str) -> Option<Date> {
    let (nanoseconds, exact) = match below.split_once('#') {
        Some((nanoseconds, _)) => (nanoseconds, 0),
        None => (below, 1),
    };
    let nanoseconds: i128 = nanoseconds.parse().ok()?;
    let at = Timestamp::from_nanosecond(nanoseconds - exact).ok()?;
    Some(TimeZone::UTC.to_datetime(at).date().first_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_go_back_one_by_one_and_end() {
        let filter = AuditFilter {
            from: Some(at("2026-11-30T23:59:59Z")),
            until: Some(at("2027-01-01T00:00:00Z")),
            ..AuditFilter::default()
        };
        let mut place = Place::of(&filter, None, at("2027-06-01T00:00:00Z")).unwrap();
        let mut months = Vec::new();
        while let Some((None, month)) = place.next() {
            months.push(month);
            place.finish();
        }
        assert_eq!(months, ["AUDIT#2026-12", "AUDIT#2026-11"]);
    }

    #[test]
    fn a_record_of_the_first_instant_of_a_month_is_its_own_month_s() {
        let first = bound(at("2026-12-01T00:00:00Z"));
        let month = |below: &str| month_below(below).unwrap().to_string();
        assert_eq!(month(&first), "2026-11-01");
        assert_eq!(month(&format!("{first}#abc")), "2026-12-01");
    }

    #[test]
    fn a_position_of_another_list_is_refused() {
        let (filter, now) = (AuditFilter::default(), at("2026-12-01T00:00:00Z"));
        for wrong in [
            "",
            "1",
            "AUDIT",
            "x234567890123456789",
            "123456789012345678é",
        ] {
            assert_eq!(
                Place::of(&filter, Some(wrong), now).err(),
                Some(BadCursor),
                "{wrong}"
            );
        }
        let far = Place::of(&filter, Some("9999999999999999999"), now).unwrap();
        assert_eq!(
            far.below,
            bound(at("2026-12-02T00:00:00Z")),
            "no more than is asked for"
        );
    }
}
