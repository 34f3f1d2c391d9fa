//! Every request as it goes out, beside the parameters that it was made from.
//!
//! `requests.json` is checked in: `tests/gateway/check_model.py` makes each of its requests
//! anew from AWS's own service model and compares. That is the only check for operations that
//! no emulator has. `LATCHKEY_WRITE_REQUESTS=1` writes the file.

use std::{future::Future, path::Path};

use jiff::civil::date;
use latchkey_gateway::{
    Gateway, NativeKeyId, NativePlanId, NativeValue, NewNativeKey, Tags, Values,
};
use serde_json::{Value, json};

use crate::{
    scripted::{Scripted, Sent},
    support::{bare_plan, full_plan, new_key, tags},
};

#[tokio::test]
async fn the_requests_are_those_that_are_checked_against_aws_s_model() {
    let mut requests = Vec::new();
    requests.extend(of_plans().await);
    requests.extend(of_keys().await);
    requests.extend(of_attachments_and_usage().await);
    requests.extend(of_apis().await);
    requests.extend(of_websocket_apis().await);
    let mut text = serde_json::to_string_pretty(&requests).unwrap();
    text.push('\n');
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests.json");
    if std::env::var_os("LATCHKEY_WRITE_REQUESTS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        known == text,
        "{} is not what goes out: write it with LATCHKEY_WRITE_REQUESTS=1, then run \
         tests/gateway/run",
        file.display()
    );
}

/// What goes out, with what AWS calls it. The answers are those that the calls need.
async fn of<F: Future>(
    answers: &[&str],
    calls: impl FnOnce(Gateway) -> F,
    expected: &[(&str, Value)],
) -> Vec<Value> {
    let scripted = Scripted::new(answers.iter().map(|answer| (200, *answer)));
    of_script(scripted, calls, expected).await
}

async fn of_script<F: Future>(
    scripted: Scripted,
    calls: impl FnOnce(Gateway) -> F,
    expected: &[(&str, Value)],
) -> Vec<Value> {
    calls(scripted.gateway()).await;
    let sent = scripted.sent();
    assert_eq!(sent.len(), expected.len(), "{sent:?}");
    let requests = sent.iter().zip(expected);
    let requests = requests.map(|(sent, (operation, parameters))| {
        let mut request = taken_apart(sent);
        request["operation"] = json!(operation);
        request["parameters"] = parameters.clone();
        request
    });
    requests.collect()
}

fn taken_apart(sent: &Sent) -> Value {
    let host = "https://apigateway.eu-central-1.amazonaws.com";
    let local = sent.uri.strip_prefix(host).unwrap();
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let body = match sent.body.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or(json!(text)),
    };
    json!({ "method": sent.method, "path": path, "query": query, "body": body })
}

fn plan() -> NativePlanId {
    "p1".parse().unwrap()
}

fn key() -> NativeKeyId {
    "k1".parse().unwrap()
}

const MADE_UP: &str = "made-up-value-0123456789abcdef";

