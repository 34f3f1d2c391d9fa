//! What audit records tell of an item: attributes that are named here, and no other, so that
//! what is added to an item is kept to itself until somebody decides otherwise. They are read
//! back in the names and shapes of the admin API.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::subject::Subject;
use crate::{item::Item, schema::PK};

/// Attributes that are told, at whatever depth. None of them says more of a key value than
/// its last four characters.
const TOLD: [&str; 32] = [
    "allowedIps",
    "apiId",
    "apiStages",
    "burstLimit",
    "createdDate",
    "customerId",
    "deleting",
    "description",
    "enabled",
    "enforcement",
    "expiresAt",
    "keyId",
    "last4",
    "lastUpdatedDate",
    "limit",
    METADATA,
    "method",
    METHODS,
    "name",
    "nativeValue",
    "notBefore",
    "offset",
    "period",
    "planId",
    "planIds",
    "prefix",
    PREVIOUS,
    "quota",
    "rateLimit",
    "routes",
    "scope",
    "stage",
];
const THROTTLE: &str = "throttle";
const UNITS: &str = "units";
/// Its entries have names of the owner's own.
const METADATA: &str = "metadata";
/// Of a stage: a list of `method` with `throttle` and `units`.
const METHODS: &str = "methods";
/// Values that rotations have replaced.
const PREVIOUS: &str = "previous";

/// What is told of an item of the table. Words that were put together for a record are told
/// as they are.
pub(super) fn told(item: &Item) -> AttributeValue {
    if item.contains_key(PK) {
        AttributeValue::M(of_item(item))
    } else {
        AttributeValue::M(item.clone())
    }
}

fn of_item(item: &Item) -> Item {
    let told = |name: &str| TOLD.contains(&name) || name == THROTTLE || name == UNITS;
    let fields = item.iter().filter(|(name, _)| told(name));
    let value = |name: &str, value: &AttributeValue| match value {
        whole if name == METADATA => whole.clone(),
        AttributeValue::M(within) => AttributeValue::M(of_item(within)),
        AttributeValue::L(list) => AttributeValue::L(list.iter().map(of_entry).collect()),
        other => other.clone(),
    };
    fields
        .map(|(name, given)| (name.clone(), value(name, given)))
        .collect()
}

fn of_entry(entry: &AttributeValue) -> AttributeValue {
    match entry {
        AttributeValue::M(within) => AttributeValue::M(of_item(within)),
        other => other.clone(),
    }
}

/// A side of a record, as the admin API would show it. Whatever is neither text, number nor
/// flag is left out.
pub(super) fn shown(side: &Item, subject: &Subject<'_>) -> Value {
    let own_id = match (subject.key_id, &subject.plan_id) {
        (Some(_), None) => "keyId",
        (None, Some(_)) => "planId",
        _ => "",
    };
    let Value::Object(mut fields) = object(side) else {
        return Value::Null;
    };
    if let Some(id) = fields.remove(own_id) {
        fields.insert("id".to_owned(), id);
    }
    if let Some(mut previous) = fields.remove(PREVIOUS) {
        let ends = previous.as_array_mut().into_iter().flatten();
        for end in ends.filter_map(|value| value.get_mut("expiresAt")) {
            *end = to_the_millisecond(end.as_str().unwrap_or_default()).into();
        }
        fields.insert("previousValues".to_owned(), previous);
    }
    Value::Object(fields)
}

fn object(item: &Item) -> Value {
    let mut fields = Map::new();
    for (name, value) in item {
        match (name.as_str(), value) {
            ("createdDate" | "lastUpdatedDate", AttributeValue::S(at)) => {
                fields.insert(name.clone(), to_the_millisecond(at).into());
            }
            (METHODS, AttributeValue::L(methods)) => fields.extend(by_method(methods)),
            _ => fields.extend(json(value).map(|value| (name.clone(), value))),
        }
    }
    Value::Object(fields)
}

/// As the admin API shows instants of its own clock.
fn to_the_millisecond(at: &str) -> String {
    let instant = at.parse::<Timestamp>();
    instant.map_or_else(|_| at.to_owned(), |at| format!("{at:.3}"))
}

