//! ETag, If-Match and If-None-Match: nobody's change is made over one that was not seen.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use http::{HeaderName, HeaderValue, Method};
use latchkey_fake_gateway::{FakeGateway, Limits, Source};
use serde_json::{Value, json};

use crate::support::{Admin, Answer, SECOND, request};

async fn send(
    admin: &Admin,
    method: Method,
    path: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> Answer {
    let mut sent = request(method, path, body.map(|body| body.to_string()));
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        sent.headers_mut()
            .append(name, HeaderValue::from_str(value).unwrap());
    }
    admin.send(sent).await
}

fn tag(answer: &Answer) -> String {
    let tag = answer.headers.get("etag").unwrap();
    tag.to_str().unwrap().to_owned()
}

/// A plan, a key that is on it, the attachment of both, and another plan.
struct Things {
    plan: String,
    key: String,
    attachment: String,
    other: String,
}

async fn things(admin: &Admin) -> Things {
    let plan = admin.plan("P", &["a1:prod"]).await;
    let other = admin.plan("Q", &["a2:prod"]).await;
    let (key, _) = admin.key(&[&plan]).await;
    Things {
        attachment: format!("/v1/plans/{plan}/keys/{key}"),
        plan: format!("/v1/plans/{plan}"),
        key: format!("/v1/keys/{key}"),
        other,
    }
}

#[tokio::test]
async fn what_is_read_again_is_not_sent_again() {
    let admin = Admin::start().await;
    let things = things(&admin).await;
    for path in [&things.plan, &things.key, &things.attachment] {
        let first = admin.get(path).await;
        let tag = tag(&first);
        let weak = format!("W/{tag}");
        let list = format!("\"other\", {tag}");
        for known in [&tag, &weak, &list, "*"] {
            let again = send(&admin, Method::GET, path, None, &[("if-none-match", known)]).await;
            assert_eq!((again.status.as_u16(), &again.body), (304, &Value::Null));
            assert_eq!(again.headers["etag"], tag.as_str());
        }
        let again = send(
            &admin,
            Method::GET,
            path,
            None,
            &[("if-none-match", "\"x\"")],
        )
        .await;
        assert_eq!(again, first);
        let head = send(&admin, Method::HEAD, path, None, &[("if-none-match", &tag)]).await;
        assert_eq!(head.status, 304);
    }
}

