//! However much is wrong with a request, its answer stays small: Lambda passes on 6 MB, and
//! whoever reads it wants the first faults.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Admin, Answer, request};

/// Nearly what a body may have.
const BODY: usize = 990_000;
const ANSWER: usize = 100_000;

/// As many of `entry` as a body has room for, each with its number for `%`, in `body` for `@`.
fn filled(body: &str, entry: &str) -> String {
    let mut entries = String::new();
    let mut number = 0;
    while entries.len() + body.len() + entry.len() + 12 < BODY {
        let separator = if number == 0 { "" } else { "," };
        write!(
            entries,
            "{separator}{}",
            entry.replace('%', &format!("{number:05}"))
        )
        .unwrap();
        number += 1;
    }
    body.replace('@', &entries)
}

async fn sent(admin: &Admin, method: &Method, path: &str, body: String) -> Answer {
    admin.send(request(method.clone(), path, Some(body))).await
}

fn assert_small(answer: &Answer, case: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (400, "invalid-request"),
        "{case}"
    );
    let size = answer.body.to_string().len();
    assert!(size < ANSWER, "{case}: {size} bytes");
}

#[tokio::test]
async fn a_list_that_is_too_long_is_one_fault_whatever_is_in_it() {
    let admin = Admin::start().await;
    let (plan, (key, _)) = (admin.plan("P", &[]).await, admin.key(&[]).await);
    let (plan, key) = (format!("/v1/plans/{plan}"), format!("/v1/keys/{key}"));
    let stages = r#"{"name":"P","apiStages":[@]}"#;
    let too_many_stages = "/apiStages: a plan may have 100 API stages";
    let too_many_entries = "/metadata: at most 40 entries can be named at once";
    for (method, path, body, entry, fault) in [
        (Method::POST, "/v1/plans", stages, "{}", too_many_stages),
        (Method::PUT, plan.as_str(), stages, "{}", too_many_stages),
        (Method::PATCH, &plan, stages, "7", too_many_stages),
        (
            Method::POST,
            "/v1/keys",
            r#"{"allowedIps":[@]}"#,
            "7",
            "/allowedIps: a key may have 100 networks",
        ),
        (
            Method::PATCH,
            &key,
            r#"{"allowedIps":[@]}"#,
            r#""x""#,
            "/allowedIps: a key may have 100 networks",
        ),
        (
            Method::POST,
            "/v1/keys",
            r#"{"planIds":[@]}"#,
            "{}",
            "/planIds: a key may be on 10 plans",
        ),
        (
            Method::POST,
            "/v1/keys",
            r#"{"metadata":{@}}"#,
            r#""m%":7"#,
            too_many_entries,
        ),
        (
            Method::PATCH,
            &key,
            r#"{"metadata":{@}}"#,
            r#""-%":"""#,
            too_many_entries,
        ),
    ] {
        let answer = sent(&admin, &method, path, filled(body, entry)).await;
        assert_small(&answer, path);
        assert_eq!(answer.faults(), [fault], "{method} {path}");
    }
}

#[tokio::test]
async fn of_many_unknown_fields_the_first_are_told() {
    let admin = Admin::start().await;
    let (plan, (key, _)) = (admin.plan("P", &[]).await, admin.key(&[]).await);
    let usage = format!("/v1/plans/{plan}/keys/{key}/usage");
    let (plan, key) = (format!("/v1/plans/{plan}"), format!("/v1/keys/{key}"));
    for (method, path, body, at) in [
        (Method::POST, "/v1/plans", "{@}", ""),
        (Method::POST, "/v1/plans", r#"{"quota":{@}}"#, "/quota"),
        (
            Method::POST,
            "/v1/plans",
            r#"{"throttle":{@}}"#,
            "/throttle",
        ),
        (
            Method::POST,
            "/v1/plans",
            r#"{"apiStages":[{@}]}"#,
            "/apiStages/0",
        ),
        (Method::PUT, plan.as_str(), "{@}", ""),
        (Method::PATCH, &plan, "{@}", ""),
        (Method::PATCH, &plan, r#"{"quota":{@}}"#, "/quota"),
        (Method::PATCH, &plan, r#"{"throttle":{@}}"#, "/throttle"),
        (Method::POST, "/v1/keys", "{@}", ""),
        (Method::PATCH, &key, "{@}", ""),
        (Method::PATCH, &usage, "{@}", ""),
        (Method::POST, "/v1/verify", "{@}", ""),
    ] {
        let answer = sent(&admin, &method, path, filled(body, r#""%":0"#)).await;
        let case = format!("{method} {path} {at}");
        assert_small(&answer, &case);
        let faults = answer.faults();
        assert_eq!(faults.len(), 100, "{case}");
        for (number, fault) in faults.iter().enumerate() {
            let told = format!("{at}/{number:05}: ");
            assert!(fault.starts_with(&told), "{case}: {fault} is not {told}");
        }
        let detail = answer.text("detail");
        assert!(
            detail.ends_with("; and more than 97 more"),
            "{case}: {detail}"
        );
    }
}

/// A list of allowed length whose entries have many faults each, with long names that would
/// grow when they are escaped.
#[tokio::test]
async fn faults_of_many_objects_share_the_bound() {
    let admin = Admin::start().await;
    let unknown: Value = (0..50)
        .map(|number| (format!("\u{1}\u{2}\u{3}{number}"), json!(0)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let body = json!({"apiStages": vec![unknown; 100], "metadata": 1});
    let answer = admin.post("/v1/plans", body).await;
    assert_small(&answer, "stages");
    assert_eq!(answer.faults().len(), 100);
    assert!(answer.faults()[0].starts_with("/apiStages/0/"));
}

#[tokio::test]
async fn of_many_unknown_parameters_the_first_are_told() {
    let admin = Admin::start().await;
    let query: Vec<String> = (0..2_000).map(|number| format!("p{number:05}=1")).collect();
    let answer = admin.get(&format!("/v1/keys?{}", query.join("&"))).await;
    assert_small(&answer, "query");
    assert_eq!(answer.faults().len(), 100);
    assert!(answer.faults()[0].starts_with("p00000: unknown parameter"));
}
