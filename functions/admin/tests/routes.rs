//! What a key may call.

use http::Method;
use serde_json::{Value, json, value::to_raw_value};

use crate::{
    native_account,
    support::{Admin, assert_answer, request},
};

const ROUTES: [&str; 3] = ["GET /orders/{id}", "POST /orders", "* /reports/*"];

#[tokio::test]
async fn routes_are_kept_shown_replaced_and_cleared() {
    let admin = Admin::start().await;
    let made = admin.post("/v1/keys", json!({"routes": ROUTES})).await;
    assert_eq!(made.body["routes"], json!(ROUTES));
    let path = format!("/v1/keys/{}", made.id());
    assert_eq!(admin.get(&path).await.body["routes"], json!(ROUTES));
    let patched = admin.patch(&path, json!({"name": "n"})).await;
    assert_eq!(patched.body["routes"], json!(ROUTES), "absent keeps");
    let patched = admin.patch(&path, json!({"routes": ["GET /"]})).await;
    assert_eq!(
        patched.body["routes"],
        json!(["GET /"]),
        "a list is replaced"
    );
    let cleared = admin.patch(&path, json!({"routes": null})).await;
    assert_eq!(cleared.body.get("routes"), None);
}

#[tokio::test]
async fn what_cannot_be_a_route_or_does_not_fit_is_refused_when_it_is_written() {
    let admin = Admin::start().await;
    let (id, _) = admin.key(&[]).await;
    let path = format!("/v1/keys/{id}");
    let long = format!("GET /{}", "x".repeat(308));
    let many: Vec<String> = (0..34).map(|at| format!("GET /orders/{at:02}")).collect();
    for (routes, place) in [
        (json!([]), "/routes: "),
        (json!("GET /"), "/routes: "),
        (json!(["GET /", "orders"]), "/routes/1: "),
        (json!(["get /orders"]), "/routes/0: "),
        (json!(["GET /a/*/b"]), "/routes/0: "),
        (json!([7]), "/routes/0: "),
        (json!([long]), "/routes/0: "),
        (json!(many), "/routes: "),
        (json!(vec!["GET /"; 51]), "/routes: "),
    ] {
        let body = json!({ "routes": routes });
        for answer in [
            admin.post("/v1/keys", body.clone()).await,
            admin.patch(&path, body).await,
        ] {
            assert_eq!(answer.problem(), "invalid-request", "{routes}");
            assert!(
                answer.faults()[0].starts_with(place),
                "{:?}",
                answer.faults()
            );
        }
    }
    assert_answer!(
        "routes_too_many",
        admin.patch(&path, json!({ "routes": many })).await
    );
    // What fits by itself does not beside much metadata.
    let metadata: serde_json::Map<String, Value> = (0..15)
        .map(|at| (format!("m{at}"), "v".repeat(250).into()))
        .collect();
    let body = json!({ "routes": many[..20], "metadata": metadata });
    let answer = admin.patch(&path, body).await;
    assert!(
        answer.faults()[0].starts_with("/routes: "),
        "{:?}",
        answer.faults()
    );
    assert_eq!(admin.get(&path).await.body.get("routes"), None);
}

/// The most that may be written comes through the authorizer whole, on the longest stage.
#[tokio::test]
async fn the_most_that_is_taken_fits_an_answer() {
    let admin = Admin::start().await;
    let (api, stage) = ("a".repeat(10), "s".repeat(128));
    let plan = admin.plan("P", &[&format!("{api}:{stage}")]).await;
    let routes = |path_len: usize, number: usize| -> Vec<String> {
        (0..number)
            .map(|at| format!("DELETE /{at:02}{}", "x".repeat(path_len - 3)))
            .collect()
    };
    let authorizer = admin.authorizer(&[]).await;
    for (path_len, number, name_len) in [(305, 13, 500), (10, 32, 0), (20, 25, 1_024)] {
        let mut body = json!({"planIds": [plan], "routes": routes(path_len, number)});
        if name_len > 0 {
            body["name"] = "\"".repeat(name_len / 2).into();
        }
        let made = admin.post("/v1/keys", body).await;
        assert_eq!(made.status, 201, "{:?}", made.faults());
        let path = "x".repeat(path_len - 3);
        let event = json!({
            "type": "REQUEST",
            "methodArn": format!("arn:aws-us-gov:execute-api:ap-southeast-1:123456789012:{api}/{stage}/DELETE/00{path}"),
            "resource": "/{proxy+}",
            "headers": {"x-api-key": made.text("value")},
        });
        let handled = authorizer.handle(to_raw_value(&event).unwrap().get()).await;
        assert_eq!(handled.log.reason, None, "{number} routes of {path_len}");
        assert!(handled.answer.unwrap().get().len() <= 8_192);
    }
}