async fn of_plans() -> Vec<Value> {
    let throttle = |rate: f64, burst: i32| json!({ "rateLimit": rate, "burstLimit": burst });
    let full = json!({
        "name": "Gold",
        "description": "For those who pay",
        "throttle": throttle(10.0, 20),
        "quota": { "limit": 1000, "offset": 2, "period": "WEEK" },
        "apiStages": [
            { "apiId": "a1", "stage": "prod", "throttle": {
                "//GET": throttle(0.5, 1),
                "/orders/{id}/POST": throttle(2.0, 4),
            }},
            { "apiId": "a2", "stage": "prod" },
        ],
        "tags": { "latchkey:stack": "demo" },
    });
    let patches = json!([
        { "op": "remove", "path": "/apiStages", "value": "a1:prod" },
        { "op": "remove", "path": "/apiStages", "value": "a2:prod" },
        { "op": "replace", "path": "/name", "value": "Bare" },
        { "op": "replace", "path": "/description", "value": "" },
        { "op": "remove", "path": "/throttle" },
        { "op": "remove", "path": "/quota" },
    ]);
    let list = r#"{"item":[],"position":"2nd/page="}"#;
    let calls = async |gateway: Gateway| {
        gateway.create_plan(&full_plan(), &tags()).await.unwrap();
        gateway
            .create_plan(&bare_plan("Bare"), &Tags::new())
            .await
            .unwrap();
        gateway.plan(&plan()).await.unwrap();
        gateway.plans().await.unwrap();
        let patches = full_plan().patches(&bare_plan("Bare"));
        gateway.update_plan(&plan(), &patches).await.unwrap();
        gateway.delete_plan(&plan()).await.unwrap();
    };
    let id = r#"{"id":"p1"}"#;
    of(
        &[id, id, id, list, "{}", "{}", "{}"],
        calls,
        &[
            ("CreateUsagePlan", full),
            ("CreateUsagePlan", json!({ "name": "Bare" })),
            ("GetUsagePlan", json!({ "usagePlanId": "p1" })),
            ("GetUsagePlans", json!({ "limit": 500 })),
            (
                "GetUsagePlans",
                json!({ "limit": 500, "position": "2nd/page=" }),
            ),
            (
                "UpdateUsagePlan",
                json!({ "usagePlanId": "p1", "patchOperations": patches }),
            ),
            ("DeleteUsagePlan", json!({ "usagePlanId": "p1" })),
        ],
    )
    .await
}

