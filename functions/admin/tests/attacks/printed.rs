//! What the deployed function prints at its finest level, whatever is sent to it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_engine::Engine;
use latchkey_runtime_api::{Answer, Function};
use latchkey_store::create_table;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    lambda::{ADMIN, call, create_plan},
    support::TABLE,
};

/// A custom value, of signs that codings change.
const MARKER: &str = "secret/value+of:a=customer~0123456789";
/// A custom value of letters and figures alone: it can stand where a method does.
const PLAIN: &str = "SecretOfACustomer0123456789";
/// What ends a line, a text or a member somewhere.
const BREAKING: &str = "a\n{\"level\":\"ERROR\"}\r\u{1b}[2J\u{2028}\u{2029}\u{85}\u{0}\"},{\"b";

/// Forms in which the marker would be found.
fn forms() -> [String; 5] {
    let coded = BASE64_STANDARD.encode(MARKER);
    [
        MARKER.to_owned(),
        PLAIN.to_owned(),
        MARKER[8..].to_owned(),
        coded[..40].to_owned(),
        utf8_percent_encode(MARKER, NON_ALPHANUMERIC).to_string(),
    ]
}

fn with_body(method: &str, path: &str, body: &Value) -> Value {
    let mut event = call(method, path, &[]);
    event["body"] = body.to_string().into();
    event
}

/// Requests with the marker, and with what breaks lines, where they belong and where not.
fn events() -> Vec<Value> {
    let mut events = vec![
        with_body("POST", "/v1/keys", &json!({"value": MARKER, "name": "n"})),
        with_body("POST", "/v1/keys", &json!({"value": MARKER})),
        with_body(
            "POST",
            "/v1/verify",
            &json!({"value": MARKER, "apiId": "a1", "stage": "s", "method": "GET", "path": "/"}),
        ),
    ];
    for said in [MARKER, PLAIN, BREAKING] {
        events.push(call(said, "/v1/keys", &[]));
        let encoded = utf8_percent_encode(said, NON_ALPHANUMERIC).to_string();
        for body in [
            json!({"name": said, "description": said, "customerId": said, "metadata": {said: said}, said: said}),
            json!({"planIds": [said], "routes": [said], "allowedIps": [said], "notBefore": said}),
            json!(said),
        ] {
            events.push(with_body("POST", "/v1/keys", &body));
            events.push(with_body("POST", "/v1/plans", &body));
        }
        let mut text = create_plan();
        text["body"] = format!("{{\"name\": {said}").into();
        events.push(text);
        for path in [
            format!("/v1/keys/{encoded}"),
            format!("/v1/plans/{encoded}/keys/{encoded}"),
            format!("/{encoded}"),
            format!("/v1/keys/{said}"),
        ] {
            events.push(call("GET", &path, &[]));
        }
        events.push(call(
            "GET",
            "/v1/keys",
            &[(said, said), ("cursor", said), ("customerId", said)],
        ));
        let mut headers = create_plan();
        for name in [
            "Idempotency-Key",
            "If-Match",
            "Accept",
            "X-Request-Id",
            "X-Amzn-Trace-Id",
            said,
        ] {
            headers["headers"][name] = said.into();
            headers["multiValueHeaders"][name] = json!([said]);
        }
        events.push(headers);
    }
    let mut context = create_plan();
    context["requestContext"]["requestId"] = BREAKING.into();
    context["requestContext"]["identity"]["userArn"] =
        format!("arn:aws:sts::123456789012:assumed-role/{BREAKING}").into();
    events.push(context);
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_prints_one_json_line_a_request_and_no_value_in_any_form() {
    let engine = Engine::in_memory().unwrap();
    create_table(&engine.client(), TABLE).await.unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { engine.serve(listener, std::future::pending()).await });
    let closed = "http://127.0.0.1:9".to_owned();
    for endpoint in [endpoint, closed] {
        let settings = [
            ("TABLE_NAME", TABLE),
            ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
            ("LOG_LEVEL", "trace"),
        ];
        let function = Function::start(ADMIN, settings).await.unwrap();
        let (mut answered, mut last) = (0, Value::Null);
        for event in events() {
            let answer = function.invoke(event.to_string()).await.unwrap();
            if let Answer::Response(answer) = answer {
                answered += 1;
                last = answer;
            }
            let truncated = event.to_string();
            let end = truncated.floor_char_boundary(truncated.len() / 2);
            function.invoke(truncated[..end].to_owned()).await.unwrap();
        }
        assert!(answered > 20, "{last}");
        let output = function.stop().await.unwrap().output;
        for line in output.lines().filter(|line| !line.is_empty()) {
            let parsed: Result<serde_json::Map<String, Value>, _> = serde_json::from_str(line);
            assert!(
                parsed.is_ok_and(|line| line.contains_key("level")),
                "no line of a log: {line}"
            );
        }
        let lines = output.matches("\"message\":\"answered\"").count();
        assert_eq!(lines, answered, "one for each request");
        for form in forms() {
            assert!(!output.contains(&form), "{form} stands in the output");
        }
    }
    serving.abort();
}
