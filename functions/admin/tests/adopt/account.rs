//! An account with usage plans and keys of its own, and requests to adopt them.

use std::collections::BTreeMap;

use latchkey_fake_gateway::{
    FakeGateway, FakeKey, FakePlan, FakeQuota, FakeThrottle, Limits, Rates, Source,
};
use serde_json::{Value, json};

use crate::support::{Admin, Answer, Item};

pub(super) const ADOPT: &str = "/v1/adopt";

/// APIs `a1` and `a2`, which take keys from the header, and `auth`, which does from its
/// authorizer, each with the stage `prod`.
pub(super) fn empty() -> FakeGateway {
    let fake = FakeGateway::new(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    for api in ["a1", "a2"] {
        fake.set_api(api, Source::Header, &["prod"]);
    }
    fake.set_api("auth", Source::Authorizer, &["prod"]);
    fake
}

/// A plan of the stage `prod` of these APIs, with a quota of 10 a month.
pub(super) fn plan(id: &str, apis: &[&str]) -> FakePlan {
    let stages = apis
        .iter()
        .map(|api| (format!("{api}:prod"), BTreeMap::new()));
    FakePlan {
        id: id.to_owned(),
        name: format!("Plan {id}"),
        description: Some("For those who pay".to_owned()),
        throttle: Some(throttle(100.5, 200)),
        quota: Some(quota(10, "MONTH")),
        stages: stages.collect(),
        ..FakePlan::default()
    }
}

pub(super) fn throttle(rate_limit: f64, burst_limit: i32) -> FakeThrottle {
    FakeThrottle {
        rate_limit,
        burst_limit,
    }
}

pub(super) fn quota(limit: i32, period: &str) -> FakeQuota {
    FakeQuota {
        limit,
        offset: 0,
        period: period.to_owned(),
    }
}

/// A key whose value is [`value`] of its id.
pub(super) fn key(id: &str) -> FakeKey {
    FakeKey {
        id: id.to_owned(),
        name: format!("Key {id}"),
        enabled: true,
        value: value(id),
        ..FakeKey::default()
    }
}

pub(super) fn value(id: &str) -> String {
    format!("a-customers-own-value-{id}")
}

/// Puts a plan with keys of these ids into the account; keys that are there stay.
pub(super) fn put(fake: &FakeGateway, plan: FakePlan, keys: &[&str]) {
    let id = fake.put_plan(plan);
    for key_id in keys {
        if !fake.keys().contains_key(*key_id) {
            fake.put_key(key(key_id));
        }
        fake.attach(&id, key_id);
    }
}

/// The plans `gold` (a1) with the keys `k1` and `k2`, `silver` (a2) with `k2` and `k3`, and
/// the key `k4` on none.
pub(super) fn small() -> FakeGateway {
    let fake = empty();
    put(&fake, plan("gold", &["a1"]), &["k1", "k2"]);
    put(&fake, plan("silver", &["a2"]), &["k2", "k3"]);
    fake.put_key(FakeKey {
        description: Some("Nightly import".to_owned()),
        enabled: false,
        customer_id: Some("cus_4".to_owned()),
        ..key("k4")
    });
    fake
}

pub(super) fn body(dry_run: bool, enforcement: &str) -> Value {
    json!({"dryRun": dry_run, "enforcement": enforcement})
}

pub(super) async fn dry(admin: &Admin, enforcement: &str) -> Answer {
    ok(admin.post(ADOPT, body(true, enforcement)).await)
}

pub(super) async fn adopt(admin: &Admin, enforcement: &str) -> Answer {
    ok(admin.post(ADOPT, body(false, enforcement)).await)
}

fn ok(answer: Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body.get("cursor"), None, "{}", answer.body);
    answer
}

/// What became of the plans or keys of an answer: `id outcome`, by their ids at API Gateway.
pub(super) fn outcomes(answer: &Answer, of: &str) -> Vec<String> {
    let id = match of {
        "plans" => "usagePlanId",
        _ => "apiKeyId",
    };
    let lines = answer.body[of].as_array().unwrap();
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines
        .iter()
        .map(|line| format!("{} {}", text(line, id), text(line, "outcome")))
        .collect()
}

/// The reason of the line of this id at API Gateway.
pub(super) fn reason(answer: &Answer, id: &str) -> String {
    let lists = ["plans", "keys", "attachments"].map(|of| answer.body[of].as_array().unwrap());
    let mut lines = lists.into_iter().flatten();
    let line = lines.find(|line| {
        let is = |name: &str| line[name] == id;
        line.get("reason").is_some() && (is("apiKeyId") || is("usagePlanId"))
    });
    let line = line.unwrap_or_else(|| panic!("{id}: {}", answer.body));
    assert_eq!(line["outcome"], "skipped");
    line["reason"].as_str().unwrap().to_owned()
}

/// Latchkey's id of the key of this value.
pub(super) fn key_id(id: &str) -> String {
    let value = latchkey_domain::KeyValue::custom(&value(id)).unwrap();
    value.presented().id.to_string()
}

/// The items of the table without its audit records, by their keys.
pub(super) async fn written(admin: &Admin) -> Vec<Item> {
    let mut items = admin.items().await;
    let key = |item: &Item| (item["pk"].clone(), item["sk"].clone());
    items.retain(|item| !item["pk"].as_s().unwrap().starts_with("AUDIT#"));
    items.sort_by_key(|item| format!("{:?}", key(item)));
    items
}

/// Nothing at API Gateway was changed by these calls.
pub(super) fn only_reads(fake: &FakeGateway) {
    for call in fake.calls() {
        assert!(call.operation.starts_with("Get"), "{call:?}");
    }
}
