//! API keys.

use latchkey_domain::KeyValue;
use serde_json::json;

use crate::support::{Admin, SECOND, assert_answer};

const CUSTOM: &str = "an-old-key-of-a-customer";

#[tokio::test]
async fn a_key_is_made_on_its_plans_and_works_on_the_first_call() {
    let admin = Admin::start().await;
    let plans = [
        admin.plan("A", &["a1:prod"]).await,
        admin.plan("B", &["a2:prod"]).await,
    ];
    let body = json!({
        "name": "Acme",
        "description": "Nightly import",
        "prefix": "acme_test",
        "customerId": "cus_1",
        "enabled": true,
        "notBefore": "2026-11-25T13:00:00+02:00",
        "expiresAt": "2027-11-25T00:00:00.5Z",
        "allowedIps": ["10.0.0.0/8", "::ffff:192.0.2.7", "2001:db8::/32"],
        "metadata": {"tier": "gold", "empty": "", "left out": null},
        "planIds": plans,
    });
    let made = admin.post("/v1/keys", body.clone()).await;
    assert_eq!(
        made.faults(),
        [
            "/metadata/left out: \"left out\" is not a metadata name: 1 to 40 characters of A-Z a-z 0-9 _"
        ]
    );
    let mut body = body;
    body["metadata"] = json!({"tier": "gold", "empty": "", "left_out": null});
    let made = admin.post("/v1/keys", body).await;
    assert_answer!("key_created", made);
    assert_eq!(
        admin
            .reason_from(&made.text("value"), "a1:prod", "10.1.2.3")
            .await,
        "none"
    );
    let mut shown = admin.get(&format!("/v1/keys/{}", made.id())).await.body;
    shown["value"] = made.body["value"].clone();
    assert_eq!(shown, made.body, "all but the value is shown again");
    assert_eq!(
        admin.audited().await,
        ["key.create", "plan.create", "plan.create"]
    );
}

#[tokio::test]
async fn a_key_that_has_expired_already_says_so() {
    let admin = Admin::start().await;
    let plan = admin.plan("Gold", &[]).await;
    let body = json!({"planIds": [plan], "expiresAt": "2020-01-01T00:00:00Z"});
    let made = admin.post("/v1/keys", body).await;
    assert_eq!(made.status.as_u16(), 201);
    let notice = made.body["notice"].as_str().unwrap();
    assert!(notice.contains("key_expired"), "{notice}");
}

#[tokio::test]
async fn a_key_without_a_plan_says_so() {
    let admin = Admin::start().await;
    let made = admin.post("/v1/keys", json!({})).await;
    assert_answer!("key_without_a_plan", made);
    assert_eq!(
        admin.reason(&made.text("value"), "a1:prod").await,
        "no_usage_plan"
    );
}

#[tokio::test]
async fn a_custom_value_is_taken_once() {
    let admin = Admin::start().await;
    let made = admin
        .post("/v1/keys", json!({"value": CUSTOM, "name": "Old"}))
        .await;
    assert_answer!("key_custom", made);
    assert_eq!(made.text("value"), CUSTOM);
    assert_answer!(
        "key_value_taken",
        admin.post("/v1/keys", json!({"value": CUSTOM})).await
    );
    assert_eq!(admin.audited().await, ["key.create"]);
    assert_eq!(
        admin
            .delete(&format!("/v1/keys/{}", made.id()))
            .await
            .status,
        204
    );
    assert_eq!(
        admin
            .post("/v1/keys", json!({"value": CUSTOM}))
            .await
            .status,
        201,
        "deleted, it is free"
    );
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let admin = Admin::start().await;
    let wrong = json!({
        "name": "",
        "value": ["not", "a", "text"],
        "prefix": "lk-live",
        "customerId": "a b",
        "enabled": "yes",
        "notBefore": "tomorrow",
        "expiresAt": 1_800_000_000,
        "allowedIps": ["10.0.0.1/8", 7],
        "metadata": {"a-b": "x", "tier": 5},
        "planIds": ["plan one"],
        "routes": ["GET /"],
        "nativeValue": "internal",
        "id": "key_1",
        "quota": {"limit": 5, "period": "DAY"},
    });
    assert_answer!("key_all_wrong", admin.post("/v1/keys", wrong).await);
    assert_eq!(admin.audited().await, [""; 0]);
}

