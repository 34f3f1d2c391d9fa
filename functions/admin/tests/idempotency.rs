//! Idempotency-Key: a request is carried out once, and answered the same again.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use http::{HeaderValue, Method, Request, header::HeaderName};
use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayProxyRequestContext, request::RequestContext,
};
use latchkey_domain::KeyValue;
use serde_json::{Value, json};

use crate::{
    adopt::table::Table,
    native_account,
    support::{Admin, Answer, SECOND, request},
};

const ID: &str = "2f1b2c6e-8a55-4c0b-9f3e-0d5c7f6a1b42";
const HOUR: i64 = 3_600 * SECOND;
/// Longer than the lease of whoever began a request.
const LEASE: i64 = 41 * SECOND;

fn keyed(path: &str, body: &Value, key: &str) -> Request<axum::body::Body> {
    let mut request = request(Method::POST, path, Some(body.to_string()));
    let name = HeaderName::from_static("idempotency-key");
    let value = HeaderValue::from_bytes(key.as_bytes()).unwrap();
    request.headers_mut().insert(name, value);
    request
}

async fn post(admin: &Admin, path: &str, body: &Value, key: &str) -> Answer {
    admin.send(keyed(path, body, key)).await
}

fn replayed(answer: &Answer) -> bool {
    let header = answer.headers.get("idempotency-replayed");
    header.is_some_and(|value| value == "true")
}

/// Status, body and the headers that matter.
fn told(answer: &Answer) -> (u16, Value, Vec<Option<HeaderValue>>) {
    let names = ["location", "etag", "content-type"];
    let headers = names.map(|name| answer.headers.get(name).cloned());
    (
        answer.status.as_u16(),
        answer.body.clone(),
        headers.to_vec(),
    )
}

async fn keys(admin: &Admin) -> usize {
    admin.get("/v1/keys?limit=500").await.ids().len()
}

#[tokio::test]
async fn the_same_answer_is_given_again_with_the_value() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let body = json!({"name": "Acme", "planIds": [plan]});
    let first = post(&admin, "/v1/keys", &body, ID).await;
    assert_eq!(first.status, 201);
    assert!(!replayed(&first) && first.headers.contains_key("etag"));
    admin.pass(23 * HOUR);
    // Whatever has become of it since.
    admin
        .patch(&format!("/v1/keys/{}", first.id()), json!({"name": "n"}))
        .await;
    let again = post(&admin, "/v1/keys", &body, ID).await;
    assert_eq!(told(&again), told(&first));
    assert!(replayed(&again));
    assert_eq!(keys(&admin).await, 1);
    assert_eq!(admin.reason(&again.text("value"), "a1:prod").await, "none");
    let other = post(&admin, "/v1/keys", &body, "another").await;
    assert_ne!(other.id(), first.id());
}

#[tokio::test]
async fn every_post_takes_it() {
    let admin = Admin::start().await;
    let (one, two) = (
        admin.plan("One", &["a1:prod"]).await,
        admin.plan("Two", &["a1:prod"]).await,
    );
    let (key, value) = admin.key(&[&one]).await;
    let call = json!({"value": value, "apiId": "a1", "stage": "prod", "method": "GET", "path": "/", "sourceIp": "192.0.2.1"});
    for (path, body) in [
        ("/v1/plans".to_owned(), json!({"name": "P"})),
        ("/v1/verify".to_owned(), call),
        (
            format!("/v1/keys/{key}/rotate"),
            json!({"gracePeriodSeconds": 60}),
        ),
        (
            format!("/v1/keys/{key}/move"),
            json!({"fromPlanId": one, "toPlanId": two}),
        ),
    ] {
        let first = post(&admin, &path, &body, &path).await;
        assert!(first.status.is_success(), "{path}: {}", first.body);
        let again = post(&admin, &path, &body, &path).await;
        assert_eq!(told(&again), told(&first), "{path}");
        // What changes nothing is asked anew.
        assert_eq!(replayed(&again), path != "/v1/verify", "{path}");
    }
    let audited = admin.audited().await;
    let of = |action: &str| audited.iter().filter(|told| *told == action).count();
    assert_eq!((of("plan.create"), of("key.move")), (3, 1));
    assert_eq!(of("key.rotate"), 1);
}

