//! Cursors that somebody has changed, or made.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::header::LINK;
use serde_json::{Value, json};

use crate::support::{Admin, Answer, SECOND};

/// An admin API with two of everything, and its lists.
async fn filled() -> (Admin, Vec<String>) {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:x"]).await;
    let other = admin.plan("Q", &["a2:x"]).await;
    let mut last = String::new();
    for _ in 0..3 {
        last = admin.customer_s_key("acme", &[&plan]).await.0;
        admin.charge(&last, &plan).await;
        admin.pass(SECOND);
    }
    let attached = admin.put(&format!("/v1/plans/{other}/keys/{last}")).await;
    assert_eq!(attached.status, 201, "{}", attached.body);
    for name in ["one", "two"] {
        admin
            .patch(&format!("/v1/keys/{last}"), json!({"name": name}))
            .await;
        admin.pass(SECOND);
    }
    let lists = vec![
        "/v1/plans?".to_owned(),
        "/v1/keys?".to_owned(),
        "/v1/keys?customerId=acme&".to_owned(),
        format!("/v1/keys?planId={plan}&"),
        "/v1/keys?state=enabled&".to_owned(),
        format!("/v1/plans/{plan}/keys?"),
        format!("/v1/plans/{plan}/usage?"),
        format!("/v1/keys/{last}/usage?"),
        "/v1/export?".to_owned(),
        "/v1/audit?".to_owned(),
        format!("/v1/audit?keyId={last}&"),
    ];
    (admin, lists)
}

/// What a list tells, item by item.
fn told(answer: &Answer) -> BTreeSet<String> {
    if let Value::String(table) = &answer.body {
        return table.lines().map(str::to_owned).collect();
    }
    match (&answer.body["items"], &answer.body["values"]) {
        (Value::Array(items), _) => items.iter().map(ToString::to_string).collect(),
        (_, Value::Object(values)) => values.keys().cloned().collect(),
        _ => panic!("{}", answer.body),
    }
}

/// Of the second page: in the answer, or of a table in its link.
async fn cursor(admin: &Admin, list: &str) -> String {
    let answer = admin.get(&format!("{list}limit=1")).await;
    let Some(link) = answer.headers.get(LINK) else {
        return answer.text("cursor");
    };
    let (_, rest) = link.to_str().unwrap().split_once("cursor=").unwrap();
    rest.split_once('>').unwrap().0.to_owned()
}

fn decoded(cursor: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap()
}

/// A cursor is good for its list, or is refused; what it never does is to show another's items,
/// or to bring the table to an error.
#[tokio::test]
async fn no_cursor_shows_what_its_list_does_not_have() {
    let (admin, lists) = filled().await;
    for list in &lists {
        let own = told(&admin.get(&format!("{list}limit=100")).await);
        let mut cursors = Vec::new();
        for other in &lists {
            cursors.push(cursor(&admin, other).await);
        }
        let mine = cursor(&admin, list).await;
        // Each character another one.
        for (at, character) in mine.char_indices() {
            let with = if character == 'A' { 'B' } else { 'A' };
            cursors.push(format!("{}{with}{}", &mine[..at], &mine[at + 1..]));
        }
        // Each attribute that of another partition.
        let keys = decoded(&mine);
        for name in keys.as_object().unwrap().keys() {
            for partition in [
                "PLANS",
                "KEYS",
                "PLAN#",
                "AUDIT#2026-11",
                "KEY#0000000000000000",
                "CUSTOMER#acme",
                "IDEMPOTENCY#0",
                "*",
                "\u{2028}\n",
                "~",
            ] {
                let mut forged = keys.clone();
                forged[name] = json!(partition);
                cursors.push(URL_SAFE_NO_PAD.encode(forged.to_string()));
            }
        }
        for cursor in cursors {
            let answer = admin.get(&format!("{list}limit=100&cursor={cursor}")).await;
            match answer.status.as_u16() {
                200 => {
                    let shown = told(&answer);
                    assert!(shown.is_subset(&own), "{list} {cursor}: {shown:?}");
                }
                status => assert_eq!(status, 400, "{list} {cursor}: {}", answer.body),
            }
        }
    }
}
