//! Where key values are found: the same in every kind of event.

use latchkey_authorizer::{event, sources::KeySources};
use latchkey_domain::{PresentedKey, Reason};
use serde_json::{Value, json, value::to_raw_value};

use crate::text;

const ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod";

/// A first byte that says where, and a text that is sent there, twice where it has a line end.
/// It is read alike in each kind of event and each spelling of a name; what is found was sent;
/// and of two generated values none passes.
pub fn sources(data: &[u8]) {
    let Some((place, text)) = text(data).and_then(|text| text.split_at_checked(1)) else {
        return;
    };
    let texts: Vec<&str> = text.split('\n').take(3).collect();
    let (source, header) = match place {
        "b" => ("bearer", "authorization"),
        "B" => ("basic", "authorization"),
        "a" => ("bearer,basic", "authorization"),
        "p" => ("websocket-protocol:key.", "sec-websocket-protocol"),
        "q" => return in_query(text),
        _ => ("header:x-api-key", "x-api-key"),
    };
    let events = events(header, &texts);
    let found: Vec<_> = events
        .iter()
        .map(|event| presented(event, source))
        .collect();
    for (event, other) in events.iter().zip(&found) {
        assert_eq!(Some(other), found.first(), "{source}: {event}");
    }
    if let Some(Ok(value)) = found.first() {
        hold_found(source, &texts, value);
    }
}

/// Each kind of event with a header, in other letters and other members.
fn events(header: &str, texts: &[&str]) -> Vec<Value> {
    let upper = header.to_ascii_uppercase();
    let last = texts.last();
    let rest = format!("{ARN}/GET/orders");
    vec![
        json!({"type": "REQUEST", "methodArn": rest, "headers": {(header): last}, "multiValueHeaders": {(upper.as_str()): texts}}),
        json!({"type": "REQUEST", "methodArn": rest, "multiValueHeaders": {(header): texts}}),
        json!({"version": "1.0", "methodArn": rest, "multiValueHeaders": {(header): texts}, "headers": null}),
        json!({"type": "REQUEST", "methodArn": format!("{ARN}/$connect"), "multiValueHeaders": {(upper): texts}, "other": 1}),
    ]
}

fn presented(event: &Value, sources: &str) -> Result<String, Reason> {
    let raw = to_raw_value(event).unwrap();
    let incoming = event::read(&raw).unwrap();
    let sources: KeySources = sources.parse().unwrap();
    let sent = sources.presented(&incoming);
    let shown = format!("{incoming:?} {sent:?}");
    let value = sent.map(|sent| sent.expose().to_owned());
    if let Ok(value) = &value {
        assert!(
            value.len() < 20 || !shown.contains(value.as_str()),
            "a debug print shows it"
        );
    }
    value
}

/// What is found stands in what was sent; where it is sent bare, of several values that are
/// well formed in it none is chosen.
fn hold_found(source: &str, texts: &[&str], value: &str) {
    if source.contains("basic") {
        return;
    }
    assert!(texts.iter().any(|text| text.contains(value)), "{value}");
    let parts = texts
        .iter()
        .flat_map(|text| text.split([',', ' ', '\t', '\r']));
    let mut generated: Vec<&str> = parts
        .map(|part| part.strip_prefix("key.").unwrap_or(part))
        .filter(|part| is_generated(part))
        .collect();
    generated.sort_unstable();
    generated.dedup();
    if generated.len() > 1 && source == "header:x-api-key" {
        assert!(!generated.contains(&value), "one of two passes: {texts:?}");
    }
}

fn is_generated(text: &str) -> bool {
    let body = text.rsplit_once('_').map(|(_, body)| body.len());
    body == Some(54) && PresentedKey::parse(text).is_ok()
}

/// A query as it is sent is read as it is told decoded.
fn in_query(text: &str) {
    let mut all = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if name == "key" {
            all.push(value.into_owned());
        }
    }
    let arn = format!("{ARN}/GET/orders");
    let decoded = |kind: Value| {
        let mut event = json!({"methodArn": arn, "queryStringParameters": {"key": all.last()}, "multiValueQueryStringParameters": {"key": all}});
        for (name, value) in kind.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        presented(&event, "query:key")
    };
    let rest = decoded(json!({"type": "REQUEST"}));
    let sent = json!({"version": "2.0", "routeArn": arn, "rawQueryString": text});
    assert_eq!(decoded(json!({"version": "1.0"})), rest, "{text}");
    assert_eq!(
        decoded(json!({"type": "REQUEST", "methodArn": format!("{ARN}/$connect")})),
        rest
    );
    if !text.is_empty() {
        assert_eq!(presented(&sent, "query:key"), rest, "{text}");
    }
    if let Ok(value) = rest {
        assert!(all.iter().any(|own| own.contains(&value)));
    }
}
