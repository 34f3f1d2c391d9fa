//! Plans that API Gateway counts, and their keys: what it is asked to do, what is answered
//! meanwhile, and what is refused because it could not be held there.

use std::time::Duration;

use http::StatusCode;
use jiff::civil::date;
use latchkey_fake_gateway::{Failure, FakeGateway, Moment};
use latchkey_store::NativeObject;
use serde_json::{Value, json};

use crate::{
    native_account::{made, native_plan, start},
    support::{Admin, Answer, SECOND, stage_json},
};

/// The calls made since the last look, reads left out where `changes` is all that matters.
fn calls(fake: &FakeGateway) -> Vec<&'static str> {
    let calls = fake.calls().iter().map(|call| call.operation).collect();
    fake.forget_calls();
    calls
}

fn told(answer: &Answer, status: u16, problem: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (status, problem),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_plan_that_api_gateway_counts_is_made_changed_and_deleted_there() {
    let (fake, admin) = start().await;
    let body = json!({
        "name": "Gold",
        "description": "For those who pay",
        "enforcement": "apiGateway",
        "throttle": {"rateLimit": 10.5, "burstLimit": 20},
        "quota": {"limit": 1000, "period": "WEEK", "offset": 2},
        "apiStages": [{
            "apiId": "authorizer",
            "stage": "prod",
            "throttle": {"/orders/{id}/GET": {"rateLimit": 1, "burstLimit": 2}, "//GET": {"rateLimit": 5}},
        }],
    });
    let plan = admin.post("/v1/plans", body.clone()).await;
    assert_eq!(plan.status, StatusCode::CREATED);
    let (path, usage_plan) = (
        format!("/v1/plans/{}", plan.id()),
        plan.body["apiGateway"]["usagePlanId"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    assert_eq!(
        plan.body["apiGateway"],
        json!({"usagePlanId": usage_plan, "state": "inSync"})
    );
    for field in ["throttle", "quota", "apiStages", "enforcement"] {
        assert_eq!(plan.body[field], body[field], "{field}");
    }
    assert_eq!(calls(&fake), ["CreateUsagePlan"]);
    let there = fake.plans()[&usage_plan].clone();
    assert_eq!(there.name, "Gold");
    assert_eq!(there.quota.unwrap().offset, 2);
    assert_eq!(there.stages["authorizer:prod"].len(), 2);
    assert_eq!(there.tags["latchkey:plan"], plan.id());
    assert_eq!(admin.get(&path).await.body, plan.body);
    let listed = admin.get("/v1/plans").await;
    assert_eq!(listed.body["items"], json!([plan.body]));

    let patch = json!({
        "throttle": {"rateLimit": 7},
        "quota": {"period": "MONTH"},
        "apiStages": [{"apiId": "authorizer", "stage": "dev"}],
    });
    let patched = admin.patch(&path, patch).await;
    assert_eq!(patched.body["apiGateway"]["state"], "inSync");
    assert_eq!(
        calls(&fake),
        ["GetUsagePlan", "UpdateUsagePlan"],
        "one call for all"
    );
    let there = fake.plans()[&usage_plan].clone();
    assert_eq!(there.throttle.unwrap().rate_limit, 7.0);
    assert_eq!(there.quota.unwrap().period, "MONTH");
    assert_eq!(there.stages.keys().collect::<Vec<_>>(), ["authorizer:dev"]);

    admin.pass(20 * SECOND);
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(
        calls(&fake),
        ["GetUsagePlan", "UpdateUsagePlan", "DeleteUsagePlan"],
        "stages are taken off first"
    );
    assert!(fake.plans().is_empty());
}

#[tokio::test]
async fn enforcement_changes_while_no_key_is_on_the_plan() {
    let (fake, admin) = start().await;
    let plan = admin.plan("P", &["authorizer:prod"]).await;
    let path = format!("/v1/plans/{plan}");
    let patched = admin
        .patch(&path, json!({"enforcement": "apiGateway"}))
        .await;
    assert_eq!(patched.body["apiGateway"]["state"], "inSync");
    assert_eq!(fake.plans().len(), 1);
    let patched = admin.patch(&path, json!({"enforcement": "dynamodb"})).await;
    assert_eq!(patched.body.get("apiGateway"), None);
    assert!(fake.plans().is_empty());

    admin.key(&[&plan]).await;
    let answer = admin
        .patch(&path, json!({"enforcement": "apiGateway"}))
        .await;
    told(&answer, 409, "plan-in-use");
    assert_eq!(answer.body["keys"], 1);
}

#[tokio::test]
async fn what_belongs_to_api_gateway_s_plans_is_refused_elsewhere() {
    let (_, admin) = start().await;
    let beyond = json!({
        "name": "P",
        "enforcement": "apiGateway",
        "quota": {"limit": 3_000_000_000u64, "period": "HOUR"},
        "throttle": {"rateLimit": 1, "burstLimit": 1},
        "apiStages": [{"apiId": "*", "stage": "*", "units": {"/orders/GET": 1, "/reports/GET": 5}}],
        "scope": "customer",
    });
    let answer = admin.post("/v1/plans", beyond).await;
    assert_eq!(
        answer.faults(),
        [
            "/apiStages/0: with enforcement apiGateway each stage is named, with its apiId: * is none",
            "/apiStages/0/units: with enforcement apiGateway each call costs one unit",
            "/apiStages/0/units/~1reports~1GET: is more than the burst of the plan's throttle (1), so that no such call would ever pass",
            "/quota/limit: with enforcement apiGateway a limit is at most 2147483647",
            "/quota/period: with enforcement apiGateway the period is DAY, WEEK or MONTH",
            "/scope: with enforcement apiGateway each key has its own allowance: scope is key",
        ]
    );
    let offset = json!({"name": "P", "quota": {"limit": 1, "period": "WEEK", "offset": 1}});
    let answer = admin.post("/v1/plans", offset).await;
    assert_eq!(
        answer.faults(),
        [
            "/quota/offset: is only passed on to API Gateway: it belongs to a plan with enforcement apiGateway"
        ]
    );
    let offset = json!({"name": "P", "enforcement": "apiGateway", "quota": {"limit": 1, "period": "WEEK", "offset": 7}});
    let answer = admin.post("/v1/plans", offset).await;
    assert_eq!(
        answer.faults(),
        ["/quota/offset: \"7\" is not an offset: 0 to 6 for WEEK"]
    );
    let nowhere = Admin::start().await;
    let answer = nowhere.post("/v1/plans", native_plan(&[])).await;
    assert!(answer.faults()[0].starts_with("/enforcement: apiGateway needs API Gateway"));
    let answer = nowhere
        .post("/v1/keys", json!({"nativeValue": "header"}))
        .await;
    told(&answer, 400, "no-api-gateway");
}

#[tokio::test]
async fn a_key_gets_a_twin_that_opens_nothing() {
    let (fake, admin) = start().await;
    let plan = made(&admin, &["authorizer:prod"]).await;
    calls(&fake);
    let body = json!({"name": "Acme", "description": "d", "customerId": "cus_1"});
    let made = admin.post("/v1/keys", body).await;
    assert_eq!(made.body["nativeValue"], "internal");
    let (key, value) = (made.id(), made.text("value"));
    assert_eq!(calls(&fake), [""; 0], "a key on no plan has no twin");

    let path = format!("/v1/plans/{plan}/keys/{key}");
    let attached = admin.put(&path).await;
    assert_eq!(attached.status, StatusCode::CREATED);
    assert_eq!(
        calls(&fake),
        [
            "GetRestApi",
            "CreateApiKey",
            "GetRestApi",
            "CreateUsagePlanKey",
            "FlushStageAuthorizersCache",
        ],
        "looked at before it is promised, and before it is done"
    );
    let (twin_id, twin) = fake.keys().pop_first().unwrap();
    assert_eq!(
        attached.body["apiGateway"],
        json!({"keyId": twin_id, "state": "inSync"})
    );
    assert_eq!(
        (
            twin.name.as_str(),
            twin.customer_id.as_deref(),
            twin.enabled
        ),
        ("Acme", Some("cus_1"), true)
    );
    assert_eq!(twin.tags["latchkey:key"], key);
    assert_ne!(twin.value, value);
    assert_eq!(
        admin.reason(&twin.value, "authorizer:prod").await,
        "unknown_key"
    );
    assert_eq!(admin.reason(&value, "authorizer:prod").await, "none");
    assert_eq!(admin.get(&path).await.body, attached.body);
    let listed = admin.get(&format!("/v1/plans/{plan}/keys")).await;
    assert_eq!(listed.body["items"], json!([attached.body]));
    let again = admin.put(&path).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &attached.body));
    calls(&fake);

    // Disabling, renaming, detaching, deleting follow.
    admin.pass(10 * SECOND);
    let patched = admin
        .patch(
            &format!("/v1/keys/{key}"),
            json!({"enabled": false, "name": null}),
        )
        .await;
    assert_eq!(
        patched.body["apiGateway"],
        json!({"keyId": twin_id, "state": "inSync"})
    );
    assert_eq!(
        calls(&fake),
        ["GetApiKey", "UpdateApiKey", "FlushStageAuthorizersCache"]
    );
    let twin = fake.keys()[&twin_id].clone();
    assert_eq!((twin.enabled, twin.name.as_str()), (false, key.as_str()));
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(calls(&fake), ["DeleteUsagePlanKey"]);
    assert_eq!(
        fake.keys().len(),
        1,
        "what it has used counts again if it comes back"
    );
    let back = admin.put(&path).await;
    assert_eq!(back.body["apiGateway"]["keyId"], twin_id.as_str());
    assert_eq!(
        calls(&fake),
        ["GetRestApi", "GetRestApi", "CreateUsagePlanKey"],
        "the stage was flushed just before"
    );
    assert_eq!(admin.delete(&format!("/v1/keys/{key}")).await.status, 204);
    assert_eq!(calls(&fake), ["DeleteApiKey"]);
    assert!(fake.keys().is_empty());
}

#[tokio::test]
async fn a_key_is_made_on_a_plan_that_api_gateway_counts_in_one_go() {
    let (fake, admin) = start().await;
    let plan = made(&admin, &["authorizer:prod"]).await;
    let own = admin.plan("Own", &["other:prod"]).await;
    let (key, value) = admin.key(&[&plan, &own]).await;
    let (twin_id, twin) = fake.keys().pop_first().unwrap();
    let native = fake.plans().pop_first().unwrap().0;
    assert!(fake.keys_on(&native).contains(&twin_id));
    assert_ne!(twin.value, value);
    let attachment = admin.get(&format!("/v1/plans/{own}/keys/{key}")).await;
    assert_eq!(attachment.body.get("apiGateway"), None);
}

#[tokio::test]
async fn an_internal_twin_is_on_no_api_that_takes_keys_from_the_header() {
    let (fake, admin) = start().await;
    let open = made(&admin, &["header:prod"]).await;
    let (key, _) = admin.key(&[]).await;
    let answer = admin.put(&format!("/v1/plans/{open}/keys/{key}")).await;
    told(&answer, 409, "api-key-source");
    assert_eq!(answer.body["apiId"], "header");
    told(
        &admin.post("/v1/keys", json!({"planIds": [open]})).await,
        409,
        "api-key-source",
    );
    assert!(fake.keys().is_empty());

    // A stage that comes to a plan with such keys, too.
    let plan = made(&admin, &["authorizer:prod"]).await;
    assert_eq!(
        admin
            .put(&format!("/v1/plans/{plan}/keys/{key}"))
            .await
            .status,
        201
    );
    let path = format!("/v1/plans/{plan}");
    let stages =
        |stage: &str| json!({"apiStages": [stage_json("authorizer:prod"), stage_json(stage)]});
    told(
        &admin.patch(&path, stages("header:dev")).await,
        409,
        "api-key-source",
    );
    assert_eq!(
        admin.patch(&path, stages("authorizer:dev")).await.status,
        200
    );
    // Not where all keys are of the header kind.
    let header = admin
        .post(
            "/v1/keys",
            json!({"nativeValue": "header", "planIds": [open]}),
        )
        .await;
    assert_eq!(header.status, 201, "{}", header.body);
}

#[tokio::test]
async fn a_key_with_its_value_in_the_header_is_made_there_or_not_at_all() {
    let (fake, admin) = start().await;
    let plan = made(&admin, &["header:prod"]).await;
    let body = json!({"name": "Acme", "nativeValue": "header", "planIds": [plan]});
    let key = admin.post("/v1/keys", body.clone()).await;
    assert_eq!(key.status, StatusCode::CREATED);
    assert_eq!(key.body["nativeValue"], "header");
    let (native_id, native) = fake.keys().pop_first().unwrap();
    assert_eq!(native.value, key.text("value"));
    let path = format!("/v1/plans/{plan}/keys/{}", key.id());
    assert_eq!(
        admin.get(&path).await.body["apiGateway"],
        json!({"keyId": native_id, "state": "inSync"})
    );
    let before = (admin.items().await.len(), fake.keys());

    let custom = json!({"nativeValue": "header", "value": "a-customer-s-own-value"});
    for (failure, status, problem) in [
        (
            Failure::Conflict("API Key already exists".into()),
            409,
            "value-taken",
        ),
        (Failure::Throttled, 503, "api-gateway-unavailable"),
        (Failure::Fault, 503, "api-gateway-unavailable"),
        (Failure::LimitExceeded, 503, "api-gateway-unavailable"),
        (Failure::BadRequest("no".into()), 400, "api-gateway-refused"),
    ] {
        fake.fail_next("CreateApiKey", failure.clone());
        let answer = admin.post("/v1/keys", custom.clone()).await;
        told(&answer, status, problem);
        assert!(!answer.body.to_string().contains("a-customer-s-own-value"));
        if failure == Failure::LimitExceeded {
            assert!(
                answer
                    .text("detail")
                    .contains("API keys per account per Region")
            );
        }
        let kept = admin.get("/v1/keys").await.ids();
        assert_eq!(kept, [key.id()], "{failure:?}");
        assert_eq!(fake.keys(), before.1);
    }
    // The answer was lost: the key is gone here, and to go there.
    fake.fail_next("CreateApiKey", Failure::AnswerLost);
    let answer = admin.post("/v1/keys", custom).await;
    told(&answer, 503, "api-gateway-unavailable");
    assert_eq!(admin.get("/v1/keys").await.ids(), [key.id()]);
    assert_eq!(fake.keys().len(), 2, "the reconciler finds it by its tag");
    assert_eq!(
        admin.delete(&format!("/v1/keys/{}", key.id())).await.status,
        204
    );
}

#[tokio::test]
async fn a_rule_that_would_not_be_held_is_refused() {
    let (fake, admin) = start().await;
    let plan = made(&admin, &["authorizer:prod"]).await;
    let rules = json!({"allowedIps": ["192.0.2.0/24"]});
    let key = admin.post("/v1/keys", rules.clone()).await.id();
    let answer = admin.put(&format!("/v1/plans/{plan}/keys/{key}")).await;
    told(&answer, 400, "key-not-held");
    assert!(
        answer
            .text("detail")
            .contains("its allowedIps cannot be held")
    );
    let (key, _) = admin.key(&[&plan]).await;
    let answer = admin.patch(&format!("/v1/keys/{key}"), rules).await;
    told(&answer, 400, "invalid-request");
    assert!(
        answer.faults()[0].starts_with("/allowedIps: cannot be held"),
        "{:?}",
        answer.faults()
    );
    let header = json!({
        "nativeValue": "header",
        "expiresAt": "2027-01-01T00:00:00Z",
        "allowedIps": ["192.0.2.1"],
    });
    let answer = admin.post("/v1/keys", header).await;
    told(&answer, 400, "invalid-request");
    let places: Vec<_> = answer.faults();
    assert!(
        places[0].starts_with("/allowedIps: cannot be held"),
        "{places:?}"
    );
    assert!(
        places[1].starts_with("/expiresAt: cannot be held"),
        "{places:?}"
    );
    assert_eq!(fake.keys().len(), 1);
    let expiry = json!({"expiresAt": "2027-01-01T00:00:00Z"});
    assert_eq!(
        admin.patch(&format!("/v1/keys/{key}"), expiry).await.status,
        200
    );
}

#[tokio::test]
async fn what_api_gateway_does_not_do_at_once_is_pending_and_the_answer_says_why() {
    let (fake, admin) = start().await;
    fake.fail_next("CreateUsagePlan", Failure::Throttled);
    let plan = admin
        .post("/v1/plans", native_plan(&["authorizer:prod"]))
        .await;
    assert_eq!(plan.status, StatusCode::CREATED);
    assert_eq!(
        plan.body["apiGateway"],
        json!({"state": "pending", "reason": "API Gateway's rate of CreateUsagePlan calls is used up"})
    );
    let key = admin
        .post("/v1/keys", json!({"planIds": [plan.id()]}))
        .await;
    assert_eq!(key.status, StatusCode::CREATED);
    let path = format!("/v1/plans/{}/keys/{}", plan.id(), key.id());
    let attachment = admin.get(&path).await.body;
    assert_eq!(attachment["apiGateway"]["state"], "pending");
    assert_eq!(
        attachment["apiGateway"]["reason"],
        "waits for its usage plan and its key"
    );

    fake.fail_next("CreateUsagePlan", Failure::LimitExceeded);
    let refused = admin
        .post("/v1/plans", native_plan(&["authorizer:dev"]))
        .await;
    assert_eq!(refused.status, StatusCode::CREATED);
    assert_eq!(
        refused.body["apiGateway"],
        json!({
            "state": "failed",
            "reason": "the AWS quota \"Usage plans per account per Region\" is used up",
        })
    );
    assert!(fake.plans().is_empty());
    let pending = admin
        .store
        .native(&NativeObject::Plan(plan.id().parse().unwrap()))
        .await;
    assert_eq!(pending.unwrap().unwrap().attempts, 1, "tried once");
}

/// The value is in this one answer: it does not wait for an API Gateway that does not answer.
#[tokio::test(start_paused = true)]
async fn a_key_that_was_made_is_answered_however_slow_api_gateway_is() {
    let (fake, admin) = start().await;
    let plan = made(&admin, &["authorizer:prod"]).await;
    for (calls, state) in [(1, "inSync"), (2, "pending")] {
        fake.stop_after(calls, Moment::Before);
        let before = tokio::time::Instant::now();
        let key = admin.post("/v1/keys", json!({"planIds": [plan]})).await;
        assert_eq!(key.status, StatusCode::CREATED, "{}", key.body);
        assert!(key.text("value").starts_with("lk_live_"));
        assert_eq!(key.body["apiGateway"]["state"], state);
        assert!(before.elapsed() < Duration::from_secs(20));
    }
}

#[tokio::test]
async fn what_is_told_of_a_key_on_a_plan_is_whatever_is_farther_behind() {
    let (fake, admin) = start().await;
    let plan = made(&admin, &["authorizer:prod"]).await;
    let (key, _) = admin.key(&[&plan]).await;
    fake.fail_next("UpdateApiKey", Failure::Throttled);
    let patched = admin
        .patch(&format!("/v1/keys/{key}"), json!({"enabled": false}))
        .await;
    assert_eq!(patched.status, 200);
    let reason = "API Gateway's rate of UpdateApiKey calls is used up";
    let shown = admin.get(&format!("/v1/keys/{key}")).await;
    let attachment = admin.get(&format!("/v1/plans/{plan}/keys/{key}")).await;
    for told in [&patched.body, &shown.body, &attachment.body] {
        assert_eq!(told["apiGateway"]["state"], "pending");
        assert_eq!(told["apiGateway"]["reason"], reason);
    }
}

#[tokio::test]
async fn use_is_what_api_gateway_tells() {
    let (fake, admin) = start().await;
    let body = json!({
        "name": "Gold",
        "enforcement": "apiGateway",
        "quota": {"limit": 100, "period": "MONTH"},
        "apiStages": [stage_json("authorizer:prod")],
    });
    let plan = admin.post("/v1/plans", body).await.id();
    let native = fake.plans().pop_first().unwrap().0;
    let mut keys = Vec::new();
    for used in [5, 7, 11] {
        let (key, _) = admin.key(&[&plan]).await;
        let attached = admin.get(&format!("/v1/plans/{plan}/keys/{key}")).await;
        let twin = attached.body["apiGateway"]["keyId"]
            .as_str()
            .unwrap()
            .to_owned();
        let days = [(used, 100 - used), (2 * used, 100 - 3 * used)];
        fake.set_usage(&native, &twin, date(2026, 11, 24), &days);
        keys.push((key, used));
    }
    let path = format!("/v1/plans/{plan}/usage");
    let whole = admin.get(&format!("{path}?startDate=2026-11-24")).await;
    assert_eq!(
        (&whole.body["planId"], &whole.body["endDate"]),
        (&json!(plan), &json!("2026-11-25"))
    );
    for (key, used) in &keys {
        assert_eq!(
            whole.body["values"][key],
            json!([[used, 100 - used], [2 * used, 100 - 3 * used]])
        );
        let one = admin.get(&format!("{path}?keyId={key}")).await;
        assert_eq!(
            one.body["values"],
            json!({key: [[2 * used, 100 - 3 * used]]})
        );
        let by_key = admin.get(&format!("/v1/keys/{key}/usage")).await;
        assert_eq!(
            by_key.body["values"],
            json!({&plan: [[2 * used, 100 - 3 * used]]})
        );
    }
    // In API Gateway's pages.
    let mut seen = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = admin.get(&format!("{path}?limit=2{cursor}")).await;
        seen.extend(page.body["values"].as_object().unwrap().keys().cloned());
        next = page.body["cursor"]
            .as_str()
            .map(|cursor| format!("&cursor={cursor}"));
        assert!(seen.len() <= 3);
    }
    seen.sort();
    let mut expected: Vec<String> = keys.iter().map(|(key, _)| key.clone()).collect();
    expected.sort();
    assert_eq!(seen, expected);

    let (key, _) = &keys[0];
    let granted = admin
        .patch(
            &format!("/v1/plans/{plan}/keys/{key}/usage"),
            json!({"remaining": 42}),
        )
        .await;
    assert_eq!(granted.status, 200, "{}", granted.body);
    let used = 2 * keys[0].1;
    assert_eq!(granted.body["values"], json!({key: [[used, 42]]}));
    let attached = admin.get(&format!("/v1/plans/{plan}/keys/{key}")).await;
    let twin = attached.body["apiGateway"]["keyId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(fake.granted(&native, &twin), Some(42));
    assert!(
        admin
            .audited()
            .await
            .iter()
            .any(|entry| entry.starts_with("usage.grant"))
    );
    // A key that API Gateway does not name was not used.
    let (idle, _) = admin.key(&[&plan]).await;
    let one = admin.get(&format!("{path}?keyId={idle}")).await;
    assert_eq!(one.body["values"], json!({&idle: [[0, 100]]}));
    fake.fail_next("GetUsage", Failure::Throttled);
    told(&admin.get(&path).await, 503, "api-gateway-unavailable");
    let cursor = admin.get("/v1/plans?limit=1").await.body["cursor"].clone();
    assert_eq!(cursor, Value::Null);
    let foreign = latchkey_store::Cursor::decode("e30").unwrap().encode();
    let answer = admin.get(&format!("{path}?cursor={foreign}")).await;
    told(&answer, 400, "invalid-request");
}

#[tokio::test]
async fn a_key_that_changes_has_the_authorizer_s_results_forgotten() {
    let (fake, admin) = start().await;
    let plan = made(&admin, &["authorizer:prod", "authorizer:dev"]).await;
    let (first, _) = admin.key(&[&plan]).await;
    let (second, _) = admin.key(&[&plan]).await;
    assert!(fake.flushes().is_empty());
    for key in [&first, &second] {
        admin
            .patch(&format!("/v1/keys/{key}"), json!({"enabled": false}))
            .await;
    }
    let flushed: Vec<String> = fake
        .flushes()
        .iter()
        .map(|flush| format!("{}:{}", flush.api, flush.stage))
        .collect();
    assert_eq!(
        flushed,
        ["authorizer:dev", "authorizer:prod"],
        "once for both"
    );
    for key in [&first, &second] {
        let flush = NativeObject::Flush(key.parse().unwrap());
        let again = admin.store.native(&flush).await.unwrap().unwrap();
        assert!(
            again.reason.unwrap().contains("once more"),
            "when no authorizer remembers the key"
        );
    }
    // A plan that Latchkey counts has no results that are kept.
    let own = admin.plan("Own", &["header:prod"]).await;
    let (third, _) = admin.key(&[&own]).await;
    admin.delete(&format!("/v1/keys/{third}")).await;
    assert_eq!(fake.flushes().len(), 2);
}

#[tokio::test]
async fn verify_tells_the_plan_and_leaves_its_limits_to_api_gateway() {
    let (_, admin) = start().await;
    let plan = made(&admin, &["authorizer:prod"]).await;
    let (_, value) = admin.key(&[&plan]).await;
    let call = json!({"value": value, "apiId": "authorizer", "stage": "prod", "method": "GET", "path": "/"});
    let verified = admin.post("/v1/verify", call.clone()).await;
    assert_eq!(
        (&verified.body["decision"], &verified.body["planId"]),
        (&json!("allow"), &json!(plan))
    );
    let outcome = |name: &str| {
        let checks = verified.body["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        check["outcome"].clone()
    };
    assert_eq!(
        (outcome("quota_exceeded"), outcome("no_usage_plan")),
        (json!("skipped"), json!("pass"))
    );
}