#[tokio::test]
async fn what_no_single_field_tells_is_told_at_once_too() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &[]).await;
    let wrong = json!({
        "value": CUSTOM,
        "prefix": "acme",
        "notBefore": "2027-01-01T00:00:00Z",
        "expiresAt": "2027-01-01T00:00:00Z",
        "name": "n".repeat(1024),
        "metadata": (0..19).map(|n| (format!("m{n}"), "v".repeat(256))).collect::<std::collections::BTreeMap<_, _>>(),
        "planIds": [plan, "none", plan],
    });
    assert_eq!(
        admin.post("/v1/keys", wrong).await.faults(),
        [
            "/expiresAt: must be later than notBefore",
            "/metadata: \"6087 bytes\" is not a size for name, customerId and metadata: at most 5120 bytes together, since API Gateway refuses an authorizer's answer over 8 KB",
            "/planIds/1: no usage plan has this id",
            "/planIds/2: is named twice",
            "/prefix: belongs to a generated value: leave out either prefix or value",
        ]
    );
}

#[tokio::test]
async fn single_fields_are_held_to_their_rules() {
    let admin = Admin::start().await;
    let many: std::collections::BTreeMap<_, _> = (0..21).map(|n| (format!("m{n}"), "v")).collect();
    let ids: Vec<String> = (0..11).map(|n| format!("plan{n}")).collect();
    let refused = [
        (
            json!({"value": "short"}),
            "/value: a custom key value has 20 to 128 printable ASCII characters and no blanks",
        ),
        (
            json!({"value": KeyValue::generate(&Default::default(), &[7; 48]).expose()}),
            "/value: a custom key value may not have the form of a generated one: a prefix, `_` and 54 letters and digits",
        ),
        (
            json!({"enabled": 1}),
            "/enabled: must be true or false, not a whole number",
        ),
        (
            json!({"expiresAt": "2027-01-31"}),
            "/expiresAt: \"2027-01-31\" is not a time: RFC 3339, such as 2027-01-31T00:00:00Z, from 1970 on",
        ),
        (
            json!({"allowedIps": []}),
            "/allowedIps: \"0\" is not a number of networks: 1 to 100; leave the list out to allow every address",
        ),
        (
            json!({"allowedIps": vec!["10.0.0.1"; 101]}),
            "/allowedIps: a key may have 100 networks",
        ),
        (
            json!({"metadata": {"m": "v".repeat(257)}}),
            "/metadata/m: not a metadata value: at most 256 characters, none of them a control character",
        ),
        (
            json!({"metadata": many}),
            "/metadata: \"m9\" is not a metadata name that still fits: at most 20 entries",
        ),
        (
            json!({"planIds": ids}),
            "/planIds: a key may be on 10 plans",
        ),
        (
            json!({"planIds": "gold"}),
            "/planIds: must be a list, not a string",
        ),
    ];
    for (body, fault) in refused {
        let answer = admin.post("/v1/keys", body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.faults()),
            (400, vec![fault.to_owned()]),
            "{body}"
        );
    }
    let answer = admin
        .send(crate::support::request(
            http::Method::POST,
            "/v1/keys",
            Some("[]".into()),
        ))
        .await;
    assert_eq!(
        answer.faults(),
        ["the body: must be an object, not a list"].map(|fault| fault.replace("the body", ""))
    );
}

#[tokio::test]
async fn two_plans_of_a_key_do_not_cover_one_stage() {
    let admin = Admin::start().await;
    let (one, all) = (
        admin.plan("One", &["a1:prod"]).await,
        admin.plan("All", &["*:*"]).await,
    );
    let answer = admin.post("/v1/keys", json!({"planIds": [one, all]})).await;
    assert_answer!("key_plans_overlap", answer);
    assert_eq!(admin.get("/v1/keys").await.ids(), [""; 0]);
}

#[tokio::test]
async fn absent_keeps_null_clears_a_value_sets() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let body = json!({
        "name": "Acme", "description": "d", "customerId": "cus_1", "enabled": false, "notBefore": "2026-01-01T00:00:00Z",
        "expiresAt": "2027-01-01T00:00:00Z", "allowedIps": ["10.0.0.0/8"], "metadata": {"a": "1", "b": "2"}, "planIds": [plan],
    });
    let made = admin.post("/v1/keys", body).await;
    let path = format!("/v1/keys/{}", made.id());
    admin.pass(SECOND);
    let patched = admin.patch(&path, json!({"name": "Acme 2", "customerId": "cus_2", "allowedIps": ["192.0.2.1"], "metadata": {"a": null, "c": "3"}})).await;
    assert_answer!("key_patched", patched);
    let cleared = admin.patch(&path, json!({"name": null, "description": null, "customerId": null, "notBefore": null, "expiresAt": null, "allowedIps": null, "metadata": null})).await;
    assert_answer!("key_cleared", cleared);
    assert_eq!(
        cleared.body["enabled"], false,
        "an update fills in no default of creation"
    );
    assert_eq!(
        admin.patch(&path, json!({"enabled": true})).await.body["enabled"],
        true
    );
    let updates = admin
        .audited()
        .await
        .into_iter()
        .filter(|action| action == "key.update");
    assert_eq!(updates.count(), 3);
}