#[tokio::test]
async fn nothing_in_the_table_tells_the_value_or_the_key() {
    let admin = Admin::start().await;
    let custom = "an-old-key-of-a-customer";
    let generated = post(&admin, "/v1/keys", &json!({}), ID).await.text("value");
    post(&admin, "/v1/keys", &json!({"value": custom}), "second").await;
    let items = admin.items().await;
    let kept: Vec<_> = items
        .iter()
        .filter(|item| item.contains_key("answer"))
        .collect();
    assert_eq!(kept.len(), 2);
    for item in &kept {
        let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
        assert_eq!(ttl, admin.now() / SECOND + 24 * 3_600 + 1);
    }
    let texts = format!("{items:?}");
    let bytes: Vec<u8> = items
        .iter()
        .flat_map(|item| item.values())
        .filter_map(|value| value.as_b().ok())
        .flat_map(|blob| [blob.as_ref(), b"\n"].concat())
        .collect();
    for secret in [&generated[24..], custom, ID, "201", "Location"] {
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{secret}");
        assert!(secret.len() < 5 || !texts.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn another_principal_s_key_is_another_key() {
    let admin = Admin::start().await;
    let first = post(&admin, "/v1/keys", &json!({}), ID).await;
    let mut theirs = keyed("/v1/keys", &json!({}), ID);
    let mut context = ApiGatewayProxyRequestContext::default();
    context.identity.user_arn = Some("arn:aws:iam::123456789012:user/bob".to_owned());
    theirs
        .extensions_mut()
        .insert(RequestContext::ApiGatewayV1(context));
    let theirs = admin.send(theirs).await;
    assert_eq!(theirs.status, 201);
    assert!(!replayed(&theirs) && theirs.id() != first.id());
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let admin = Admin::start().await;
    let first = post(&admin, "/v1/keys", &json!({"name": "a"}), ID).await;
    assert_eq!(first.status, 201);
    for (path, body) in [
        ("/v1/keys", json!({"name": "b"})),
        ("/v1/keys?limit=1", json!({"name": "a"})),
        ("/v1/plans", json!({"name": "a"})),
    ] {
        let other = post(&admin, path, &body, ID).await;
        assert_eq!(
            (other.status.as_u16(), other.problem()),
            (422, "idempotency-key-reused"),
            "{path}"
        );
    }
    assert_eq!(keys(&admin).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_at_once_one_runs() {
    let admin = Admin::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let told_meanwhile = Arc::new(Mutex::new(Vec::new()));
    let busy = admin.with_random({
        let (admin, told) = (admin.clone(), told_meanwhile.clone());
        // Chance is asked for twice before the mark is there, and then for the change.
        move || {
            if asked.fetch_add(1, Ordering::SeqCst) == 2 {
                let bodies = [json!({}), json!({"name": "n"})];
                let sent = bodies.map(|body| admin.send_in_place(keyed("/v1/keys", &body, ID)));
                told.lock().unwrap().extend(sent);
            }
        }
    });
    let first = post(&busy, "/v1/keys", &json!({}), ID).await;
    assert_eq!(first.status, 201);
    let meanwhile = told_meanwhile.lock().unwrap().clone();
    let problems: Vec<_> = meanwhile
        .iter()
        .map(|answer| (answer.status.as_u16(), answer.problem()))
        .collect();
    assert_eq!(
        problems,
        [
            (409, "idempotency-key-running"),
            (422, "idempotency-key-reused")
        ]
    );
    assert_eq!(meanwhile[0].headers["retry-after"], "1");
    let again = post(&admin, "/v1/keys", &json!({}), ID).await;
    assert_eq!(told(&again), told(&first));
}

#[tokio::test]
async fn what_failed_is_carried_out_when_it_is_sent_again() {
    let admin = Admin::start().await;
    let body = json!({"planIds": ["own"]});
    let refused = post(&admin, "/v1/keys", &body, ID).await;
    assert_eq!(refused.status, 400);
    admin.put_json("/v1/plans/own", json!({"name": "P"})).await;
    assert_eq!(post(&admin, "/v1/keys", &body, ID).await.status, 201);

    // Chance comes for the request's own mark, and then no more.
    let left = Arc::new(AtomicU32::new(2));
    let failing = admin.with_failing_random({
        let left = left.clone();
        move || left.fetch_sub(1, Ordering::SeqCst) > 0
    });
    let failed = post(&failing, "/v1/plans", &json!({"name": "P"}), "other").await;
    assert_eq!(failed.status, 500);
    let made = post(&admin, "/v1/plans", &json!({"name": "P"}), "other").await;
    assert_eq!(made.status, 201);
    let marks = admin.items().await;
    let marks = marks.iter().filter(|item| item.contains_key("fingerprint"));
    assert_eq!(marks.count(), 2, "what failed left nothing");
}

#[tokio::test]
async fn after_a_day_it_is_a_new_request_whether_it_was_deleted_or_not() {
    let admin = Admin::start().await;
    let first = post(&admin, "/v1/keys", &json!({}), ID).await;
    admin.pass(24 * HOUR - SECOND);
    assert_eq!(
        post(&admin, "/v1/keys", &json!({}), ID).await.id(),
        first.id()
    );
    admin.pass(SECOND);
    let next = post(&admin, "/v1/keys", &json!({"name": "n"}), ID).await;
    assert_eq!(next.status, 201, "{}", next.body);
    assert!(!replayed(&next) && next.id() != first.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_at_once_one_makes_a_key() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let body = json!({"planIds": [plan]});
    let sent: Vec<_> = (0..20)
        .map(|_| {
            let (admin, body) = (admin.clone(), body.clone());
            tokio::spawn(async move { post(&admin, "/v1/keys", &body, ID).await })
        })
        .collect();
    let mut values = BTreeSet::new();
    for answer in sent {
        let answer = answer.await.unwrap();
        match answer.status.as_u16() {
            201 => drop(values.insert(answer.text("value"))),
            _ => assert_eq!(answer.problem(), "idempotency-key-running"),
        }
    }
    assert_eq!((values.len(), keys(&admin).await), (1, 1));
}

/// The function dies at each call of the table, applied or not. What was begun ends once.
#[tokio::test]
async fn a_request_that_died_anywhere_is_carried_out_once() {
    for path in ["/v1/keys", "/v1/plans", "rotate", "move"] {
        let mut ended = 0;
        for n in 1..40 {
            let admin = Admin::start().await;
            let (one, two) = (
                admin.plan("One", &["a1:prod"]).await,
                admin.plan("Two", &["a1:prod"]).await,
            );
            let (key, _) = admin.key(&[&one]).await;
            let (path, body) = match path {
                "/v1/keys" => (path.to_owned(), json!({"planIds": [one]})),
                "/v1/plans" => (path.to_owned(), json!({"name": "P"})),
                "rotate" => (format!("/v1/keys/{key}/rotate"), json!({})),
                _ => (
                    format!("/v1/keys/{key}/move"),
                    json!({"fromPlanId": one, "toPlanId": two}),
                ),
            };
            let audited = admin.audited().await.len();
            let table = Table::stopping(n);
            let dying = table.under(&admin).with_random(|| {});
            let first = tokio::select! {
                answer = post(&dying, &path, &body, ID) => Some(answer),
                () = table.stopped() => None,
            };
            let early = post(&admin, &path, &body, ID).await;
            admin.pass(LEASE);
            let again = post(&admin, &path, &body, ID).await;
            assert!(again.status.is_success(), "{path} {n}: {}", again.body);
            assert_eq!(admin.audited().await.len(), audited + 1, "{path} {n}");
            if early.status.is_success() {
                assert_eq!(told(&early), told(&again), "{path} {n}");
            } else {
                assert_eq!(early.problem(), "idempotency-key-running", "{path} {n}");
            }
            if let Some(value) = again.body["value"].as_str() {
                let made = usize::from(path == "/v1/keys");
                assert_eq!(keys(&admin).await, 1 + made);
                assert_eq!(admin.reason(value, "a1:prod").await, "none");
            }
            if let Some(first) = first {
                assert_eq!(told(&first), told(&again), "{path} {n}");
                ended += 1;
                break;
            }
            assert!(n < 39, "more calls than expected");
        }
        assert_eq!(ended, 1, "{path}");
    }
}

/// A key that API Gateway has too cannot be made again with the same value: it is told as soon
/// as it is there.
#[tokio::test]
async fn a_key_that_api_gateway_has_is_told_though_the_function_dies_then() {
    let mut told_early = 0;
    for n in 1..20 {
        let (fake, admin) = native_account::start().await;
        let table = Table::stopping(n);
        let dying = table.under(&admin).with_random(|| {});
        let body = json!({"nativeValue": "header"});
        tokio::select! {
            _ = post(&dying, "/v1/keys", &body, ID) => break,
            () = table.stopped() => {}
        }
        let early = post(&admin, "/v1/keys", &body, ID).await;
        if early.status.is_success() {
            assert_eq!((fake.keys().len(), keys(&admin).await), (1, 1), "{n}");
            told_early += 1;
        }
    }
    assert!(told_early > 1, "before the last call of the table too");
}

/// Whoever's lease is over changes nothing any more once another has taken over.
#[tokio::test]
async fn whoever_comes_back_after_its_lease_changes_nothing() {
    let admin = Admin::start().await;
    // Its first call leaves the mark, and is not answered.
    let table = Table::stopping(1);
    let dying = table.under(&admin).with_random(|| {});
    let body = json!({});
    tokio::select! {
        _ = post(&dying, "/v1/keys", &body, ID) => panic!("it was to die"),
        () = table.stopped() => {}
    }
    let token = |items: &[crate::support::Item]| {
        let mark = items.iter().find(|item| item.contains_key("fingerprint"));
        mark.unwrap()["token"].as_s().unwrap().clone()
    };
    let left = token(&admin.items().await);
    admin.pass(LEASE);
    let made = post(&admin, "/v1/keys", &json!({}), ID).await;
    assert_eq!(made.status, 201);
    let mark = latchkey_store::Mark {
        request: {
            let items = admin.items().await;
            let mark = items.iter().find(|item| item.contains_key("fingerprint"));
            let pk = mark.unwrap()["pk"].as_s().unwrap().clone();
            pk.trim_start_matches("IDEMPOTENCY#").to_owned()
        },
        token: left,
    };
    let value = KeyValue::generate(&"lk_live".parse().unwrap(), &[9; 48]);
    let at = latchkey_domain::Reading {
        wall: admin.now(),
        steady: 0,
    };
    let change = latchkey_store::Change {
        at: at.timestamp(),
        id: "late".to_owned(),
        principal: "late".to_owned(),
        source_ip: None,
        receipt: Some(latchkey_store::Receipt {
            mark: mark.clone(),
            answer: vec![1],
        }),
    };
    let key = latchkey_domain::Key::new(&value, change.at);
    let twin = latchkey_domain::TwinValue::generate(&[1; 32]);
    let late = admin.store.create_key(&key, &[], &twin, &change).await;
    assert!(late.unwrap_err().to_string().contains("taken over"));
    admin.store.give_up(&mark).await.unwrap();
    let again = post(&admin, "/v1/keys", &json!({}), ID).await;
    assert_eq!(told(&again), told(&made));
    assert_eq!(keys(&admin).await, 1);
}

#[tokio::test]
async fn it_is_taken_on_post_only_and_held_to_its_rules() {
    let admin = Admin::start().await;
    let (plan, (key, _)) = (admin.plan("P", &[]).await, admin.key(&[]).await);
    for (method, path) in [
        (Method::GET, "/v1/plans".to_owned()),
        (Method::PATCH, format!("/v1/plans/{plan}")),
        (Method::DELETE, format!("/v1/keys/{key}")),
        (Method::PUT, format!("/v1/plans/{plan}/keys/{key}")),
    ] {
        let mut sent = keyed(&path, &json!({}), ID);
        *sent.method_mut() = method.clone();
        let answer = admin.send(sent).await;
        let fault = answer.faults().into_iter().next().unwrap_or_default();
        assert_eq!(answer.status, 400, "{method}");
        assert!(
            fault.starts_with("Idempotency-Key: is taken on POST only"),
            "{fault}"
        );
    }
    let long = "k".repeat(256);
    for wrong in ["", "caf\u{e9}", &long, "a\tb"] {
        let answer = post(&admin, "/v1/keys", &json!({}), wrong).await;
        assert!(
            answer.faults()[0].contains("1 to 255 printable ASCII"),
            "{wrong}"
        );
        assert!(wrong.is_empty() || !answer.body.to_string().contains(wrong));
    }
    let mut twice = keyed("/v1/keys", &json!({}), "a");
    let name = HeaderName::from_static("idempotency-key");
    twice
        .headers_mut()
        .append(name, HeaderValue::from_static("b"));
    let answer = admin.send(twice).await;
    assert_eq!(answer.faults(), ["Idempotency-Key: is given twice"]);
    assert_eq!(
        post(&admin, "/v1/keys", &json!({}), &"k".repeat(255))
            .await
            .status,
        201
    );
    assert_eq!(keys(&admin).await, 2);
}

/// An answer that no item has room for is given once, and the key is free again: what makes
/// such answers can be repeated.
#[tokio::test]
async fn an_answer_that_is_too_large_is_not_kept() {
    let admin = Admin::start().await;
    let wrong = "name,notBefore,expiresAt,Enabled,allowedIps\n".to_owned()
        + &"a,yesterday,tomorrow,perhaps,nowhere\n".repeat(1_000);
    let right = "name,sha256\n".to_owned() + "a," + &"ab".repeat(32) + "\n";
    for (table, size, kept) in [(wrong, 390_000.., false), (right, 100.., true)] {
        for round in 0..2 {
            let mut sent = keyed("/v1/import?onError=valid", &Value::Null, &table[..5]);
            let csv = HeaderValue::from_static("text/csv");
            sent.headers_mut().insert("content-type", csv);
            *sent.body_mut() = table.clone().into();
            let answer = admin.send(sent).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(size.contains(&answer.body.to_string().len()));
            assert_eq!(replayed(&answer), kept && round == 1);
        }
        let items = admin.items().await;
        let marks = items.iter().filter(|item| item.contains_key("fingerprint"));
        assert_eq!(marks.count(), usize::from(kept));
    }
}
