//! What the process prints at its finest level, whatever it is called with.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_domain::KeyValue;
use latchkey_runtime_api::Function;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{
    support,
    world::{AUTHORIZER, World, key, plan},
};

/// A custom value, of signs that codings change.
const MARKER: &str = "secret/value+of=a~customer-0123456789";
/// A custom value of letters and figures alone: it can stand where a method does.
const PLAIN: &str = "SecretOfACustomer0123456789";
/// What ends a line, a text or a member somewhere.
const BREAKING: &str = "a\n{\"level\":\"ERROR\"}\r\u{1b}[2J\u{2028}\u{2029}\u{85}\u{0}\"},{\"b";

/// Forms in which the marker would be found.
fn forms() -> Vec<String> {
    let basic = BASE64_STANDARD.encode(format!("{MARKER}:"));
    vec![
        MARKER.to_owned(),
        PLAIN.to_owned(),
        PLAIN.to_lowercase(),
        MARKER[8..].to_owned(),
        BASE64_STANDARD.encode(MARKER)[..40].to_owned(),
        basic[..40].to_owned(),
        utf8_percent_encode(MARKER, NON_ALPHANUMERIC).to_string(),
        form_urlencoded::byte_serialize(MARKER.as_bytes()).collect(),
    ]
}

/// Wherever a caller can say something: `said`.
fn call(said: &str, path: &str) -> Value {
    let encoded: String = form_urlencoded::byte_serialize(said.as_bytes()).collect();
    let headers = json!({
        "x-api-key": said, "Cookie": said, "X-Request-Id": said, "X-Amzn-Trace-Id": said,
        "CloudFront-Viewer-City": said, said: said,
    });
    json!({
        "methodArn": format!("arn:aws:execute-api:eu-west-1:123456789012:a1/prod/{path}"),
        "routeArn": format!("arn:aws:execute-api:eu-west-1:123456789012:a1/prod/{path}"),
        "resource": "/{proxy+}", "path": format!("/{said}"), "rawPath": format!("/{said}"),
        "headers": headers, "multiValueHeaders": {"x-api-key": [said]},
        "queryStringParameters": {"key": said, said: said}, "rawQueryString": format!("key={encoded}"),
        "identitySource": [said], "stageVariables": {said: said}, "cookies": [said],
        "authorizationToken": said,
        "requestContext": {
            "requestId": said, "identity": {"sourceIp": said, "userAgent": said},
            "http": {"sourceIp": said, "userAgent": said},
        },
    })
}

/// Events of each kind with the marker, and with what breaks lines.
fn events() -> Vec<Value> {
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{MARKER}:")));
    let coded = utf8_percent_encode(MARKER, NON_ALPHANUMERIC).to_string();
    let mut events = Vec::new();
    for kind in [
        json!({"type": "TOKEN"}),
        json!({"type": "REQUEST"}),
        json!({"version": "1.0"}),
        json!({"version": "2.0"}),
        json!({"type": BREAKING}),
        json!({"version": MARKER}),
    ] {
        for said in [
            MARKER,
            PLAIN,
            BREAKING,
            &basic,
            &format!("Bearer {MARKER}"),
            &format!("{MARKER},{MARKER}x"),
        ] {
            for path in [
                "GET/orders",
                "$connect",
                &format!("GET/{coded}"),
                &format!("{said}/orders"),
                said,
                &format!("G\"E\u{1b}T/{said}"),
            ] {
                let mut event = call(said, path);
                let members = event.as_object_mut().unwrap();
                members.extend(kind.as_object().unwrap().clone());
                events.push(event);
            }
        }
    }
    events
}

/// A key of the marker is there, or no table at all.
#[tokio::test]
async fn a_call_is_one_line_of_json_without_its_value_in_any_form_whatever_it_carries() {
    let world = World::new().await;
    let gold = plan("gold", None, None);
    world.put_plan(&gold).await;
    let marked = KeyValue::custom(MARKER).unwrap();
    world.put_key(&key(&marked), &[&gold]).await;
    let closed = [("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")];
    for (more, passes) in [(&[][..], true), (&closed[..], false)] {
        let mut settings = world.settings(&[
            ("LOG_LEVEL", "trace"),
            ("KEY_SOURCES", support::EVERY_SOURCE),
        ]);
        settings.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let function = Function::start(AUTHORIZER, settings).await.unwrap();
        let mut count = 0;
        for event in events() {
            let event = event.to_string();
            function.invoke(event.clone()).await.unwrap();
            let end = event.floor_char_boundary(event.len() / 2);
            function.invoke(event[..end].to_owned()).await.unwrap();
            count += 1;
        }
        let output = function.stop().await.unwrap().output;
        let mut decisions = 0;
        let mut others = Vec::new();
        for line in output.lines().filter(|line| !line.is_empty()) {
            let parsed: Result<serde_json::Map<String, Value>, _> = serde_json::from_str(line);
            let parsed = parsed.unwrap_or_else(|_| panic!("no line of a log: {line}"));
            if parsed.get("message") == Some(&json!("decision")) {
                decisions += 1;
            } else if !parsed.contains_key("_aws") {
                others.push(line.to_owned());
            }
        }
        // Without a table there are errors too.
        assert!(!passes || others.is_empty(), "{others:#?}");
        // Half an event is decided on as well.
        assert_eq!(decisions, 2 * count);
        assert_eq!(output.contains("\"decision\":\"allow\""), passes);
        for form in forms() {
            assert!(!output.contains(&form), "{form} stands in the output");
        }
    }
}