#[tokio::test]
async fn a_patch_is_held_to_the_rules_of_the_whole() {
    let admin = Admin::start().await;
    let made = admin
        .post("/v1/keys", json!({"notBefore": "2026-01-01T00:00:00Z"}))
        .await;
    let path = format!("/v1/keys/{}", made.id());
    let answer = admin
        .patch(
            &path,
            json!({"expiresAt": "2025-01-01T00:00:00Z", "name": "x"}),
        )
        .await;
    assert_eq!(
        answer.faults(),
        ["/expiresAt: must be later than notBefore"]
    );
    assert_eq!(
        admin.get(&path).await.body.get("name"),
        None,
        "nothing of it is written"
    );
}

#[tokio::test]
async fn what_is_not_changed_by_a_patch_is_refused_with_what_to_do_instead() {
    let admin = Admin::start().await;
    let (id, _) = admin.key(&[]).await;
    let body = json!({"planIds": [], "value": CUSTOM, "prefix": "a", "routes": [], "nativeValue": "header", "enabled": null, "lastUsedDate": null});
    assert_answer!(
        "key_patch_refused",
        admin.patch(&format!("/v1/keys/{id}"), body).await
    );
}

#[tokio::test]
async fn no_change_writes_nothing() {
    let admin = Admin::start().await;
    let made = admin
        .post("/v1/keys", json!({"name": "Acme", "metadata": {"a": "1"}}))
        .await;
    let path = format!("/v1/keys/{}", made.id());
    let before = admin.get(&path).await.body;
    admin.pass(SECOND);
    for body in [
        json!({}),
        json!({"name": "Acme", "description": null, "enabled": true, "metadata": {"a": "1", "b": null}}),
    ] {
        let answer = admin.patch(&path, body).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &before));
    }
    assert_eq!(admin.audited().await, ["key.create"]);
}

#[tokio::test]
async fn the_day_of_the_last_use_is_told_of_one_key() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (id, _) = admin.key(&[&plan]).await;
    let path = format!("/v1/keys/{id}");
    assert_eq!(admin.get(&path).await.body["lastUsedDate"], json!(null));
    admin.charge(&id, &plan).await;
    admin.pass(24 * 3_600 * SECOND);
    assert_eq!(admin.get(&path).await.body["lastUsedDate"], "2026-11-25");
    admin.charge(&id, &plan).await;
    assert_eq!(
        admin.patch(&path, json!({"name": "n"})).await.body["lastUsedDate"],
        "2026-11-26"
    );
    assert_answer!("keys_listed", admin.get("/v1/keys").await);
}

#[tokio::test]
async fn keys_are_listed_in_the_order_of_their_creation_in_pages() {
    let admin = Admin::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(admin.key(&[]).await.0);
        admin.pass(SECOND);
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/keys?limit=2".to_owned());
    loop {
        let page = admin.get(&path).await;
        listed.extend(page.ids());
        let Some(cursor) = page.body["cursor"].as_str() else {
            break;
        };
        path = format!("/v1/keys?limit=2&cursor={cursor}");
    }
    assert_eq!(listed, made);
}

#[tokio::test]
async fn a_deleted_key_is_off_its_plans() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (id, value) = admin.key(&[&plan]).await;
    let path = format!("/v1/keys/{id}");
    assert_answer!("key_deleted", admin.delete(&path).await);
    assert_answer!("key_unknown", admin.get(&path).await);
    for answer in [
        admin.delete(&path).await,
        admin.patch(&path, json!({})).await,
        admin.get(&format!("{path}/usage")).await,
        admin.put(&format!("/v1/plans/{plan}/keys/{id}")).await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (404, "unknown-key")
        );
    }
    assert_eq!(admin.reason(&value, "a1:prod").await, "unknown_key");
    assert_eq!(
        admin.get(&format!("/v1/plans/{plan}/keys")).await.body["items"],
        json!([])
    );
    assert_eq!(admin.delete(&format!("/v1/plans/{plan}")).await.status, 204);
}
