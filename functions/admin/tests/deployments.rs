//! Deployments and methods of the REST APIs that may be changed from here.

use std::time::Duration;

use latchkey_fake_gateway::{Failure, FakeGateway, Limits, Rates, Source};
use serde_json::{Value, json};

use crate::support::{Admin, Answer};

const DEPLOYMENTS: &str = "/v1/deployments";
const METHODS: &str = "/v1/apis/mine/methods";

/// An account with the APIs `mine`, which may be changed, and `other`.
async fn start(rates: Rates) -> (FakeGateway, Admin) {
    let fake = FakeGateway::new(Limits {
        rates,
        ..Limits::default()
    });
    for api in ["mine", "other"] {
        fake.set_api(api, Source::Header, &["prod"]);
        fake.set_method(api, "/orders/{id}", "GET", false);
    }
    let admin = Admin::with_gateway(&fake, &["mine", "gone"]).await;
    (fake, admin)
}

fn to(api_id: &str, stage: &str) -> Value {
    json!({"apiId": api_id, "stage": stage})
}

fn require(path: &str, method: &str, required: bool) -> Value {
    json!({"path": path, "method": method, "apiKeyRequired": required})
}

fn told(answer: &Answer, status: u16, problem: &str, detail: &str) {
    let found = answer.body["detail"].as_str().unwrap_or_default();
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (status, problem),
        "{}",
        answer.body
    );
    assert!(found.contains(detail), "{found}");
}

/// What the audit record of an action says.
async fn audited(admin: &Admin, action: &str) -> Vec<String> {
    let items = admin.items().await;
    let records = items.iter().filter(|item| {
        item.get("action")
            .is_some_and(|is| is.as_s().unwrap() == action)
    });
    records
        .map(|item| {
            let after = item["after"].as_m().unwrap();
            let mut after: Vec<String> = after
                .iter()
                .map(|(name, value)| match value.as_bool() {
                    Ok(flag) => format!("{name}={flag}"),
                    Err(value) => format!("{name}={}", value.as_s().unwrap()),
                })
                .collect();
            after.sort();
            let entity = item["entity"].as_s().unwrap();
            let principal = item["principal"].as_s().unwrap();
            assert_eq!(principal, crate::support::CALLER);
            format!("{entity} {}", after.join(" "))
        })
        .collect()
}

