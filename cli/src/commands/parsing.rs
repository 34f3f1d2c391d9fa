//! Values of flags that are more than a word.

use serde_json::{Map, Number, Value, json};

/// A number as it is written, such as `0.5`.
///
/// # Errors
/// What is expected instead.
pub(super) fn number(text: &str) -> Result<Number, String> {
    let number = serde_json::from_str(text);
    number.map_err(|_| "a number is expected, such as 10 or 0.5".to_owned())
}

/// `1000/DAY`, or `1000` alone where the period stays: a quota's fields.
///
/// # Errors
/// What is expected instead.
pub(super) fn quota(text: &str) -> Result<Map<String, Value>, String> {
    let (limit, period) = match text.split_once('/') {
        Some((limit, period)) => (limit, Some(period.to_uppercase())),
        None => (text, None),
    };
    let limit = limit.parse::<u64>().map_err(|_| {
        "LIMIT/PERIOD is expected, such as 1000/DAY; periods are HOUR, DAY, WEEK, MONTH and LIFETIME".to_owned()
    })?;
    let mut quota = Map::new();
    quota.insert("limit".to_owned(), limit.into());
    quota.extend(period.map(|period| ("period".to_owned(), period.into())));
    Ok(quota)
}

/// A stage of an API: `API:STAGE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StageName {
    pub(super) api_id: String,
    pub(super) stage: String,
}

/// # Errors
/// What is expected instead.
pub(super) fn stage(text: &str) -> Result<StageName, String> {
    match text.split_once(':') {
        Some((api_id, stage)) if !api_id.is_empty() && !stage.is_empty() => Ok(StageName {
            api_id: api_id.to_owned(),
            stage: stage.to_owned(),
        }),
        _ => {
            Err("API:STAGE is expected, such as a1b2c3d4e5:prod, or *:* for every call".to_owned())
        }
    }
}

/// What is said of a method: `API:STAGE/path/METHOD=…`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OfMethod {
    pub(super) stage: StageName,
    /// `/path/METHOD`.
    pub(super) method: String,
    pub(super) says: Value,
}

/// A throttle of one method: `API:STAGE/path/METHOD=RATE`, or `=RATE:BURST`.
///
/// # Errors
/// What is expected instead.
pub(super) fn method_throttle(text: &str) -> Result<OfMethod, String> {
    let expected =
        "API:STAGE/path/METHOD=RATE:BURST is expected, such as a1b2c3d4e5:prod/orders/GET=1:10";
    of_method(text, |says| {
        let (rate, burst) = match says.split_once(':') {
            Some((rate, burst)) => (rate, Some(burst.parse::<u64>().ok()?)),
            None => (says, None),
        };
        let mut throttle = json!({"rateLimit": number(rate).ok()?});
        if let Some(burst) = burst {
            throttle["burstLimit"] = burst.into();
        }
        Some(throttle)
    })
    .ok_or_else(|| expected.to_owned())
}

/// What a call of one method costs: `API:STAGE/path/METHOD=UNITS`.
///
/// # Errors
/// What is expected instead.
pub(super) fn method_units(text: &str) -> Result<OfMethod, String> {
    let expected = "API:STAGE/path/METHOD=UNITS is expected, such as a1b2c3d4e5:prod/reports/GET=5";
    of_method(text, |says| says.parse::<u64>().ok().map(Value::from))
        .ok_or_else(|| expected.to_owned())
}

fn of_method(text: &str, read: impl FnOnce(&str) -> Option<Value>) -> Option<OfMethod> {
    let (place, says) = text.rsplit_once('=')?;
    let at = place.find('/')?;
    Some(OfMethod {
        stage: stage(place.get(..at)?).ok()?,
        method: place.get(at..)?.to_owned(),
        says: read(says)?,
    })
}

/// `NAME=TEXT`; the text may be empty, and may have further `=`.
///
/// # Errors
/// What is expected instead.
pub(super) fn metadata(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, text)) if !name.is_empty() => Ok((name.to_owned(), text.to_owned())),
        _ => Err("NAME=TEXT is expected, such as tier=gold".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_limit_and_a_period() {
        let read = |text| Value::Object(quota(text).unwrap());
        assert_eq!(read("1000/day"), json!({"limit": 1000, "period": "DAY"}));
        assert_eq!(read("5"), json!({"limit": 5}));
        assert!(quota("DAY").unwrap_err().contains("1000/DAY"));
    }

    #[test]
    fn a_method_is_named_behind_its_stage() {
        let throttle = method_throttle("a1:$default/reports/{name}/GET=0.5:10").unwrap();
        assert_eq!(throttle.stage, stage("a1:$default").unwrap());
        assert_eq!(throttle.method, "/reports/{name}/GET");
        assert_eq!(throttle.says, json!({"rateLimit": 0.5, "burstLimit": 10}));
        let units = method_units("a1:dev//GET=5").unwrap();
        assert_eq!((units.method.as_str(), units.says), ("//GET", json!(5)));
        for wrong in ["a1:dev=1", "a1/x/GET=1", "a1:dev/x/GET", "a1:dev/x/GET=x"] {
            assert!(method_units(wrong).is_err(), "{wrong}");
            assert!(method_throttle(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stage_and_an_entry_have_two_parts() {
        assert!(stage("a1").is_err() && stage(":x").is_err() && stage("x:").is_err());
        assert_eq!(metadata("a=b=c").unwrap(), ("a".into(), "b=c".into()));
        assert!(metadata("=x").is_err());
    }
}
