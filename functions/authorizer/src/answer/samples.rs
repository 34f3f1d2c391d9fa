//! Keys, plans and events that tests of answers start from.

use latchkey_domain::{
    Key, KeyValue, NativeKeyValue, Period, Plan, PlanStage, Quota, Reading, StageSelector,
};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use crate::{event::Kind, sources::SentValue, usage_identifier::UsageIdentifier};

const START: Reading = Reading { wall: 0, steady: 0 };

pub(crate) fn key() -> Key {
    let value = KeyValue::custom("a-custom-value-of-a-test").unwrap();
    Key {
        name: "Ann's \"first\" key".parse().ok(),
        customer_id: "acme".parse().ok(),
        ..Key::new(&value, START.timestamp())
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        quota: Quota::new(1000, Period::Day).ok(),
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*").unwrap(),
            methods: vec![],
        }],
        ..Plan::new(
            "gold".parse().unwrap(),
            "Gold".parse().unwrap(),
            START.timestamp(),
        )
    }
}

/// What API Gateway counts by where a client has sent `text`, on a plan that it counts.
pub(crate) fn counted_by(text: &str) -> UsageIdentifier {
    let key = Key {
        native_value: NativeKeyValue::Header,
        ..key()
    };
    UsageIdentifier::of(&key, None, &SentValue::new(text)).unwrap()
}

const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod";

pub(crate) fn rest_event(method_and_path: &str) -> Box<RawValue> {
    let arn = format!("{STAGE}/{method_and_path}");
    to_raw_value(&json!({"type": "REQUEST", "methodArn": arn})).unwrap()
}

pub(crate) fn connect_event() -> Box<RawValue> {
    rest_event("$connect")
}

pub(crate) fn event(kind: Kind) -> Box<RawValue> {
    let arn = format!("{STAGE}/GET/orders/7");
    let event = match kind {
        Kind::RestToken => json!({"type": "TOKEN", "methodArn": arn}),
        Kind::RestRequest => return rest_event("GET/orders/7"),
        Kind::HttpV1 => json!({"version": "1.0", "type": "REQUEST", "methodArn": arn}),
        Kind::HttpV2 => json!({"version": "2.0", "type": "REQUEST", "routeArn": arn}),
        Kind::WebSocket => return connect_event(),
    };
    to_raw_value(&event).unwrap()
}
