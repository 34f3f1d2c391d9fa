//! What is found in events that carry keys, whole and broken, in every source.

mod defaults;
mod opt_in;
mod round_trip;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_domain::{KeyValue, Prefix, RANDOM_BYTES};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

use super::*;
use crate::event;

const CUSTOM: &str = "a-custom-value-of-a-test";
const OTHER: &str = "another-value-of-the-test";

fn generated(seed: u8) -> String {
    let value = KeyValue::generate(&Prefix::default(), &[seed; RANDOM_BYTES]);
    value.expose().to_owned()
}

fn presented_in(event: &Value, sources: &str) -> Result<String, Reason> {
    let event: Box<RawValue> = to_raw_value(event).unwrap();
    let sources: KeySources = sources.parse().unwrap();
    let sent = sources.presented(&event::read(event.get()).unwrap())?;
    Ok(sent.expose().to_owned())
}

const ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/";
const CONNECT: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/$connect";

fn rest(headers: Value, multi_value_headers: Value) -> Result<String, Reason> {
    let event = json!({
        "type": "REQUEST",
        "methodArn": ARN,
        "headers": headers,
        "multiValueHeaders": multi_value_headers,
    });
    presented_in(&event, "header:x-api-key,bearer")
}

fn http(headers: Value) -> Result<String, Reason> {
    http_from("header:x-api-key,bearer", headers)
}

fn http_from(sources: &str, headers: Value) -> Result<String, Reason> {
    let event = json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": ARN,
        "headers": headers,
    });
    presented_in(&event, sources)
}

fn token(token: Value) -> Result<String, Reason> {
    token_from("header:x-other", token)
}

fn token_from(sources: &str, token: Value) -> Result<String, Reason> {
    let event = json!({
        "type": "TOKEN",
        "methodArn": ARN,
        "authorizationToken": token,
    });
    presented_in(&event, sources)
}

/// A header that was sent with these values, or parameters of a query, in an event of each kind
/// that has any, as API Gateway writes it.
fn events(header: Option<(&str, &[&str])>, query: &str) -> [(&'static str, Value); 4] {
    let parameters = || form_urlencoded::parse(query.as_bytes()).into_owned();
    let mut lists = serde_json::Map::new();
    for (name, value) in parameters() {
        let list = lists.entry(name).or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(value.into());
    }
    let joined = |list: &Value| {
        let texts = list.as_array().unwrap().iter();
        let texts: Vec<&str> = texts.map(|text| text.as_str().unwrap()).collect();
        Value::from(texts.join(","))
    };
    let last: Value = parameters()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    let commas: Value = lists
        .iter()
        .map(|(name, list)| (name.clone(), joined(list)))
        .collect();
    let pairs = |value: fn(&[&str]) -> Value| match header {
        Some((name, values)) => json!({name: value(values)}),
        None => json!({}),
    };
    let (single, joined) = (
        pairs(|values| json!(values.last())),
        pairs(|values| values.join(",").into()),
    );
    let with_lists = |arn: &str| {
        json!({
            "type": "REQUEST", "methodArn": arn,
            "headers": single, "multiValueHeaders": pairs(|values| json!(values)),
            "queryStringParameters": last, "multiValueQueryStringParameters": lists,
        })
    };
    let mut format_1 = with_lists(ARN);
    format_1["version"] = "1.0".into();
    let format_2 = json!({
        "type": "REQUEST", "version": "2.0", "routeArn": ARN, "headers": joined,
        "rawQueryString": query, "queryStringParameters": commas,
    });
    [
        ("REST", with_lists(ARN)),
        ("WebSocket", with_lists(CONNECT)),
        ("1.0", format_1),
        ("2.0", format_2),
    ]
}

/// What is found in each of these events, which must be the same.
fn in_each(sources: &str, events: &[(&str, Value)]) -> Result<String, Reason> {
    let found: Vec<_> = events
        .iter()
        .map(|(_, event)| presented_in(event, sources))
        .collect();
    for (other, (kind, event)) in found.iter().zip(events) {
        assert_eq!(other, &found[0], "{kind}: {event}");
    }
    found[0].clone()
}

fn sent(sources: &str, name: &str, values: &[&str]) -> Result<String, Reason> {
    in_each(sources, &events(Some((name, values)), ""))
}

fn asked(sources: &str, query: &str) -> Result<String, Reason> {
    in_each(sources, &events(None, query))
}

/// Credentials of `Basic`.
fn basic(user_name: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{user_name}:{password}"))
    )
}

fn found(value: &str) -> Result<String, Reason> {
    Ok(value.to_owned())
}

const MISSING: Result<String, Reason> = Err(Reason::MissingKey);
const MALFORMED: Result<String, Reason> = Err(Reason::MalformedKey);