#[tokio::test]
async fn each_answer_has_the_tag_that_is_shown_next() {
    let admin = Admin::start().await;
    let plan = admin.post("/v1/plans", json!({"name": "P"})).await;
    let path = format!("/v1/plans/{}", plan.id());
    assert_eq!(tag(&plan), tag(&admin.get(&path).await));
    let changed = admin.patch(&path, json!({"name": "Q"})).await;
    assert_ne!(tag(&changed), tag(&plan));
    assert_eq!(tag(&changed), tag(&admin.get(&path).await));
    let put = admin.put_json("/v1/plans/own", json!({"name": "P"})).await;
    let again = admin.put_json("/v1/plans/own", json!({"name": "P"})).await;
    assert_eq!((put.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(tag(&put), tag(&again));

    let key = admin.post("/v1/keys", json!({})).await;
    let path = format!("/v1/keys/{}", key.id());
    assert_eq!(tag(&key), tag(&admin.get(&path).await), "but for the value");
    let changed = admin.patch(&path, json!({"name": "n"})).await;
    assert_eq!(tag(&changed), tag(&admin.get(&path).await));
    let attachment = format!("/v1/plans/own/keys/{}", key.id());
    let attached = admin.put(&attachment).await;
    assert_eq!(tag(&attached), tag(&admin.put(&attachment).await));
    assert_ne!(tag(&changed), tag(&admin.get(&path).await), "its plans");
    assert_eq!(tag(&attached), tag(&admin.get(&attachment).await));
}

/// Every change of one thing, as it is made with `If-Match`.
fn changes(things: &Things) -> Vec<(Method, String, Option<Value>, String)> {
    let (plan, key, attachment) = (&things.plan, &things.key, &things.attachment);
    let from = plan.trim_start_matches("/v1/plans/");
    let between = json!({"fromPlanId": from, "toPlanId": things.other});
    let body = |body: Value| Some(body);
    vec![
        (
            Method::PATCH,
            plan.clone(),
            body(json!({"name": "new"})),
            plan.clone(),
        ),
        (
            Method::PUT,
            plan.clone(),
            body(json!({"name": "newer", "apiStages": [{"apiId": "a1", "stage": "prod"}]})),
            plan.clone(),
        ),
        (
            Method::PATCH,
            key.clone(),
            body(json!({"name": "new"})),
            key.clone(),
        ),
        (Method::PUT, attachment.clone(), None, attachment.clone()),
        (Method::POST, format!("{key}/rotate"), None, key.clone()),
        (
            Method::POST,
            format!("{key}/move"),
            body(between),
            key.clone(),
        ),
        (Method::PUT, attachment.clone(), None, attachment.clone()),
        (Method::DELETE, attachment.clone(), None, attachment.clone()),
        (Method::DELETE, key.clone(), None, key.clone()),
        (Method::DELETE, plan.clone(), None, plan.clone()),
    ]
}

#[tokio::test]
async fn a_change_of_what_was_not_seen_is_refused() {
    let admin = Admin::start().await;
    let things = things(&admin).await;
    let mut made = 0;
    for (method, path, body, of) in changes(&things) {
        let seen = admin.get(&of).await;
        if seen.status == 404 {
            // It was moved off the plan: there is nothing that a tag could be of.
            let sent = send(&admin, method, &path, body, &[("if-match", "*")]).await;
            assert_eq!(
                (sent.status.as_u16(), sent.problem()),
                (412, "precondition-failed")
            );
            assert_eq!(admin.put(&path).await.status, 201);
            continue;
        }
        let seen = tag(&seen);
        let before = admin.items().await;
        let weak = format!("W/{seen}");
        for not_seen in ["\"1-0\"", &weak, "\"x\", \"1\""] {
            let headers = [("if-match", not_seen)];
            let sent = send(&admin, method.clone(), &path, body.clone(), &headers).await;
            assert_eq!(
                (sent.status.as_u16(), sent.problem()),
                (412, "precondition-failed"),
                "{method} {path}"
            );
        }
        assert_eq!(admin.items().await.len(), before.len(), "{method} {path}");
        admin.pass(SECOND);
        let list = format!("\"1-0\", {seen}");
        let sent = send(&admin, method.clone(), &path, body, &[("if-match", &list)]).await;
        assert!(sent.status.is_success(), "{method} {path}: {}", sent.body);
        made += 1;
    }
    assert!(made >= 9, "{made}");
}

#[tokio::test]
async fn any_representation_of_the_revision_will_do() {
    let admin = Admin::start().await;
    let things = things(&admin).await;
    let seen = tag(&admin.get(&things.key).await);
    let key = things.key.trim_start_matches("/v1/keys/");
    admin
        .charge(key, things.plan.trim_start_matches("/v1/plans/"))
        .await;
    let used = tag(&admin.get(&things.key).await);
    assert_ne!(
        seen, used,
        "the day of the last use is part of what is shown"
    );
    let headers = [("if-none-match", seen.as_str())];
    let again = send(&admin, Method::GET, &things.key, None, &headers).await;
    assert_eq!(again.status, 200);
    let body = Some(json!({"name": "n"}));
    let headers = [("if-match", seen.as_str())];
    let sent = send(&admin, Method::PATCH, &things.key, body, &headers).await;
    assert_eq!(sent.status, 200, "nobody has changed it");
}

#[tokio::test]
async fn what_api_gateway_does_changes_no_revision() {
    let fake = FakeGateway::new(Limits::default());
    fake.set_api("a1", Source::Authorizer, &["prod"]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    let body = json!({"name": "P", "enforcement": "apiGateway", "apiStages": [{"apiId": "a1", "stage": "prod"}]});
    let made = admin.post("/v1/plans", body).await;
    let path = format!("/v1/plans/{}", made.id());
    assert_eq!(made.body["apiGateway"]["state"], "inSync");
    let revision = |tag: &str| tag.rsplit_once('-').unwrap().0.to_owned();
    assert_eq!(
        revision(&tag(&made)),
        revision(&tag(&admin.get(&path).await))
    );
}

#[tokio::test]
async fn no_change_leaves_tag_and_audit_as_they_are() {
    let admin = Admin::start().await;
    let things = things(&admin).await;
    let audited = admin.audited().await;
    for (path, body) in [
        (&things.plan, json!({"name": "P"})),
        (&things.key, json!({"enabled": true})),
    ] {
        let seen = tag(&admin.get(path).await);
        admin.pass(SECOND);
        let sent = send(
            &admin,
            Method::PATCH,
            path,
            Some(body),
            &[("if-match", &seen)],
        )
        .await;
        assert_eq!((sent.status.as_u16(), tag(&sent)), (200, seen));
    }
    assert_eq!(admin.audited().await, audited);
}

#[tokio::test]
async fn a_plan_of_an_own_id_is_made_only_where_there_is_none() {
    let admin = Admin::start().await;
    let body = || Some(json!({"name": "P"}));
    let star = [("if-none-match", "*")];
    let path = "/v1/plans/own";
    let exists = send(&admin, Method::PUT, path, body(), &[("if-match", "*")]).await;
    assert_eq!(exists.problem(), "precondition-failed", "it is to be there");
    let made = send(&admin, Method::PUT, path, body(), &star).await;
    let again = send(&admin, Method::PUT, path, body(), &star).await;
    assert_eq!((made.status.as_u16(), again.status.as_u16()), (201, 412));
    let tagged = send(
        &admin,
        Method::PUT,
        path,
        body(),
        &[("if-none-match", "\"a\"")],
    )
    .await;
    assert_eq!(
        tagged.faults(),
        ["If-None-Match: can only be * here: that nothing is there yet"]
    );
}

#[tokio::test]
async fn a_thing_that_was_made_again_is_another() {
    let admin = Admin::start().await;
    let value = json!({"value": "an-old-key-of-a-customer"});
    let first = admin.post("/v1/keys", value.clone()).await;
    let path = format!("/v1/keys/{}", first.id());
    admin.delete(&path).await;
    admin.pass(SECOND);
    assert_eq!(admin.post("/v1/keys", value).await.id(), first.id());
    let headers = [("if-match", &*tag(&first))];
    let sent = send(&admin, Method::DELETE, &path, None, &headers).await;
    assert_eq!(sent.status, 412);
}

#[tokio::test]
async fn where_they_mean_nothing_they_are_refused_by_name() {
    let admin = Admin::start().await;
    let things = things(&admin).await;
    let usage = format!("{}/usage", things.attachment);
    for (method, path, name) in [
        (Method::GET, things.plan.as_str(), "If-Match"),
        (Method::GET, "/v1/plans", "If-None-Match"),
        (Method::POST, "/v1/keys", "If-Match"),
        (Method::POST, "/v1/plans", "If-None-Match"),
        (Method::PATCH, things.key.as_str(), "If-None-Match"),
        (Method::PUT, things.attachment.as_str(), "If-None-Match"),
        (Method::PATCH, usage.as_str(), "If-Match"),
        (Method::POST, "/v1/verify", "If-Match"),
        (Method::PUT, "/v1/apis/a1/methods", "If-Match"),
    ] {
        let sent = send(&admin, method.clone(), path, None, &[(name, "*")]).await;
        let fault = sent.faults().into_iter().next().unwrap_or_default();
        assert_eq!(sent.status, 400, "{method} {path}");
        assert!(
            fault.starts_with(&format!("{name}: means nothing here")),
            "{fault}"
        );
    }
    for malformed in ["1-ab", "\"a", "", "*, \"a\""] {
        let body = Some(json!({}));
        let headers = [("if-match", malformed)];
        let sent = send(&admin, Method::PATCH, &things.key, body, &headers).await;
        assert!(
            sent.faults()[0].starts_with("If-Match: must be *"),
            "{malformed}"
        );
    }
    // A list may come in several lines.
    let seen = tag(&admin.get(&things.key).await);
    let lines = [("if-match", "\"a\""), ("if-match", seen.as_str())];
    let sent = send(
        &admin,
        Method::PATCH,
        &things.key,
        Some(json!({"name": "n"})),
        &lines,
    )
    .await;
    assert_eq!(sent.status, 200);
}

/// Somebody else's change comes between reading and writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_is_lost_is_told_and_not_made_up_for() {
    let admin = Admin::start().await;
    let things = things(&admin).await;
    let count = Arc::new(AtomicU32::new(0));
    for (path, body) in [
        (&things.key, json!({"description": "mine"})),
        (&things.plan, json!({"description": "mine"})),
    ] {
        let meddled = admin.with_random({
            let (admin, path, count) = (admin.clone(), path.clone(), count.clone());
            move || {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let theirs =
                    admin.patch_in_place(&path, json!({"name": format!("theirs {number}")}));
                assert_eq!(theirs.status, 200);
            }
        });
        let seen = tag(&admin.get(path).await);
        let before = count.load(Ordering::SeqCst);
        let headers = [("if-match", seen.as_str())];
        let sent = send(&meddled, Method::PATCH, path, Some(body), &headers).await;
        assert_eq!(
            (sent.status.as_u16(), sent.problem()),
            (412, "precondition-failed")
        );
        assert_eq!(count.load(Ordering::SeqCst) - before, 1, "tried once");
        assert_eq!(admin.get(path).await.body.get("description"), None);
    }
}
