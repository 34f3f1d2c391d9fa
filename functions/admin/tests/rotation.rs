//! Keys that are given another value.

use serde_json::json;

use crate::{
    native_account,
    support::{Admin, SECOND, assert_answer},
};

const DAY: i64 = 24 * 3_600 * SECOND;
const CUSTOM: &str = "an-old-key-of-a-customer";

#[tokio::test]
async fn a_rotation_keeps_everything_but_the_value() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let body = json!({"name": "Acme", "prefix": "acme_test", "planIds": [plan], "customerId": "c"});
    let made = admin.post("/v1/keys", body).await;
    let path = format!("/v1/keys/{}", made.id());
    admin.pass(SECOND);
    let grace = json!({"gracePeriodSeconds": 86_400});
    let rotated = admin.post(&format!("{path}/rotate"), grace).await;
    assert_answer!("key_rotated", rotated);
    assert_ne!(rotated.text("value"), made.text("value"));
    let mut shown = admin.get(&path).await.body;
    shown["value"] = rotated.body["value"].clone();
    assert_eq!(shown, rotated.body, "all but the value is shown again");
    for value in [rotated.text("value"), made.text("value")] {
        assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    }
    for (answer, previous) in [(&rotated, false), (&made, true)] {
        let call = json!({"value": answer.text("value"), "apiId": "a1", "stage": "prod", "method": "GET", "path": "/"});
        let verified = admin.post("/v1/verify", call).await;
        assert_eq!(verified.body["previousValue"], previous);
        assert_eq!(verified.text("keyId"), made.id());
    }
    admin.pass(DAY - 1);
    assert_eq!(admin.reason(&made.text("value"), "a1:prod").await, "none");
    admin.pass(1);
    assert_eq!(
        admin.reason(&made.text("value"), "a1:prod").await,
        "unknown_key"
    );
    assert_eq!(
        admin.audited().await,
        ["key.create", "key.rotate", "plan.create"]
    );
}

#[tokio::test]
async fn without_a_body_the_old_value_stops_at_once_and_each_before_it() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (id, first) = admin.key(&[&plan]).await;
    let rotate = format!("/v1/keys/{id}/rotate");
    let second = admin.post(&rotate, json!({"gracePeriodSeconds": 60})).await;
    let third = admin.post(&rotate, json!({"gracePeriodSeconds": 30})).await;
    let ends = |number: usize| third.body["previousValues"][number]["expiresAt"].clone();
    assert_eq!(ends(0), "2026-11-25T12:01:00.000Z", "as it was given");
    assert_eq!(ends(1), "2026-11-25T12:00:30.000Z");
    admin.pass(31 * SECOND);
    for (value, reason) in [
        (&first, "none"),
        (&second.text("value"), "unknown_key"),
        (&third.text("value"), "none"),
    ] {
        assert_eq!(admin.reason(value, "a1:prod").await, reason);
    }
    let bare = crate::support::request(http::Method::POST, &rotate, None);
    let last = admin.send(bare).await;
    assert_eq!(
        (last.status.as_u16(), &last.body["previousValues"]),
        (200, &json!(null))
    );
    for value in [&first, &third.text("value")] {
        assert_eq!(admin.reason(value, "a1:prod").await, "unknown_key");
    }
    assert_eq!(admin.reason(&last.text("value"), "a1:prod").await, "none");
}

#[tokio::test]
async fn a_custom_value_is_replaced_by_a_generated_one_and_stays_the_key_s() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let body = json!({"value": CUSTOM, "planIds": [plan]});
    let made = admin.post("/v1/keys", body.clone()).await;
    let rotate = format!("/v1/keys/{}/rotate", made.id());
    let rotated = admin.post(&rotate, json!({"gracePeriodSeconds": 5})).await;
    assert_eq!(rotated.body["prefix"], "lk_live");
    for value in [CUSTOM, &rotated.text("value")] {
        assert_eq!(admin.reason(value, "a1:prod").await, "none");
    }
    admin.pass(5 * SECOND);
    assert_eq!(admin.reason(CUSTOM, "a1:prod").await, "unknown_key");
    let again = admin.post("/v1/keys", body.clone()).await;
    assert_eq!(
        (again.status.as_u16(), again.problem()),
        (409, "value-taken")
    );
    assert_eq!(again.text("keyId"), made.id());
    let detail = again.text("detail");
    assert!(detail.contains("has this value, or had it"), "{detail}");
    let path = format!("/v1/keys/{}", made.id());
    assert_eq!(admin.delete(&path).await.status, 204);
    let free = admin.post("/v1/keys", body).await;
    assert_eq!(free.status, 201, "until the key is deleted");
}

