//! A key value is in its one answer and nowhere else.

use http::{HeaderValue, Method};
use serde_json::{Value, json};

use crate::{
    captured_log,
    support::{Admin, Answer, request},
};

const CUSTOM: &str = "an-old-key-of-a-customer";

/// Requests in which a value stands where it does not belong.
async fn misplaced(admin: &Admin, value: &str) -> Vec<Answer> {
    let (plan, (key, _)) = (admin.plan("P", &[]).await, admin.key(&[]).await);
    let quoted = json!(value).to_string();
    let mut answers = Vec::new();
    for body in [
        json!({ "value": [value] }),
        json!({ "value": {value: value} }),
        json!({ "value": format!("{value} ") }),
        json!({ "value": format!("{value}{}", "x".repeat(120)) }),
        json!({ "Value": value, value: true }),
        json!({ "prefix": format!("{value}-") }),
        json!({ "planIds": [value] }),
        json!({ "planIds": value, "enabled": value }),
        json!({ "customerId": format!("{value} {value}") }),
        json!({ "name": format!("{value}\n"), "description": [value] }),
        json!({ "notBefore": value, "expiresAt": value }),
        json!({ "allowedIps": [value] }),
        json!({ "metadata": {value: 5, "a-b": value} }),
    ] {
        answers.push(admin.post("/v1/keys", body.clone()).await);
        answers.push(admin.patch(&format!("/v1/keys/{key}"), body).await);
    }
    for body in [
        json!({ "name": "P", "scope": value, "enforcement": value }),
        json!({ "name": "P", "throttle": {"rateLimit": value}, "quota": {"limit": 1, "period": value} }),
        json!({ "name": "P", "apiStages": [{"apiId": format!("{value}/"), "stage": value}, {value: 1}] }),
    ] {
        answers.push(admin.post("/v1/plans", body).await);
    }
    let call = json!({ "value": [value], "apiId": format!("{value}/"), "stage": value, "method": value, "path": value, "sourceIp": value, value: 1 });
    answers.push(admin.post("/v1/verify", call).await);
    for body in [
        format!("{{{quoted}: {quoted}"),
        format!("{{{quoted}: 1, {quoted}: 2}}"),
        quoted.clone(),
        value.to_owned(),
    ] {
        answers.push(
            admin
                .send(request(Method::POST, "/v1/keys", Some(body)))
                .await,
        );
    }
    let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    for path in [
        format!("/v1/keys/{encoded}"),
        format!("/v1/keys/{encoded}/usage"),
        format!("/v1/plans/{plan}/keys/{encoded}"),
        format!("/v1/{encoded}"),
        format!("/v1/plans?{encoded}={encoded}"),
        format!("/v1/plans?limit={encoded}&cursor={encoded}"),
        format!("/v1/plans/{plan}/usage?keyId={encoded}&startDate={encoded}"),
    ] {
        answers.push(admin.get(&path).await);
    }
    let mut with_header = request(Method::POST, "/v1/keys", Some("{}".into()));
    with_header
        .headers_mut()
        .insert("content-type", HeaderValue::from_str(value).unwrap());
    answers.push(admin.send(with_header).await);
    answers
}

#[tokio::test]
async fn no_error_repeats_a_value_and_no_log_line_has_one() {
    let admin = Admin::start().await;
    captured_log::start();
    let (_, generated) = admin.key(&[]).await;
    admin.post("/v1/keys", json!({ "value": CUSTOM })).await;
    let taken = admin.post("/v1/keys", json!({ "value": CUSTOM })).await;
    let mut answers = vec![taken];
    for value in [&*generated, CUSTOM] {
        answers.extend(misplaced(&admin, value).await);
        admin.reason(value, "a1:prod").await;
    }
    for answer in &answers {
        let text = format!("{:?} {}", answer.headers, answer.body);
        assert!(answer.status.is_client_error(), "{text}");
        assert!(
            !text.contains(CUSTOM) && !text.contains(&generated[24..]),
            "{text}"
        );
    }
    let log = captured_log::take();
    assert!(
        log.contains("answered") && log.contains("/v1/keys/{keyId}"),
        "the log is kept"
    );
    assert!(!log.contains(CUSTOM) && !log.contains(&generated[24..]));
}

#[tokio::test]
async fn the_table_has_no_value() {
    let admin = Admin::start().await;
    let (id, generated) = admin.key(&[]).await;
    let custom = admin.post("/v1/keys", json!({ "value": CUSTOM })).await;
    for path in [
        format!("/v1/keys/{id}"),
        format!("/v1/keys/{}", custom.id()),
    ] {
        let patched = admin.patch(&path, json!({ "name": "n" })).await;
        for answer in [admin.get(&path).await, patched, admin.get("/v1/keys").await] {
            assert_eq!(
                answer.body.get("value"),
                None,
                "only the answer to creation has it"
            );
            assert!(!answer.body.to_string().contains("hash"));
        }
    }
    let grace = json!({"gracePeriodSeconds": 60});
    let rotated = admin.post(&format!("/v1/keys/{id}/rotate"), grace).await;
    let items = format!("{:?}", admin.items().await);
    assert!(items.contains("key.create") && items.contains("key.rotate"));
    for value in [CUSTOM, &generated[24..], &rotated.text("value")[24..]] {
        assert!(!items.contains(value));
    }
    let audited: Vec<Value> = admin.audited().await.into_iter().map(Value::from).collect();
    assert_eq!(audited.len(), 5);
}

/// Nor has an audit record the hash of one, at whatever depth.
#[tokio::test]
async fn no_audit_record_has_a_hash() {
    let admin = Admin::start().await;
    let (id, _) = admin.key(&[]).await;
    let grace = json!({"gracePeriodSeconds": 60});
    for _ in 0..2 {
        admin
            .post(&format!("/v1/keys/{id}/rotate"), grace.clone())
            .await;
    }
    let items = admin.items().await;
    let is_record = |item: &&crate::support::Item| {
        let pk = item["pk"].as_s().unwrap();
        pk.starts_with("AUDIT#")
    };
    let records: Vec<_> = items.iter().filter(is_record).collect();
    assert_eq!(records.len(), 3);
    let told = format!("{records:?}");
    assert!(told.contains("previous") && !told.contains("hash") && !told.contains("B(Blob"));
}
