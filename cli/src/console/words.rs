//! Numbers, instants, terms and reasons as people read them.

use jiff::Timestamp;

use crate::{
    checks,
    client::{Key, Plan, Quota, Throttle},
};

/// A number, or a reference to one: templates hand over both.
pub(super) trait Number {
    fn number(&self) -> u64;
}

impl Number for u64 {
    fn number(&self) -> u64 {
        *self
    }
}

impl Number for usize {
    fn number(&self) -> u64 {
        *self as u64
    }
}

impl<N: Number> Number for &N {
    fn number(&self) -> u64 {
        N::number(self)
    }
}

/// A number as people read it, such as `1,000,000`.
pub(super) fn thousands(number: impl Number) -> String {
    let digits = number.number().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with decimals, its whole part grouped.
fn decimal(text: &str) -> String {
    let (whole, decimals) = text.split_at(text.find('.').unwrap_or(text.len()));
    let whole = whole
        .parse::<u64>()
        .map_or_else(|_| whole.to_owned(), thousands);
    whole + decimals.strip_suffix(".0").unwrap_or(decimals)
}

/// An instant of the API, to the minute: `2026-11-26 17:25 UTC`; what is none, as it is.
pub(super) fn when(instant: &str) -> String {
    instant.parse::<Timestamp>().map_or_else(
        |_| instant.to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// The day of an instant of the API, in UTC; what is none, as it is.
pub(super) fn day(instant: &str) -> String {
    instant.parse::<Timestamp>().map_or_else(
        |_| instant.to_owned(),
        |at| at.strftime("%Y-%m-%d").to_string(),
    )
}

/// A span as people say it: `6 h 12 min`.
pub(super) fn span(seconds: i64) -> String {
    let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
    let (minutes, rest) = (seconds % 3_600 / 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) if rest == 0 => format!("{minutes} min"),
        (0, 0, _) => format!("{minutes} min {rest} s"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (1, _, _) => format!("1 day {hours} h"),
        _ => format!("{days} days {hours} h"),
    }
}

/// One or many: `1 key`, `2 keys`.
pub(super) fn count(number: impl Number, one: &str, many: &str) -> String {
    let said = if number.number() == 1 { one } else { many };
    format!("{} {said}", thousands(number))
}

/// `1,000 a day`.
pub(super) fn quota(quota: &Quota) -> String {
    let limit = thousands(quota.limit);
    match quota.period.as_str() {
        "HOUR" => format!("{limit} an hour"),
        "LIFETIME" => format!("{limit} in all"),
        period => format!("{limit} a {}", period.to_lowercase()),
    }
}

/// `2.5 a second, bursts of 2,000`.
pub(super) fn throttle(throttle: &Throttle) -> String {
    let rate = decimal(&throttle.rate_limit.to_string());
    let burst = throttle.burst_limit.map(thousands);
    let burst = burst.map_or_else(String::new, |burst| format!(", bursts of {burst}"));
    format!("{rate} a second{burst}")
}

/// What a plan allows.
pub(super) fn terms(plan: &Plan) -> String {
    let parts = [
        plan.quota.as_ref().map(quota),
        plan.throttle.as_ref().map(throttle),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "no limits".to_owned();
    }
    parts.join(" · ")
}

/// How a key's value begins and ends, such as `lk_live_…Wx3f`.
pub(super) fn shown_value(key: &Key) -> String {
    let prefix = key.prefix.as_deref().map(|prefix| format!("{prefix}_"));
    let last = key.last4.as_deref().unwrap_or_default();
    format!("{}…{last}", prefix.unwrap_or_default())
}

/// A key as people know it: its name, else its id.
pub(super) fn key_name(key: &Key) -> String {
    key.name.clone().unwrap_or_else(|| key.id.clone())
}

/// A check by the reason that its failure gives: what it says when it passes, and when not.
pub(super) fn check(name: &str) -> (&str, &str) {
    let known = checks::reason(name);
    known.map_or((name, name), |reason| {
        (checks::passed(reason), checks::failed(reason))
    })
}

/// What to do about a failed check.
pub(super) fn advice(reason: &str) -> &'static str {
    match reason {
        "missing_key" => {
            "Send the key in the header x-api-key, or where the stack's KEY_SOURCES say."
        }
        "malformed_key" => "Copy the whole value, without blanks or quotes around it.",
        "unknown_key" => "It may be deleted, rotated without grace, or another deployment's.",
        "key_disabled" => "Enable it on its page.",
        "key_not_yet_valid" => "Wait, or change when its time begins.",
        "key_expired" => "Give it a later end, or make another key.",
        "ip_not_allowed" => "Call from an address that is allowed, or add this one to the key.",
        "route_not_allowed" => "Add the route to the key, or call one of its own.",
        "no_usage_plan" => "Put the key on a plan that covers the stage, or the stage on its plan.",
        "quota_exceeded" => {
            "Wait for the next period, grant more on the key's page, or raise the plan's limit."
        }
        "throttled" => "Call more slowly, or raise the plan's rate.",
        "unavailable" => "Try again; if it stays, look at the table and at the function's rights.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use latchkey_domain::Reason;

    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let all = [0_u64, 999, 1_000, 123_456, 1_000_000].map(thousands);
        assert_eq!(all, ["0", "999", "1,000", "123,456", "1,000,000"]);
        let all = ["1000", "1234.5", "0.25", "10.0"].map(decimal);
        assert_eq!(all, ["1,000", "1,234.5", "0.25", "10"]);
    }

    #[test]
    fn spans_are_said_in_two_units() {
        let all = [0, 59, 60, 61, 3_600, 86_399, 86_400, 180_000].map(span);
        let said = [
            "0 s",
            "59 s",
            "1 min",
            "1 min 1 s",
            "1 h 0 min",
            "23 h 59 min",
            "1 day 0 h",
            "2 days 2 h",
        ];
        assert_eq!(all, said);
    }

    #[test]
    fn instants_are_shown_to_the_minute_and_others_as_they_are() {
        assert_eq!(
            when("2026-11-26T17:25:59.123456789Z"),
            "2026-11-26 17:25 UTC"
        );
        assert_eq!(when("soon"), "soon");
        assert_eq!(day("2026-11-26T17:25:59.123456789Z"), "2026-11-26");
        assert_eq!(day("soon"), "soon");
    }

    #[test]
    fn each_reason_is_said_in_words() {
        for reason in Reason::ALL {
            let (passed, failed) = check(reason.as_str());
            assert!(passed != reason.as_str() && failed != reason.as_str());
            assert_ne!(passed, failed);
            let none = advice(reason.as_str()).is_empty();
            assert_eq!(none, *reason == Reason::MalformedEvent, "{reason}");
        }
    }
}
