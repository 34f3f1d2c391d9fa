//! Bodies of the admin API, above all its patches.

use http::Method;
use serde_json::Value;

use crate::{
    admin::{Answer, key_id, send, with_values},
    text,
};

const JSON: &str = "application/json";
/// What every change changes.
const STAMPS: [&str; 4] = ["lastUpdatedDate", "revision", "etag", "version"];

/// A first byte that says what for, and a body. A refusal changes nothing and tells no value;
/// a patch changes what it names and nothing else, and one that changes nothing writes nothing.
pub fn patch(data: &[u8]) {
    let Some((kind, body)) = text(data).and_then(|text| text.split_at_checked(1)) else {
        return;
    };
    let body = with_values(body);
    let key = format!("/v1/keys/{}", key_id());
    let post = |path: &str| send(Method::POST, path, JSON, body.clone());
    match kind {
        "k" => hold_patch(&key, body),
        "p" => hold_patch("/v1/plans/all", body),
        "K" => hold_made(&post("/v1/keys")),
        "P" => hold_made(&post("/v1/plans")),
        "v" => assert_eq!(post("/v1/verify").writes, 0),
        "r" => hold_made(&post(&format!("{key}/rotate"))),
        "m" => hold_made(&post(&format!("{key}/move"))),
        "d" => hold_made(&send(Method::PUT, "/v1/plans/all", JSON, body)),
        _ => {
            let target = format!("/v1/plans/all/keys/{}/usage", key_id());
            hold_made(&send(Method::PATCH, &target, JSON, body));
        }
    }
}

fn hold_made(answer: &Answer) {
    if answer.status.is_success() && answer.writes == 0 {
        assert!(answer.status == 200, "{} without a write", answer.status);
    }
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
