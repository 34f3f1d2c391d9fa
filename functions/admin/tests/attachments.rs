//! Which key is on which plan.

use http::Method;
use serde_json::json;

use crate::support::{Admin, SECOND, assert_answer, request};

#[tokio::test]
async fn a_key_is_attached_once() {
    let admin = Admin::start().await;
    let (plan, (key, value)) = (admin.plan("P", &["a1:prod"]).await, admin.key(&[]).await);
    let path = format!("/v1/plans/{plan}/keys/{key}");
    assert_answer!("not_attached", admin.get(&path).await);
    admin.pass(SECOND);
    let first = admin.put(&path).await;
    assert_answer!("attached", first);
    admin.pass(SECOND);
    for again in [admin.put(&path).await, admin.get(&path).await] {
        assert_eq!((again.status.as_u16(), &again.body), (200, &first.body));
    }
    assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    assert_eq!(
        admin.get(&format!("/v1/keys/{key}")).await.body["planIds"],
        json!([plan])
    );
    assert_eq!(
        admin.audited().await,
        ["attachment.create", "key.create", "plan.create"]
    );
}

#[tokio::test]
async fn a_key_is_detached_once() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (key, value) = admin.key(&[&plan]).await;
    let path = format!("/v1/plans/{plan}/keys/{key}");
    assert_answer!("detached", admin.delete(&path).await);
    for answer in [admin.delete(&path).await, admin.get(&path).await] {
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (404, "not-attached")
        );
    }
    assert_eq!(admin.reason(&value, "a1:prod").await, "no_usage_plan");
    assert!(
        admin
            .audited()
            .await
            .contains(&"attachment.delete".to_owned())
    );
}

#[tokio::test]
async fn unknown_plans_and_keys_are_told_apart() {
    let admin = Admin::start().await;
    let (plan, (key, _)) = (admin.plan("P", &["a1:prod"]).await, admin.key(&[]).await);
    let none = "key_0000000000000000";
    for (path, problem) in [
        (format!("/v1/plans/none/keys/{key}"), "unknown-plan"),
        (format!("/v1/plans/a.b/keys/{key}"), "unknown-plan"),
        (format!("/v1/plans/{plan}/keys/{none}"), "unknown-key"),
        (format!("/v1/plans/{plan}/keys/key_1"), "unknown-key"),
    ] {
        for answer in [admin.put(&path).await, admin.delete(&path).await] {
            assert_eq!(
                (answer.status.as_u16(), answer.problem()),
                (404, problem),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_plan_in_the_way_is_named() {
    let admin = Admin::start().await;
    let (one, all) = (
        admin.plan("One", &["a2:x", "a1:prod"]).await,
        admin.plan("All", &["a1:*"]).await,
    );
    let (key, _) = admin.key(&[&one]).await;
    let answer = admin.put(&format!("/v1/plans/{all}/keys/{key}")).await;
    assert_answer!("plan_in_the_way", answer);
    assert_eq!(answer.text("planId"), one);
    admin.delete(&format!("/v1/plans/{one}/keys/{key}")).await;
    assert_eq!(
        admin
            .put(&format!("/v1/plans/{all}/keys/{key}"))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_key_is_on_ten_plans_at_most() {
    let admin = Admin::start().await;
    let (key, _) = admin.key(&[]).await;
    for n in 0..10 {
        let plan = admin.plan("P", &[&format!("a{n}:prod")]).await;
        assert_eq!(
            admin
                .put(&format!("/v1/plans/{plan}/keys/{key}"))
                .await
                .status,
            201
        );
    }
    let eleventh = admin.plan("P", &["b1:prod"]).await;
    assert_answer!(
        "too_many_plans",
        admin.put(&format!("/v1/plans/{eleventh}/keys/{key}")).await
    );
    assert_eq!(
        admin.delete(&format!("/v1/keys/{key}")).await.status,
        204,
        "ten plans fit one transaction"
    );
}

#[tokio::test]
async fn attaching_takes_no_body() {
    let admin = Admin::start().await;
    let (plan, (key, _)) = (admin.plan("P", &["a1:prod"]).await, admin.key(&[]).await);
    let path = format!("/v1/plans/{plan}/keys/{key}");
    for method in [Method::PUT, Method::DELETE] {
        let answer = admin.send(request(method, &path, Some("{}".into()))).await;
        assert_eq!(
            answer.faults(),
            [": must be empty: this request takes no body"]
        );
    }
    assert_eq!(admin.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_keys_of_a_plan_are_listed_in_pages() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let mut attached = Vec::new();
    for _ in 0..3 {
        attached.push(admin.key(&[&plan]).await.0);
        admin.pass(SECOND);
    }
    let path = format!("/v1/plans/{plan}/keys");
    let first = admin.get(&format!("{path}?limit=2")).await;
    assert_answer!("attachments_first_page", first);
    let last = admin
        .get(&format!("{path}?limit=2&cursor={}", first.text("cursor")))
        .await;
    let listed = [first, last].map(|page| page.each("keyId")).concat();
    assert_eq!(listed, attached);
}

#[tokio::test]
async fn what_was_used_counts_again_after_a_return() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    admin
        .patch(
            &format!("/v1/plans/{plan}"),
            json!({"quota": {"limit": 1, "period": "DAY"}}),
        )
        .await;
    let (key, value) = admin.key(&[&plan]).await;
    admin.charge(&key, &plan).await;
    let path = format!("/v1/plans/{plan}/keys/{key}");
    admin.delete(&path).await;
    admin.put(&path).await;
    assert_eq!(admin.reason(&value, "a1:prod").await, "quota_exceeded");
}
