//! Where key values are found: the same in every kind of event.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_authorizer::{event, sources::KeySources};
use latchkey_domain::{PresentedKey, Reason};
use serde_json::{Value, json, value::to_raw_value};

use crate::text;

const ARN: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod";

const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

type Found = Result<String, Reason>;

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
    let found = in_headers(header, &texts, source);
    hold_found(source, &texts, &found);
    // HTTP APIs of payload format 2.0 tell repeated headers in one.
    let joined = texts.join(",");
    let found = in_headers(header, &[&joined], source);
    assert_eq!(presented(&lower_case(header, &joined), source), found);
    hold_found(source, &[&joined], &found);
    if let Some(token) = texts.last() {
        in_token(token, source);
    }
}

/// What each kind of event with a header, in other letters and other members, is read as.
fn in_headers(header: &str, texts: &[&str], source: &str) -> Found {
    let upper = header.to_ascii_uppercase();
    let last = texts.last();
    let rest = format!("{ARN}/GET/orders");
    let events = [
        json!({"type": "REQUEST", "methodArn": rest, "headers": {(header): last}, "multiValueHeaders": {(upper.as_str()): texts}}),
        json!({"type": "REQUEST", "methodArn": rest, "multiValueHeaders": {(header): texts}}),
        json!({"version": "1.0", "methodArn": rest, "multiValueHeaders": {(header): texts}, "headers": null}),
        json!({"type": "REQUEST", "methodArn": format!("{ARN}/$connect"), "multiValueHeaders": {(upper): texts}, "other": 1}),
    ];
    let [first, others @ ..] = events.each_ref().map(|event| presented(event, source));
    for (event, other) in events.iter().skip(1).zip(&others) {
        assert_eq!(*other, first, "{source}: {event}");
    }
    first
}

fn lower_case(header: &str, text: &str) -> Value {
    json!({"version": "2.0", "type": "REQUEST", "routeArn": format!("{ARN}/GET/orders"), "headers": {(header): text}})
}

/// A `TOKEN` authorizer's owner has named the header: its text is a bearer token or credentials
/// where it has that scheme, and else the key.
fn in_token(token: &str, source: &str) {
    let (scheme, _) = scheme(token);
    let (like, header) = match scheme.as_str() {
        "bearer" => ("bearer", "authorization"),
        "basic" if source.contains("basic") => ("basic", "authorization"),
        _ => ("header:x-api-key", "x-api-key"),
    };
    let event = json!({"type": "TOKEN", "methodArn": format!("{ARN}/GET/orders"), "authorizationToken": token});
    let found = presented(&event, source);
    assert_eq!(found, in_headers(header, &[token], like), "{token}");
    hold_found(like, &[token], &found);
}

fn presented(event: &Value, sources: &str) -> Found {
    let raw = to_raw_value(event).unwrap();
    let incoming = event::read(raw.get()).unwrap();
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

/// What is found stands in what was sent, and where that holds several generated values it is
/// none of them.
fn hold_found(source: &str, texts: &[&str], found: &Found) {
    let Ok(value) = found else {
        return;
    };
    let sent = sent(source, texts);
    assert!(sent.iter().any(|text| text.contains(value)), "{value}");
    let mut generated: Vec<&str> = sent
        .iter()
        .flat_map(|text| text.split([',', ' ', '\t', '\r', '\n']))
        .filter(|part| is_generated(part))
        .collect();
    generated.sort_unstable();
    generated.dedup();
    let is_one_of_many = generated.len() > 1 && generated.contains(&value.as_str());
    assert!(!is_one_of_many, "one of two passes: {source}: {texts:?}");
}

/// The texts that may be a value where a source looks: of credentials the user names too, of
/// subprotocols what is behind the prefix.
fn sent(source: &str, texts: &[&str]) -> Vec<String> {
    let parts = texts.iter().flat_map(|text| text.split(','));
    if source.starts_with("websocket-protocol") {
        let of_key = parts.filter_map(|part| part.trim_matches(BLANK).strip_prefix("key."));
        return of_key.map(str::to_owned).collect();
    }
    let mut sent: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    if source.contains("basic") {
        sent.extend(parts.filter_map(user_name));
    }
    sent
}

fn user_name(part: &str) -> Option<String> {
    let (scheme, credentials) = scheme(part);
    let pair = BASE64_STANDARD.decode(credentials).ok()?;
    let pair = String::from_utf8_lossy(&pair).into_owned();
    let (name, _) = pair.split_once(':')?;
    (scheme == "basic").then(|| name.to_owned())
}

/// The first word in small letters, and what follows it.
fn scheme(text: &str) -> (String, &str) {
    let text = text.trim_matches(BLANK);
    let (scheme, rest) = text.split_once(BLANK).unwrap_or((text, ""));
    (scheme.to_ascii_lowercase(), rest.trim_matches(BLANK))
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
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    hold_found("query:key", &all, &rest);
}