#[tokio::test]
async fn an_api_is_deployed_to_a_stage_new_or_not() {
    let (fake, admin) = start(Rates::Unlimited).await;
    for (place, stage) in ["prod", "beta_2-x"].into_iter().enumerate() {
        let answer = admin.post(DEPLOYMENTS, to("mine", stage)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let deployment = fake.deployments()[place].clone();
        assert_eq!(
            (&*deployment.stage, &*deployment.description),
            (stage, "by Latchkey")
        );
        let url = format!("https://mine.execute-api.local.amazonaws.com/{stage}");
        let expected = json!({
            "apiId": "mine",
            "stage": stage,
            "deploymentId": deployment.id,
            "url": url,
            "notice": answer.body["notice"],
        });
        assert_eq!(answer.body, expected);
        let notice = answer.text("notice");
        assert!(notice.contains("Everything that was changed") && notice.contains("stack"));
        let record = format!("api:mine deploymentId={} stage={stage}", deployment.id);
        assert!(audited(&admin, "api.deploy").await.contains(&record));
    }
}

#[tokio::test]
async fn only_apis_that_are_listed_are_changed() {
    let (fake, admin) = start(Rates::Unlimited).await;
    let answers = [
        admin.post(DEPLOYMENTS, to("other", "prod")).await,
        admin
            .put_json(
                "/v1/apis/other/methods",
                require("/orders/{id}", "GET", true),
            )
            .await,
        admin
            .put_json("/v1/apis/%FF/methods", require("/orders/{id}", "GET", true))
            .await,
    ];
    for answer in answers {
        told(&answer, 403, "api-not-managed", "MANAGED_APIS");
    }
    assert!(fake.calls().is_empty());
    assert_eq!(
        fake.requires_key("other", "/orders/{id}", "GET"),
        Some(false)
    );
    let none = Admin::start().await;
    let answer = none.post(DEPLOYMENTS, to("mine", "prod")).await;
    told(&answer, 400, "no-api-gateway", "not configured");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let (_, admin) = start(Rates::Unlimited).await;
    let deployed = admin.post(DEPLOYMENTS, to("gone", "prod")).await;
    told(&deployed, 404, "unknown-api", "REST API gone");
    for (path, method, detail) in [
        ("/order", "GET", "path /order in the API mine"),
        ("/orders/{id}", "PUT", "method PUT of the path /orders/{id}"),
    ] {
        let answer = admin.put_json(METHODS, require(path, method, true)).await;
        told(&answer, 404, "unknown-api", detail);
    }
    let path = "/v1/apis/gone/methods";
    let answer = admin
        .put_json(path, require("/orders/{id}", "GET", true))
        .await;
    told(&answer, 404, "unknown-api", "REST API gone");
    assert_eq!(admin.audited().await, [""; 0]);
}

#[tokio::test]
async fn fields_are_held_to_their_rules() {
    let (fake, admin) = start(Rates::Unlimited).await;
    let value = "a-key-value-in-the-wrong-field";
    for (body, places) in [
        (json!({}), &["/apiId", "/stage"][..]),
        (to("*", "*"), &["/apiId", "/stage"]),
        (to("mine", "$default"), &["/stage"]),
        (to("mi/ne", "pr od"), &["/apiId", "/stage"]),
        (
            json!({"apiId": "mine", "stage": "prod", "url": "x"}),
            &["/url"],
        ),
    ] {
        let answer = admin.post(DEPLOYMENTS, body).await;
        told(&answer, 400, "invalid-request", "");
        assert_places(&answer, places);
    }
    for (body, places) in [
        (json!({}), &["/apiKeyRequired", "/method", "/path"][..]),
        (require("orders", "get", true), &["/method", "/path"]),
        (require("/a b", "TRACE", true), &["/method", "/path"]),
        (require(value, value, true), &["/method", "/path"]),
        (
            json!({"path": "/", "method": "GET", "apiKeyRequired": "yes"}),
            &["/apiKeyRequired"],
        ),
    ] {
        let answer = admin.put_json(METHODS, body).await;
        told(&answer, 400, "invalid-request", "");
        assert_places(&answer, places);
        assert!(!answer.body.to_string().contains(value));
    }
    let long = admin
        .put_json(METHODS, require(&format!("/{value}"), "GET", true))
        .await;
    told(&long, 404, "unknown-api", "path /a-key-v…");
    assert!(fake.deployments().is_empty());
}

fn assert_places(answer: &Answer, places: &[&str]) {
    let mut found: Vec<String> = answer
        .faults()
        .iter()
        .map(|fault| fault.split(':').next().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, places, "{:?}", answer.faults());
}

#[tokio::test(start_paused = true)]
async fn a_second_deployment_within_five_seconds_is_the_callers_to_repeat() {
    let (fake, admin) = start(Rates::Aws).await;
    assert_eq!(
        admin.post(DEPLOYMENTS, to("mine", "prod")).await.status,
        201
    );
    let answer = admin.post(DEPLOYMENTS, to("mine", "beta")).await;
    let detail = "one deployment in 5 seconds";
    told(&answer, 503, "api-gateway-unavailable", detail);
    assert_eq!(fake.deployments().len(), 1);
    assert_eq!(audited(&admin, "api.deploy").await.len(), 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(
        admin.post(DEPLOYMENTS, to("mine", "beta")).await.status,
        201
    );
}

#[tokio::test]
async fn an_answer_that_was_lost_says_that_it_may_have_been_done() {
    let (fake, admin) = start(Rates::Unlimited).await;
    fake.fail_next("CreateDeployment", Failure::AnswerLost);
    let answer = admin.post(DEPLOYMENTS, to("mine", "prod")).await;
    told(&answer, 503, "api-gateway-unavailable", "may have deployed");
    assert_eq!(fake.deployments().len(), 1);
    fake.fail_next("UpdateMethod", Failure::AnswerLost);
    let body = require("/orders/{id}", "GET", true);
    let answer = admin.put_json(METHODS, body.clone()).await;
    told(
        &answer,
        503,
        "api-gateway-unavailable",
        "may have been changed",
    );
    let answer = admin.put_json(METHODS, body).await;
    assert_eq!(answer.body["changed"], false);
    fake.fail_next("CreateDeployment", Failure::AccessDenied("no".to_owned()));
    let answer = admin.post(DEPLOYMENTS, to("mine", "prod")).await;
    told(&answer, 400, "api-gateway-refused", "AccessDenied");
}

#[tokio::test]
async fn a_method_comes_to_require_a_key_once() {
    let (fake, admin) = start(Rates::Unlimited).await;
    for (required, changed) in [(true, true), (true, false), (false, true), (false, false)] {
        let answer = admin
            .put_json(METHODS, require("/orders/{id}", "GET", required))
            .await;
        let expected = json!({
            "apiId": "mine",
            "path": "/orders/{id}",
            "method": "GET",
            "apiKeyRequired": required,
            "changed": changed,
            "notice": answer.body["notice"],
        });
        assert_eq!(
            (answer.status.as_u16(), answer.body.clone()),
            (200, expected)
        );
        assert!(answer.text("notice").contains("next deployment"));
        let there = fake.requires_key("mine", "/orders/{id}", "GET");
        assert_eq!(there, Some(required));
    }
    let mut records = audited(&admin, "api.requireKey").await;
    records.sort();
    let record = |required| format!("api:mine apiKeyRequired={required} method=/orders/{{id}}/GET");
    assert_eq!(records, [record(false), record(true)]);
}
