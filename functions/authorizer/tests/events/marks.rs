//! `type` and `version` tell the kind of an event. What else stands in events of other kinds alone
//! changes neither its kind nor anything that is read of it.

use serde_json::{Value, json};

use crate::{read, support};

/// Members that stand in events of some kinds, with what may stand there.
fn marks() -> [(&'static str, Value); 5] {
    let arn = |call: &str| format!("arn:aws:execute-api:eu-west-1:123456789012:a1/prod/{call}");
    [
        ("methodArn", arn("$connect").into()),
        ("routeArn", arn("DELETE/elsewhere").into()),
        ("routeKey", "DELETE /elsewhere/{id}".into()),
        ("resource", "/elsewhere/{id}".into()),
        ("authorizationToken", "Bearer another-value-of-a-key".into()),
    ]
}

/// The same of `requestContext`.
fn marks_in_context() -> [(&'static str, Value); 6] {
    [
        (
            "http",
            json!({"method": "DELETE", "path": "/elsewhere", "sourceIp": "198.51.100.1"}),
        ),
        ("identity", json!({"sourceIp": "198.51.100.1"})),
        ("connectionId", "VbX3dcTHDoECGkA=".into()),
        ("eventType", "CONNECT".into()),
        ("routeKey", "$connect".into()),
        ("resourcePath", "/elsewhere/{id}".into()),
    ]
}

/// Those that are read in events of a kind: at the top, and in `requestContext`.
fn read_in(kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        "rest-token" => (&["methodArn", "authorizationToken"], &[]),
        "rest-request" => (&["methodArn", "resource"], &["identity", "resourcePath"]),
        "http-1.0" => (
            &["methodArn", "resource", "routeKey"],
            &["identity", "routeKey"],
        ),
        "http-2.0" => (&["routeArn", "routeKey"], &["http", "routeKey"]),
        _ => (&["methodArn"], &["identity"]),
    }
}

/// The marks of other kinds, all of them with the values that `value` makes.
fn marked(event: &Value, kind: &str, value: impl Fn(&Value) -> Value) -> Value {
    let (at_the_top, in_context) = read_in(kind);
    let mut event = event.clone();
    for (name, usual) in marks() {
        if !at_the_top.contains(&name) {
            event[name] = value(&usual);
        }
    }
    let context = &event["requestContext"];
    if context.is_object() || context.is_null() {
        for (name, usual) in marks_in_context() {
            if !in_context.contains(&name) {
                event["requestContext"][name] = value(&usual);
            }
        }
    }
    event
}

#[test]
fn the_marks_of_other_kinds_change_nothing() {
    for (name, json) in support::events("") {
        let before = read(&json);
        let kind = before["kind"].as_str().unwrap();
        let event: Value = serde_json::from_str(&json).unwrap();
        let usual = |usual: &Value| usual.clone();
        assert_eq!(
            read(&marked(&event, kind, usual).to_string()),
            before,
            "{name}"
        );
        for other in [
            json!(null),
            json!(""),
            json!({}),
            json!([]),
            json!(7),
            json!({"a": [1]}),
        ] {
            let marked = marked(&event, kind, |_| other.clone());
            assert_eq!(read(&marked.to_string()), before, "{name} with {other}");
        }
    }
}

/// Also those that are read in it: they say something else then, of an event of the same kind.
#[test]
fn no_mark_of_any_kind_changes_an_event_s_kind() {
    for (name, json) in support::events("") {
        let before = read(&json);
        let event: Value = serde_json::from_str(&json).unwrap();
        let ways = marks()
            .map(|(mark, value)| (format!("/{mark}"), value))
            .into_iter()
            .chain(
                marks_in_context().map(|(mark, value)| (format!("/requestContext/{mark}"), value)),
            );
        for (way, value) in ways {
            // An ARN of a connection makes a connection of it: there the ARN is the only one that tells.
            if way == "/methodArn" {
                continue;
            }
            let mut event = event.clone();
            let (parent, mark) = way.rsplit_once('/').unwrap();
            match event.pointer_mut(parent) {
                Some(parent) if parent.is_object() => parent[mark] = value,
                _ => continue,
            }
            assert_eq!(
                read(&event.to_string())["kind"],
                before["kind"],
                "{name} with {way}"
            );
        }
    }
}