async fn of_keys() -> Vec<Value> {
    let calls = async |gateway: Gateway| {
        let value = NativeValue::new(MADE_UP);
        let full = NewNativeKey {
            description: Some("words".to_owned()),
            enabled: false,
            customer_id: Some("acme".to_owned()),
            tags: tags(),
            ..new_key("one", &value)
        };
        gateway.create_key(&full).await.unwrap();
        gateway.create_key(&new_key("two", &value)).await.unwrap();
        let found = gateway.key(&key()).await.unwrap().unwrap();
        gateway.keys(Values::Hidden, None).await.unwrap();
        gateway
            .keys(Values::Shown, Some("latch key/"))
            .await
            .unwrap();
        let wanted = latchkey_gateway::NativeKeyFields {
            name: "renamed".to_owned(),
            description: Some("words".to_owned()),
            enabled: true,
            customer_id: Some("acme".to_owned()),
        };
        gateway
            .update_key(&key(), &found.patches(&wanted))
            .await
            .unwrap();
        gateway.delete_key(&key()).await.unwrap();
    };
    let patches = json!([
        { "op": "replace", "path": "/name", "value": "renamed" },
        { "op": "replace", "path": "/description", "value": "words" },
        { "op": "replace", "path": "/enabled", "value": "true" },
        { "op": "replace", "path": "/customerId", "value": "acme" },
    ]);
    let full = json!({
        "name": "one",
        "description": "words",
        "enabled": false,
        "value": MADE_UP,
        "customerId": "acme",
        "tags": { "latchkey:stack": "demo" },
    });
    let shown = json!({ "limit": 500, "includeValues": true, "nameQuery": "latch key/" });
    let id = r#"{"id":"k1"}"#;
    of(
        &[id, id, id, r#"{"item":[]}"#, "{}", "{}", "{}"],
        calls,
        &[
            ("CreateApiKey", full),
            (
                "CreateApiKey",
                json!({ "name": "two", "enabled": true, "value": MADE_UP }),
            ),
            ("GetApiKey", json!({ "apiKey": "k1" })),
            (
                "GetApiKeys",
                json!({ "limit": 500, "includeValues": false }),
            ),
            ("GetApiKeys", shown),
            (
                "UpdateApiKey",
                json!({ "apiKey": "k1", "patchOperations": patches }),
            ),
            ("DeleteApiKey", json!({ "apiKey": "k1" })),
        ],
    )
    .await
}

async fn of_attachments_and_usage() -> Vec<Value> {
    let calls = async |gateway: Gateway| {
        gateway.add_key(&plan(), &key()).await.unwrap();
        gateway.has_key(&plan(), &key()).await.unwrap();
        gateway.remove_key(&plan(), &key()).await.unwrap();
        gateway.keys_on(&plan()).await.unwrap();
        let (start, end) = (date(2026, 11, 1), date(2026, 11, 30));
        gateway
            .usage(&plan(), None, start, end, None, 500)
            .await
            .unwrap();
        let at = Some("a+b");
        gateway
            .usage(&plan(), Some(&key()), start, end, at, 25)
            .await
            .unwrap();
        gateway.grant(&plan(), &key(), 250).await.unwrap();
    };
    let both = json!({ "usagePlanId": "p1", "keyId": "k1" });
    let with = |more: Value| {
        let mut parameters = both.clone();
        let more = more.as_object().unwrap().clone();
        parameters.as_object_mut().unwrap().extend(more);
        parameters
    };
    let usage = json!({
        "usagePlanId": "p1",
        "startDate": "2026-11-01",
        "endDate": "2026-11-30",
        "limit": 500,
    });
    let of_one = json!({
        "startDate": "2026-11-01",
        "endDate": "2026-11-30",
        "position": "a+b",
        "limit": 25,
    });
    let grant = json!([{ "op": "replace", "path": "/remaining", "value": "250" }]);
    of(
        &[r#"{"usagePlanId":"p1"}"#; 7],
        calls,
        &[
            ("CreateUsagePlanKey", with(json!({ "keyType": "API_KEY" }))),
            ("GetUsagePlanKey", both.clone()),
            ("DeleteUsagePlanKey", both.clone()),
            (
                "GetUsagePlanKeys",
                json!({ "usagePlanId": "p1", "limit": 500 }),
            ),
            ("GetUsage", usage),
            ("GetUsage", with(of_one)),
            ("UpdateUsage", with(json!({ "patchOperations": grant }))),
        ],
    )
    .await
}

async fn of_apis() -> Vec<Value> {
    let calls = async |gateway: Gateway| {
        gateway.key_source("a1").await.unwrap();
        gateway.flush_authorizers("a1", "prod").await.unwrap();
        gateway.deploy("a1", "prod", "by latchkey").await.unwrap();
        gateway
            .require_key("a1", "/orders", "GET", true)
            .await
            .unwrap();
    };
    let stage = json!({ "restApiId": "a1", "stageName": "prod" });
    let deployment =
        json!({ "restApiId": "a1", "stageName": "prod", "description": "by latchkey" });
    let method = json!({ "restApiId": "a1", "resourceId": "r1", "httpMethod": "GET" });
    let mut update = method.clone();
    update["patchOperations"] =
        json!([{ "op": "replace", "path": "/apiKeyRequired", "value": "true" }]);
    of(
        &[
            "{}",
            "{}",
            r#"{"id":"d1"}"#,
            r#"{"item":[{"id":"r1","path":"/orders"}]}"#,
            "{}",
            "{}",
        ],
        calls,
        &[
            ("GetRestApi", json!({ "restApiId": "a1" })),
            ("FlushStageAuthorizersCache", stage),
            ("CreateDeployment", deployment),
            ("GetResources", json!({ "restApiId": "a1", "limit": 500 })),
            ("GetMethod", method),
            ("UpdateMethod", update),
        ],
    )
    .await
}

async fn of_websocket_apis() -> Vec<Value> {
    let api = r#"{"protocolType":"WEBSOCKET"}"#;
    let scripted = Scripted::new([(404, "{}"), (200, api)]);
    let calls = async |gateway: Gateway| {
        gateway.key_source("w1").await.unwrap();
    };
    of_script(
        scripted,
        calls,
        &[
            ("GetRestApi", json!({ "restApiId": "w1" })),
            ("GetApi", json!({ "ApiId": "w1" })),
        ],
    )
    .await
}