fn json(value: &AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::S(text) => text.as_str().into(),
        AttributeValue::N(digits) => serde_json::from_str(digits).ok()?,
        AttributeValue::Bool(flag) => (*flag).into(),
        AttributeValue::L(list) => list.iter().filter_map(json).collect(),
        AttributeValue::M(item) => object(item),
        AttributeValue::Ss(set) => {
            let mut sorted = set.clone();
            sorted.sort();
            sorted.into()
        }
        _ => return None,
    })
}

/// `throttle` and `units` of a stage, by `/path/METHOD`.
fn by_method(methods: &[AttributeValue]) -> Vec<(String, Value)> {
    let named = |field: &str| {
        let of = |method: &AttributeValue| {
            let method = method.as_m().ok()?;
            let name = method.get("method")?.as_s().ok()?.clone();
            Some((name, json(method.get(field)?)?))
        };
        let all: Map<String, Value> = methods.iter().filter_map(of).collect();
        (!all.is_empty()).then(|| (field.to_owned(), Value::Object(all)))
    };
    [THROTTLE, UNITS].into_iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::item::{number, text};

    fn map(entries: &[(&str, AttributeValue)]) -> Item {
        let owned = |(name, value): &(&str, AttributeValue)| ((*name).to_owned(), value.clone());
        entries.iter().map(owned).collect()
    }

    fn secret() -> AttributeValue {
        AttributeValue::B(vec![7; 32].into())
    }

    #[test]
    fn what_is_not_named_is_told_at_no_depth() {
        let previous = map(&[
            ("hash", secret()),
            ("last4", text("abcd")),
            ("new", text("x")),
        ]);
        let item = map(&[
            (PK, text("KEY#1")),
            ("hash", secret()),
            ("twin", text("a value")),
            ("addedLater", text("x")),
            ("name", text("n")),
            (METADATA, AttributeValue::M(map(&[("hash", text("mine"))]))),
            (
                PREVIOUS,
                AttributeValue::L(vec![AttributeValue::M(previous)]),
            ),
        ]);
        let AttributeValue::M(told) = told(&item) else {
            unreachable!("it is a map")
        };
        let shown = shown(&told, &Subject::of("key_0123456789abcdef"));
        let expected = json!({
            "name": "n", "metadata": {"hash": "mine"}, "previousValues": [{"last4": "abcd"}],
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_plan_is_shown_as_the_api_has_it() {
        let throttle = AttributeValue::M(map(&[("rateLimit", number("0.5"))]));
        let method = map(&[
            ("method", text("/orders/GET")),
            ("bucket", number(3)),
            (THROTTLE, throttle),
            (UNITS, number(5)),
        ]);
        let bare = map(&[("method", text("/x/GET")), (UNITS, number(2))]);
        let methods = vec![AttributeValue::M(method), AttributeValue::M(bare)];
        let stage = map(&[
            ("apiId", text("a1")),
            ("stage", text("prod")),
            (METHODS, AttributeValue::L(methods)),
        ]);
        let item = map(&[
            (PK, text("PLANS")),
            ("planId", text("gold")),
            ("version", number(9)),
            (
                "apiStages",
                AttributeValue::L(vec![AttributeValue::M(stage)]),
            ),
        ]);
        let AttributeValue::M(told) = told(&item) else {
            unreachable!("it is a map")
        };
        let expected = json!({"id": "gold", "apiStages": [{
            "apiId": "a1", "stage": "prod",
            "throttle": {"/orders/GET": {"rateLimit": 0.5}},
            "units": {"/orders/GET": 5, "/x/GET": 2},
        }]});
        assert_eq!(shown(&told, &Subject::of("plan:gold")), expected);
    }

    #[test]
    fn words_are_told_as_they_are_and_bytes_are_never_shown() {
        let words = map(&[("deploymentId", text("d1")), ("bytes", secret())]);
        let AttributeValue::M(told) = told(&words) else {
            unreachable!("it is a map")
        };
        assert_eq!(
            shown(&told, &Subject::of("api:a1")),
            json!({"deploymentId": "d1"})
        );
    }
}
