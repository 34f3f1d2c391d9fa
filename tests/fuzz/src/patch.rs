//! Bodies of the admin API, above all its patches.

use http::Method;
use serde_json::Value;

use crate::{
    account::MANAGED,
    admin::{Answer, JSON, key_id, send, send_to_account, with_values},
    text,
};

/// What every change changes.
const STAMPS: [&str; 4] = ["lastUpdatedDate", "revision", "etag", "version"];

/// What a first byte says: the operation that the rest is sent to, each that takes JSON.
pub const BODIES: [(char, &str, &str); 12] = [
    ('k', "PATCH", "/v1/keys/{keyId}"),
    ('p', "PATCH", "/v1/plans/{planId}"),
    ('K', "POST", "/v1/keys"),
    ('P', "POST", "/v1/plans"),
    ('v', "POST", "/v1/verify"),
    ('r', "POST", "/v1/keys/{keyId}/rotate"),
    ('m', "POST", "/v1/keys/{keyId}/move"),
    ('d', "PUT", "/v1/plans/{planId}"),
    ('D', "POST", "/v1/deployments"),
    ('M', "PUT", "/v1/apis/{apiId}/methods"),
    ('a', "POST", "/v1/adopt"),
    ('u', "PATCH", "/v1/plans/{planId}/keys/{keyId}/usage"),
];

/// A first byte that says what for, and a body. A refusal changes nothing and tells no value;
/// a patch changes what it names and nothing else, and one that changes nothing writes nothing.
pub fn patch(data: &[u8]) {
    let Some((kind, body)) = text(data).and_then(|text| text.split_at_checked(1)) else {
        return;
    };
    let known = BODIES.iter().find(|(known, ..)| kind.starts_with(*known));
    // Others are as good as the last.
    let (kind, method, target) = *known.unwrap_or(&BODIES[BODIES.len() - 1]);
    let body = with_values(body);
    let method: Method = method.parse().unwrap();
    let target = target
        .replace("{keyId}", &key_id())
        .replace("{planId}", "all")
        .replace("{apiId}", MANAGED);
    match kind {
        'k' | 'p' => hold_patch(&target, body),
        'v' => assert_eq!(send(method, &target, JSON, body).writes, 0),
        'D' | 'M' => hold_at_account(method, &target, body),
        'a' => hold_adopted(body),
        _ => hold_made(&send(method, &target, JSON, body)),
    }
}

fn hold_made(answer: &Answer) {
    if answer.status.is_success() && answer.writes == 0 {
        assert!(answer.status == 200, "{} without a write", answer.status);
    }
}

/// What is changed at API Gateway is recorded, and what is recorded was changed there.
fn hold_at_account(method: Method, target: &str, body: String) {
    let (answer, [before, after]) = send_to_account(method, target, body.clone());
    let is_recorded = answer.writes > 0;
    assert_eq!(is_recorded, before != after, "{body:?}: {}", answer.text);
}

/// What is only told changes nothing, and neither a value nor a part of one is told.
fn hold_adopted(body: String) {
    let (answer, [before, after]) = send_to_account(Method::POST, "/v1/adopt", body.clone());
    if answer.status.is_success() && answer.json()["dryRun"] != false {
        assert_eq!((answer.writes, before), (0, after), "{body:?}");
    }
    assert!(!answer.text.contains("a-customers-own"), "{}", answer.text);
}

fn hold_patch(target: &str, body: String) {
    let before = send(Method::GET, target, "", String::new()).json();
    let answer = send(Method::PATCH, target, JSON, body.clone());
    if !answer.status.is_success() {
        return;
    }
    let after = answer.json();
    let patch: Value = serde_json::from_str(&body).unwrap();
    let (Some(was), Some(is), Some(patch)) =
        (before.as_object(), after.as_object(), patch.as_object())
    else {
        assert_eq!(answer.writes, 0, "{body:?}");
        return;
    };
    let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
    names.retain(|name| !STAMPS.contains(&name.as_str()));
    names.sort_unstable();
    names.dedup();
    let changed: Vec<&String> = names
        .into_iter()
        .filter(|name| was.get(*name) != is.get(*name))
        .collect();
    for name in &changed {
        assert!(patch.contains_key(*name), "{name} was not named: {body}");
    }
    assert_eq!(
        answer.writes == 0,
        changed.is_empty(),
        "{body}: {}",
        answer.text
    );
}
