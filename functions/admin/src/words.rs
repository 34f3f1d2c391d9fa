//! The domain's words, read from JSON: parsed once, here, and trusted inside.

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, Map as _, Sequence as _, Value, ValueKind,
    ValuePointerRef,
};
use jiff::Timestamp;
use latchkey_domain::{
    CustomerId, Description, Enforcement, Invalid, Name, NativeKeyValue, Period, PlanId, Prefix,
    Rate, Route, StageSelector,
};

use crate::faults::Faults;

/// The text of a string, or the fault that it is none.
pub(crate) fn text<V: IntoValue>(
    value: Value<V>,
    location: ValuePointerRef<'_>,
) -> Result<String, Faults> {
    Deserr::<Faults>::deserialize_from_value(value, location)
}

/// The fault that a value is of the wrong kind.
pub(crate) fn wrong_kind<V: IntoValue>(
    actual: Value<V>,
    accepted: ValueKind,
    location: ValuePointerRef<'_>,
) -> Faults {
    let accepted = &[accepted];
    let error = ErrorKind::IncorrectValueKind { actual, accepted };
    deserr::take_cf_content(Faults::error(None, error, location))
}

/// Refuses a list or an object with more than `most` entries, before any of them is read.
///
/// # Errors
/// What may be had instead: `detail`.
pub(crate) fn at_most<V: IntoValue>(
    most: usize,
    value: Value<V>,
    location: ValuePointerRef<'_>,
    detail: impl FnOnce() -> String,
) -> Result<Value<V>, Faults> {
    let entries = match &value {
        Value::Sequence(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    };
    if entries > most {
        return Err(Faults::at(location, detail()));
    }
    Ok(value)
}

/// The fault that a value breaks its rule.
pub(crate) fn broken_rule(location: ValuePointerRef<'_>, invalid: &Invalid) -> Faults {
    Faults::at(location, invalid.to_sender())
}

macro_rules! read_from_text {
    ($($word:ty),+) => {$(
        impl Deserr<Faults> for $word {
            fn deserialize_from_value<V: IntoValue>(
                value: Value<V>,
                location: ValuePointerRef<'_>,
            ) -> Result<Self, Faults> {
                let word = text(value, location)?.parse();
                word.map_err(|invalid| broken_rule(location, &invalid))
            }
        }
    )+};
}

read_from_text!(
    CustomerId,
    Description,
    Enforcement,
    Name,
    NativeKeyValue,
    Period,
    PlanId,
    Prefix,
    Route
);

impl Deserr<Faults> for Rate {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        let rate = match value {
            Value::Integer(whole) => whole.to_string().parse(),
            Value::NegativeInteger(negative) => negative.to_string().parse(),
            Value::Float(fraction) => Self::try_from(fraction),
            other => return Err(wrong_kind(other, ValueKind::Float, location)),
        };
        rate.map_err(|invalid| broken_rule(location, &invalid))
    }
}

/// The id of an API, or `*`.
#[derive(Debug)]
pub(crate) struct ApiId(pub(crate) String);

/// The name of a stage, or `*`.
#[derive(Debug)]
pub(crate) struct StageName(pub(crate) String);

macro_rules! read_with_rule {
    ($($word:ident: $rule:path),+) => {$(
        impl Deserr<Faults> for $word {
            fn deserialize_from_value<V: IntoValue>(
                value: Value<V>,
                location: ValuePointerRef<'_>,
            ) -> Result<Self, Faults> {
                let text = text(value, location)?;
                $rule(&text).map_err(|invalid| broken_rule(location, &invalid))?;
                Ok(Self(text))
            }
        }
    )+};
}

read_with_rule!(ApiId: StageSelector::check_api_id, StageName: StageSelector::check_stage);

/// An instant (RFC 3339).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl Deserr<Faults> for Instant {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        const ALLOWED: &str = "RFC 3339, such as 2027-01-31T00:00:00Z, from 1970 on";
        let text = text(value, location)?;
        let instant = text.parse().ok();
        instant
            .filter(|instant| *instant >= Timestamp::UNIX_EPOCH)
            .map(Self)
            .ok_or_else(|| broken_rule(location, &Invalid::new("a time", &text, ALLOWED)))
    }
}