/// A policy that API Gateway keeps opens what the key may call, and nothing else.
#[tokio::test]
async fn a_kept_policy_is_right_for_other_methods_too() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let body = json!({"planIds": [plan], "routes": ["GET /orders", "POST /orders"]});
    let value = admin.post("/v1/keys", body).await.text("value");
    let authorizer = admin.authorizer(&[]).await;
    let resources = async |called: &str| {
        let event = json!({
            "type": "REQUEST",
            "methodArn": format!("arn:aws:execute-api:eu-west-1:123456789012:a1/prod/{called}"),
            "resource": "/{proxy+}",
            "headers": {"x-api-key": value},
        });
        let handled = authorizer.handle(to_raw_value(&event).unwrap().get()).await;
        let answer = handled.answer.map_err(|failure| failure.to_string());
        let answer: Result<Value, _> = answer.map(|text| serde_json::from_str(text.get()).unwrap());
        answer.map(|answer| answer["policyDocument"]["Statement"][0]["Resource"].clone())
    };
    let stage = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod";
    let both = json!([
        format!("{stage}/GET/orders"),
        format!("{stage}/POST/orders")
    ]);
    for called in ["GET/orders", "POST/orders"] {
        assert_eq!(resources(called).await, Ok(both.clone()), "{called}");
    }
    assert_eq!(
        resources("DELETE/orders").await,
        Err("Unauthorized".to_owned())
    );
    assert_eq!(
        resources("GET/orders/1").await,
        Err("Unauthorized".to_owned())
    );
}

#[tokio::test]
async fn a_change_of_routes_reaches_authorizers_within_the_documented_time() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (id, value) = admin.key(&[&plan]).await;
    let authorizer = admin.authorizer(&[("KEY_CACHE_SECONDS", "10")]).await;
    assert_eq!(admin.call(&authorizer, &value, "a1:prod").await, None);
    let path = format!("/v1/keys/{id}");
    admin
        .patch(&path, json!({"routes": ["POST /orders"]}))
        .await;
    admin.pass(10 * crate::support::SECOND);
    let reason = admin.call(&authorizer, &value, "a1:prod").await;
    assert_eq!(reason, Some(latchkey_domain::Reason::RouteNotAllowed));
    assert_eq!(admin.reason(&value, "a1:prod").await, "route_not_allowed");
}

#[tokio::test]
async fn where_results_are_kept_a_policy_must_say_the_routes() {
    let (_, admin) = native_account::start().await;
    let plan = native_account::made(&admin, &["authorizer:prod"]).await;
    for (routes, status) in [
        (json!(["GET /orders/*", "* /*"]), 201),
        (json!(["GET /orders/{id}"]), 400),
        (json!(["* /orders"]), 400),
    ] {
        let body = json!({"planIds": [plan], "routes": routes});
        let answer = admin.post("/v1/keys", body).await;
        assert_eq!(answer.status.as_u16(), status, "{routes}");
        if status == 400 {
            assert_eq!(answer.problem(), "key-not-held");
        }
    }
    let header = json!({"nativeValue": "header", "routes": ["GET /orders/*"]});
    let answer = admin.post("/v1/keys", header).await;
    assert!(
        answer.faults()[0].starts_with("/routes: "),
        "{:?}",
        answer.faults()
    );
    let (key, _) = admin.key(&[&plan]).await;
    let body = json!({"routes": ["GET /{a}"]}).to_string();
    let patch = request(Method::PATCH, &format!("/v1/keys/{key}"), Some(body));
    let answer = admin.send(patch).await;
    assert!(
        answer.faults()[0].starts_with("/routes: "),
        "{:?}",
        answer.faults()
    );
}
