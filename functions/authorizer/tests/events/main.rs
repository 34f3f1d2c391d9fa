//! Whole events of every kind: what is read of them, and that nothing can be made of JSON
//! that the reader would stumble over.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod marks;
mod members;
#[path = "../support/mod.rs"]
mod support;

use latchkey_authorizer::{
    event::{self, Incoming, Kind},
    sources::KeySources,
};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json, value::RawValue, value::to_raw_value};

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.trim().to_owned()).unwrap()
}

/// The key value in an event, or why there is none.
fn presented(incoming: &Incoming<'_>, sources: &KeySources) -> String {
    match sources.presented(incoming) {
        Ok(sent) => sent.expose().to_owned(),
        Err(reason) => reason.to_string(),
    }
}

/// Everything that is read of an event, the key value among it: where keys are looked for
/// unless told otherwise, and everywhere.
fn read(json: &str) -> Value {
    let event = raw(json);
    match event::read(event.get()) {
        Ok(incoming) => {
            let request = &incoming.request;
            let everywhere = support::EVERY_SOURCE.parse().unwrap();
            json!({
                "kind": incoming.kind.as_str(),
                "stageArn": incoming.target.stage_arn(),
                "apiId": request.stage.api_id,
                "stage": request.stage.stage,
                "method": request.method,
                "path": request.path,
                "resource": request.resource,
                "sourceIp": request.source_ip,
                "presented": presented(&incoming, &KeySources::default()),
                "presentedAnywhere": presented(&incoming, &everywhere),
            })
        }
        Err(malformed) => json!({"malformed": malformed.kind.map(Kind::as_str)}),
    }
}

#[test]
fn what_is_read_of_each_event() {
    let events = support::events("").into_iter();
    let read: serde_json::Map<String, Value> =
        events.map(|(name, json)| (name, read(&json))).collect();
    insta::assert_json_snapshot!("all_kinds", read);
}

#[test]
fn what_cannot_be_understood_tells_its_kind_where_it_can() {
    let mut kinds = serde_json::Map::new();
    for (name, json) in support::events("malformed") {
        let read = read(&json);
        assert!(
            read.get("malformed").is_some(),
            "{name} was understood: {read}"
        );
        kinds.insert(name, read["malformed"].clone());
    }
    insta::assert_json_snapshot!("malformed", kinds);
}

#[test]
fn every_kind_has_an_event() {
    for kind in Kind::ALL {
        let events = support::events("");
        let has = |(_, json): &(String, String)| read(json)["kind"] == kind.as_str();
        assert!(events.iter().any(has), "{kind:?}");
    }
}

#[test]
fn no_debug_print_shows_a_key() {
    let values = [support::generated(), support::custom()];
    for (name, json) in support::events("") {
        let event = raw(&json);
        let shown = format!("{:?}", event::read(event.get()).unwrap());
        assert!(
            values.iter().all(|value| !shown.contains(value.expose())),
            "{name}"
        );
    }
}

/// JSON of any shape, with the names and words that events are made of.
fn any_json() -> impl Strategy<Value = Value> {
    let word = select(vec![
        "TOKEN",
        "REQUEST",
        "1.0",
        "2.0",
        "$default",
        "/{proxy+}",
        "/a/{b}",
        "GET /a",
        "192.0.2.1",
        "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/a",
        "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/$connect",
        "Bearer a-custom-value-of-a-test,b",
        "Basic YS1jdXN0b20tdmFsdWUtb2YtYS10ZXN0Og==",
        "key=a-custom-value-of-a-test&key=b",
        "key.a-custom-value-of-a-test,b",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let name = select(vec![
        "type",
        "version",
        "methodArn",
        "routeArn",
        "authorizationToken",
        "resource",
        "routeKey",
        "headers",
        "multiValueHeaders",
        "requestContext",
        "identity",
        "http",
        "sourceIp",
        "resourcePath",
        "x-api-key",
        "authorization",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "rawQueryString",
        "key",
        "sec-websocket-protocol",
        "other",
    ]);
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts `other` in the place of the `at`-th value inside `json`.
fn replace(json: &mut Value, at: &mut usize, other: &Value) {
    if *at == 0 {
        *json = other.clone();
    }
    *at = at.wrapping_sub(1);
    match json {
        Value::Object(members) => members
            .values_mut()
            .for_each(|inner| replace(inner, at, other)),
        Value::Array(items) => items.iter_mut().for_each(|inner| replace(inner, at, other)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_json_makes_the_reader_panic(json in any_json()) {
        read(&json.to_string());
    }

    #[test]
    fn no_event_with_anything_inside_makes_the_reader_panic(
        (_, event) in select(support::events("")), at in 0usize..60, other in any_json(),
    ) {
        let mut event: Value = serde_json::from_str(&event).unwrap();
        replace(&mut event, &mut at.clone(), &other);
        read(&event.to_string());
    }

    /// A field that is not read may hold anything; the query is read where it is a source.
    #[test]
    fn what_is_not_read_does_not_matter((name, event) in select(support::events("")), other in any_json()) {
        let by_default = |event: &str| {
            let mut read = read(event);
            read.as_object_mut().unwrap().remove("presentedAnywhere");
            read
        };
        let expected = by_default(&event);
        let mut event: Value = serde_json::from_str(&event).unwrap();
        for unread in ["path", "rawPath", "httpMethod", "cookies", "queryStringParameters",
                       "multiValueQueryStringParameters", "rawQueryString",
                       "pathParameters", "stageVariables", "identitySource", "somethingNew"] {
            event[unread] = other.clone();
        }
        if event["requestContext"].is_object() {
            for unread in ["stage", "apiId", "path", "httpMethod", "authentication", "time"] {
                event["requestContext"][unread] = other.clone();
            }
        }
        if event["headers"].is_object() {
            event["headers"]["CloudFront-Viewer-City"] = other;
        }
        prop_assert_eq!(by_default(&event.to_string()), expected, "{}", name);
    }

    #[test]
    fn method_path_and_stage_come_from_the_arn(
        kind in select(&Kind::ALL[..4]),
        api_id in "[a-z0-9]{10}",
        stage in "[A-Za-z0-9_-]{1,20}|\\$default",
        method in select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
        path in "\\PC{0,40}",
    ) {
        let arn = format!("arn:aws:execute-api:eu-west-1:123456789012:{api_id}/{stage}/{method}/{path}");
        let mut event = json!({"type": "REQUEST", "methodArn": arn});
        match kind {
            Kind::RestToken => event["type"] = json!("TOKEN"),
            Kind::HttpV1 => event["version"] = json!("1.0"),
            Kind::HttpV2 => event = json!({"version": "2.0", "type": "REQUEST", "routeArn": arn}),
            Kind::RestRequest | Kind::WebSocket => {}
        }
        let event = to_raw_value(&event).unwrap();
        let incoming = event::read(event.get()).unwrap();
        prop_assert_eq!(incoming.kind, kind);
        prop_assert_eq!(incoming.request.stage.api_id, api_id);
        prop_assert_eq!(incoming.request.stage.stage, stage);
        prop_assert_eq!(incoming.request.method, method);
        prop_assert_eq!(incoming.request.path, format!("/{path}"));
    }
}
