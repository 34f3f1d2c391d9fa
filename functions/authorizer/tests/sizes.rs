//! Events as large as Lambda takes them: each costs one refusal, and no more memory than a few
//! copies of itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use latchkey_authorizer::{Authorizer, event, settings::Settings};
use latchkey_domain::{Clock, Reading, Reason};
use latchkey_engine::Engine;
use latchkey_store::{Patience, Store, create_table};
use serde_json::{json, value::RawValue};
use tokio::time::timeout;

/// The largest event of a call that is answered (AWS, "Lambda quotas"), in bytes.
const LARGEST: usize = 6 * 1024 * 1024;
/// A hang, and not a busy machine.
const LONG: Duration = Duration::from_secs(30);
const TABLE: &str = "latchkey";
const EVERY_SOURCE: &str = "header:x-api-key,bearer,basic,query:key,websocket-protocol:key.";
const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod";

/// Repeats a text up to the largest size of an event, with room for the rest of it.
fn filled(text: &str) -> String {
    text.repeat((LARGEST - 1_000) / text.len())
}

/// An event of a kind with these members beside those that tell the kind.
fn with(kind: &str, path: &str, members: &str) -> String {
    let head = match kind {
        "token" => r#""type":"TOKEN","methodArn""#,
        "rest" => r#""type":"REQUEST","methodArn""#,
        _ => r#""version":"2.0","routeArn""#,
    };
    format!(r#"{{{head}:"{STAGE}/GET/{path}"{members}}}"#)
}

/// What is large in each, and why the call is refused.
fn events() -> Vec<(&'static str, String, Reason)> {
    let deep = |open: &str, close: &str| {
        let depth = LARGEST / 2 / open.len() - 1_000;
        format!("{}1{}", open.repeat(depth), close.repeat(depth))
    };
    let many: Vec<String> = (0..100_000)
        .map(|at| format!(r#""x-{at}":"{at}""#))
        .collect();
    let many = many.join(",");
    let lists = many.replace(":\"", ":[\"").replace("\",", "\"],");
    let value = filled("x");
    let mut events = Vec::new();
    for kind in ["rest", "2.0"] {
        let event = |path: &str, members: &str| with(kind, path, members);
        let header = |value: &str| format!(r#","headers":{{"x-api-key":"{value}"}}"#);
        events.extend([
            ("a key", event("", &header(&value)), Reason::MalformedKey),
            (
                "a key of commas",
                event("", &header(&filled(","))),
                Reason::MalformedKey,
            ),
            (
                "escapes",
                event("", &header(&filled("\\u0041"))),
                Reason::MalformedKey,
            ),
            (
                "another header",
                event("", &format!(r#","headers":{{"cookie":"{value}"}}"#)),
                Reason::MissingKey,
            ),
            (
                "100,000 headers",
                event("", &format!(r#","headers":{{{many}}}"#)),
                Reason::MissingKey,
            ),
            (
                "a header again and again",
                event(
                    "",
                    &format!(
                        r#","headers":{{{}"x-api-key":"b"}}"#,
                        filled(r#""x-api-key":"a","#)
                    ),
                ),
                Reason::MalformedKey,
            ),
            (
                "a path",
                event(&filled("a/%2e%2e/"), ""),
                Reason::MissingKey,
            ),
            (
                "a query",
                event(
                    "",
                    &format!(
                        r#","rawQueryString":"{0}","queryStringParameters":{{"key":"{0}"}}"#,
                        filled("key=%41&").split_at(LARGEST / 2 - 1_000).0
                    ),
                ),
                Reason::MalformedKey,
            ),
            (
                "a body",
                event("", &format!(r#","body":"{value}""#)),
                Reason::MissingKey,
            ),
            (
                "lists in lists",
                event("", &format!(r#","other":{}"#, deep("[", "]"))),
                Reason::MissingKey,
            ),
            (
                "objects in objects",
                event("", &format!(r#","other":{}"#, deep(r#"{"a":"#, "}"))),
                Reason::MissingKey,
            ),
        ]);
    }
    let lists = format!(r#","multiValueHeaders":{{{lists}]}}"#);
    let context = format!(r#","requestContext":{}"#, deep("[", "]"));
    events.extend([
        (
            "100,000 lists",
            with("rest", "", &lists),
            Reason::MissingKey,
        ),
        (
            "a deep context",
            with("rest", "", &context),
            Reason::MalformedEvent,
        ),
        (
            "a token",
            with(
                "token",
                "",
                &format!(r#","authorizationToken":"Bearer {}""#, filled("a, ")),
            ),
            Reason::MalformedKey,
        ),
        (
            "an ARN without a path",
            json!({"type": "TOKEN", "methodArn": value}).to_string(),
            Reason::MalformedEvent,
        ),
    ]);
    events
}

async fn authorizer() -> Authorizer {
    let client = Engine::in_memory().unwrap().client();
    create_table(&client, TABLE).await.unwrap();
    let settings = Settings::read(|name| match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        "KEY_SOURCES" => Some(EVERY_SOURCE.to_owned()),
        _ => None,
    });
    let clock = Clock::new(|| Reading { wall: 0, steady: 0 });
    let store = Store::new(&client, TABLE, Patience::Embedded);
    Authorizer::start(settings.unwrap(), store, clock).await
}

#[tokio::test]
async fn the_largest_events_are_refused_one_by_one() {
    let authorizer = authorizer().await;
    for (name, event, reason) in events() {
        assert!(event.len() <= LARGEST, "{name}: {} bytes", event.len());
        let event = RawValue::from_string(event).unwrap();
        let handled = timeout(LONG, authorizer.handle(event.get())).await;
        let handled = handled.unwrap_or_else(|_| unreachable!("{name} hangs"));
        assert!(!handled.log.allowed, "{name}");
        assert_eq!(
            handled.log.reason,
            Some(reason),
            "{name}: {:.200}",
            event.get()
        );
        let answered = handled.answer.map_or(0, |answer| answer.get().len());
        assert!(
            answered <= 8 * 1024,
            "{name}: an answer of {answered} bytes"
        );
    }
}

/// Pairs of places in the text, and the text that is looked for: no copy for each header.
#[test]
fn reading_the_largest_events_takes_a_few_times_their_size() {
    let sources: latchkey_authorizer::sources::KeySources = EVERY_SOURCE.parse().unwrap();
    for (name, event, _) in events() {
        let bytes = event.len() as u64;
        let event = RawValue::from_string(event).unwrap();
        let taken = allocation_counter::measure(|| {
            if let Ok(incoming) = event::read(event.get()) {
                let _ = sources.presented(&incoming);
            }
        });
        assert!(
            taken.bytes_max <= 8 * bytes,
            "{name}: {} bytes for an event of {bytes}",
            taken.bytes_max
        );
    }
}