#[tokio::test]
async fn what_cannot_be_rotated_so_is_refused() {
    let admin = Admin::start().await;
    let (id, _) = admin.key(&[]).await;
    let rotate = format!("/v1/keys/{id}/rotate");
    for wrong in [
        json!(31_622_401),
        json!(u64::MAX),
        json!(-1),
        json!("1"),
        json!(1.5),
        json!(null),
    ] {
        let answer = admin
            .post(&rotate, json!({"gracePeriodSeconds": wrong}))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (400, "invalid-request")
        );
        assert!(
            answer.faults()[0].starts_with("/gracePeriodSeconds: "),
            "{wrong}"
        );
    }
    for _ in 0..5 {
        let answer = admin
            .post(&rotate, json!({"gracePeriodSeconds": 31_622_400}))
            .await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
    let answer = admin.post(&rotate, json!({"gracePeriodSeconds": 1})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (409, "too-many-values")
    );
    assert_eq!(admin.post(&rotate, json!({})).await.status, 200);
    let unknown = "/v1/keys/key_0000000000000000/rotate";
    assert_eq!(
        admin.post(unknown, json!({})).await.problem(),
        "unknown-key"
    );
}

#[tokio::test]
async fn whether_an_old_value_is_still_in_use_is_told() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (id, old) = admin.key(&[&plan]).await;
    let path = format!("/v1/keys/{id}");
    let last_used = async || admin.get(&path).await.body["previousValueLastUsedDate"].clone();
    let mut shown = admin.get(&path).await.body;
    assert_eq!(shown["previousValueLastUsedDate"].take(), json!(null));
    assert!(!shown.to_string().contains("previousValueLastUsedDate\":\""));
    let rotate = json!({"gracePeriodSeconds": 10 * 86_400});
    let new = admin
        .post(&format!("{path}/rotate"), rotate)
        .await
        .text("value");
    let authorizer = admin.authorizer(&[("KEY_CACHE_SECONDS", "0")]).await;
    assert_eq!(admin.call(&authorizer, &new, "a1:prod").await, None);
    assert_eq!(last_used().await, json!(null), "not since");
    assert_eq!(admin.call(&authorizer, &old, "a1:prod").await, None);
    admin.pass(DAY);
    assert_eq!(admin.call(&authorizer, &new, "a1:prod").await, None);
    assert_eq!(last_used().await, "2026-11-25");
    assert_eq!(admin.get(&path).await.body["lastUsedDate"], "2026-11-26");
}

#[tokio::test]
async fn what_api_gateway_keeps_of_a_key_is_forgotten_and_a_header_key_stays() {
    let (fake, admin) = native_account::start().await;
    let plan = native_account::made(&admin, &["authorizer:prod"]).await;
    let (id, _) = admin.key(&[&plan]).await;
    let twin = fake.keys();
    let rotated = admin
        .post(&format!("/v1/keys/{id}/rotate"), json!({}))
        .await;
    assert_eq!(rotated.body["apiGateway"]["state"], "inSync");
    assert_eq!(fake.flushes().len(), 1);
    assert_eq!(fake.keys(), twin, "the twin's value was never the client's");
    let header = admin
        .post("/v1/keys", json!({"nativeValue": "header"}))
        .await;
    let answer = admin
        .post(&format!("/v1/keys/{}/rotate", header.id()), json!({}))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (409, "header-key")
    );
}

/// Where a key's own meters do not tell of all its use, nothing is told rather than "never".
#[tokio::test]
async fn what_is_not_known_of_a_key_s_use_is_left_out() {
    let (_, admin) = native_account::start().await;
    let native = native_account::made(&admin, &["authorizer:prod"]).await;
    let shared = json!({"name": "S", "scope": "customer", "apiStages": []});
    let shared = admin.post("/v1/plans", shared).await.id();
    let own = admin.plan("Own", &[]).await;
    for (plan, told) in [(&own, true), (&shared, false), (&native, false)] {
        let body = json!({"planIds": [plan], "customerId": "c"});
        let key = admin.post("/v1/keys", body).await.id();
        let path = format!("/v1/keys/{key}");
        let grace = json!({"gracePeriodSeconds": 60});
        let rotated = admin.post(&format!("{path}/rotate"), grace).await;
        for answer in [rotated, admin.get(&path).await] {
            for field in ["lastUsedDate", "previousValueLastUsedDate"] {
                let there = answer.body.as_object().unwrap().contains_key(field);
                assert_eq!(there, told, "{field} on {plan}");
            }
        }
    }
}

/// Of two rotations at once each makes a value, and the later one's is the key's.
#[tokio::test]
async fn two_rotations_at_once_come_one_after_the_other() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (id, _) = admin.key(&[&plan]).await;
    let rotate = format!("/v1/keys/{id}/rotate");
    let body = json!({"gracePeriodSeconds": 60});
    let (one, two) = tokio::join!(
        admin.post(&rotate, body.clone()),
        admin.post(&rotate, body.clone())
    );
    for answer in [&one, &two] {
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(admin.reason(&answer.text("value"), "a1:prod").await, "none");
    }
    let previous = admin.get(&format!("/v1/keys/{id}")).await.body["previousValues"].clone();
    assert_eq!(previous.as_array().unwrap().len(), 2);
}
