//! Who changed what: each change has one record, found by time, by key or plan, by principal.

use http::{Method, Request};
use lambda_http::{
    aws_lambda_events::apigw::ApiGatewayProxyRequestContext, request::RequestContext,
};
use latchkey_domain::PresentedKey;
use latchkey_fake_gateway::{FakeGateway, Limits, Rates, Source};
use serde_json::{Value, json};

use crate::support::{Admin, Answer, CALLER, SECOND, request, stage_json};

const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

async fn all(admin: &Admin, query: &str) -> Vec<Value> {
    let answer = admin.get(&format!("/v1/audit?limit=500{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body.get("cursor"), None, "{query}");
    answer.body["items"].as_array().unwrap().clone()
}

fn actions(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["action"].as_str().unwrap())
        .collect()
}

/// All pages of this many records each.
async fn paged(admin: &Admin, query: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..200 {
        let path = format!("/v1/audit?limit={limit}{query}{cursor}");
        let page = admin.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let found = page.body["items"].as_array().unwrap();
        assert!(found.len() <= limit);
        items.extend(found.iter().cloned());
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
    panic!("the list has no end")
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Makes a change, which must have one record of this action, entity, and sides.
async fn made(
    admin: &Admin,
    sent: Request<axum::body::Body>,
    told: (&str, &str),
    sides: (bool, bool),
) -> (Answer, Value) {
    let before = all(admin, "").await;
    admin.pass(SECOND);
    let answer = admin.send(sent).await;
    assert!(answer.status.is_success(), "{told:?}: {}", answer.body);
    let after = all(admin, "").await;
    assert_eq!(after.len(), before.len() + 1, "{told:?}");
    assert_eq!(after[1..], before[..], "nothing else was touched");
    let record = after[0].clone();
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (text("action").as_str(), text("principal").as_str()),
        (told.0, CALLER)
    );
    if !told.1.is_empty() {
        assert_eq!(text("entity"), told.1);
    }
    assert_eq!(record["sourceIp"], "192.0.2.1");
    let there = |side: &str| !record[side].is_null();
    assert_eq!(
        (there("before"), there("after")),
        sides,
        "{told:?}: {record}"
    );
    (answer, record)
}

fn with(method: Method, path: &str, body: Value) -> Request<axum::body::Body> {
    request(method, path, Some(body.to_string()))
}

fn bare(method: Method, path: &str) -> Request<axum::body::Body> {
    request(method, path, None)
}

#[tokio::test]
async fn each_change_has_one_record_with_both_sides() {
    let admin = Admin::start().await;
    let (new, changed, gone) = ((false, true), (true, true), (true, false));
    let body = json!({"name": "P", "apiStages": [stage_json("a1:prod")], "quota": {"limit": 5, "period": "DAY"}});
    let (plan, told) = made(
        &admin,
        with(Method::POST, "/v1/plans", body),
        ("plan.create", ""),
        new,
    )
    .await;
    assert_eq!(told["after"], plan.body, "as the API shows it");
    assert_eq!(
        (&told["planId"], told.get("keyId")),
        (&plan.body["id"], None)
    );
    let plan_path = format!("/v1/plans/{}", plan.id());
    let plan_entity = format!("plan:{}", plan.id());
    let body = json!({"name": "Q"});
    let (_, told) = made(
        &admin,
        with(Method::PATCH, &plan_path, body),
        ("plan.update", &plan_entity),
        changed,
    )
    .await;
    assert_eq!(
        (&told["before"]["name"], &told["after"]["name"]),
        (&json!("P"), &json!("Q"))
    );
    let own = json!({"name": "Own", "apiStages": [stage_json("a2:prod")]});
    made(
        &admin,
        with(Method::PUT, "/v1/plans/own", own),
        ("plan.create", "plan:own"),
        new,
    )
    .await;
    let own = json!({"name": "Mine", "apiStages": [stage_json("a2:prod")]});
    made(
        &admin,
        with(Method::PUT, "/v1/plans/own", own),
        ("plan.update", "plan:own"),
        changed,
    )
    .await;

    let body = json!({"name": "n", "metadata": {"hash": "mine"}, "routes": ["GET /x"], "allowedIps": ["10.0.0.0/8"]});
    let (key, told) = made(
        &admin,
        with(Method::POST, "/v1/keys", body),
        ("key.create", ""),
        new,
    )
    .await;
    for name in [
        "id",
        "name",
        "metadata",
        "routes",
        "allowedIps",
        "last4",
        "prefix",
        "nativeValue",
    ] {
        assert_eq!(told["after"][name], key.body[name], "{name}");
    }
    let id = key.id();
    let path = format!("/v1/keys/{id}");
    let body = json!({"enabled": false});
    let (_, told) = made(
        &admin,
        with(Method::PATCH, &path, body),
        ("key.update", &id),
        changed,
    )
    .await;
    assert_eq!(
        (&told["before"]["enabled"], &told["after"]["enabled"]),
        (&json!(true), &json!(false))
    );
    let body = json!({"gracePeriodSeconds": 60});
    let rotate = format!("{path}/rotate");
    let (rotated, told) = made(
        &admin,
        with(Method::POST, &rotate, body),
        ("key.rotate", &id),
        changed,
    )
    .await;
    assert_eq!(
        told["after"]["previousValues"],
        rotated.body["previousValues"]
    );

    let attachment = format!("{plan_path}/keys/{id}");
    let attached = format!("{id}:{}", plan.id());
    let (_, told) = made(
        &admin,
        bare(Method::PUT, &attachment),
        ("attachment.create", &attached),
        new,
    )
    .await;
    assert_eq!(
        (&told["keyId"], &told["planId"]),
        (&key.body["id"], &plan.body["id"])
    );
    assert_eq!(told["after"]["keyId"], key.body["id"]);
    let body = json!({"remaining": 9});
    let usage = format!("{attachment}/usage");
    let (_, told) = made(
        &admin,
        with(Method::PATCH, &usage, body),
        ("usage.grant", &attached),
        changed,
    )
    .await;
    assert_eq!(
        (&told["before"], &told["after"]),
        (&json!({"remaining": 5}), &json!({"remaining": 9}))
    );
    let body = json!({"fromPlanId": plan.id(), "toPlanId": "own"});
    let to = format!("{path}/move");
    let (_, told) = made(
        &admin,
        with(Method::POST, &to, body),
        ("key.move", &id),
        changed,
    )
    .await;
    assert_eq!(told["after"]["planIds"], json!(["own"]));
    let attachment = format!("/v1/plans/own/keys/{id}");
    made(
        &admin,
        bare(Method::DELETE, &attachment),
        ("attachment.delete", &format!("{id}:own")),
        gone,
    )
    .await;
    let (_, told) = made(
        &admin,
        bare(Method::DELETE, &path),
        ("key.delete", &id),
        gone,
    )
    .await;
    assert_eq!(told["before"]["id"], key.body["id"]);
    made(
        &admin,
        bare(Method::DELETE, &plan_path),
        ("plan.delete", &plan_entity),
        gone,
    )
    .await;

    // A key's list has all that became of it.
    let of_key = all(&admin, &format!("&keyId={id}")).await;
    let expected = [
        "key.delete",
        "attachment.delete",
        "key.move",
        "usage.grant",
        "attachment.create",
        "key.rotate",
        "key.update",
        "key.create",
    ];
    assert_eq!(actions(&of_key), expected);
    let of_both = all(&admin, &format!("&keyId={id}&planId={}", plan.id())).await;
    assert_eq!(actions(&of_both), ["usage.grant", "attachment.create"]);
    let of_plan = all(&admin, &format!("&planId={}", plan.id())).await;
    assert_eq!(
        actions(&of_plan),
        ["plan.delete", "plan.update", "plan.create"]
    );
    let of_entity = all(&admin, &format!("&entity={}", encoded(&attached))).await;
    assert_eq!(of_entity, of_both);
}

#[tokio::test]
async fn changes_at_api_gateway_have_theirs() {
    let fake = FakeGateway::new(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    fake.set_api("a1", Source::Authorizer, &["prod"]);
    fake.set_method("a1", "/x", "GET", false);
    let admin = Admin::with_gateway(&fake, &["a1"]).await;
    let body = json!({"name": "P", "enforcement": "apiGateway", "apiStages": [stage_json("a1:prod")], "quota": {"limit": 5, "period": "DAY"}});
    let plan = admin.post("/v1/plans", body).await.id();
    let (key, _) = admin.key(&[&plan]).await;
    let grant = format!("/v1/plans/{plan}/keys/{key}/usage");
    let done = (false, true);
    let body = json!({"remaining": 9});
    let (_, told) = made(
        &admin,
        with(Method::PATCH, &grant, body),
        ("usage.grant", ""),
        done,
    )
    .await;
    assert_eq!(told["after"], json!({"remaining": 9}));
    let body = json!({"apiId": "a1", "stage": "prod"});
    made(
        &admin,
        with(Method::POST, "/v1/deployments", body),
        ("api.deploy", "api:a1"),
        done,
    )
    .await;
    let body = json!({"path": "/x", "method": "GET", "apiKeyRequired": true});
    let methods = "/v1/apis/a1/methods";
    let (_, told) = made(
        &admin,
        with(Method::PUT, methods, body),
        ("api.requireKey", "api:a1"),
        done,
    )
    .await;
    assert_eq!(told["after"]["apiKeyRequired"], true);
    let of_api = all(&admin, "&entity=api:a1").await;
    assert_eq!(actions(&of_api), ["api.requireKey", "api.deploy"]);
}

#[tokio::test]
async fn pages_go_over_months_without_gaps_or_duplicates() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &[]).await;
    let path = format!("/v1/plans/{plan}");
    // Through the end of November, December and the year, three at each instant.
    let mut number = 0;
    for _ in 0..14 {
        for _ in 0..3 {
            number += 1;
            let body = json!({"description": format!("{number}")});
            assert_eq!(admin.patch(&path, body).await.status, 200);
        }
        admin.pass(3 * DAY);
    }
    let whole = all(&admin, "").await;
    assert_eq!(whole.len(), 43);
    let times: Vec<&str> = whole
        .iter()
        .map(|item| item["at"].as_str().unwrap())
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer >= older),
        "{times:?}"
    );
    for month in ["2026-11", "2026-12", "2027-01"] {
        assert!(times.iter().any(|at| at.starts_with(month)));
    }
    for query in [
        "".to_owned(),
        format!("&planId={plan}"),
        format!("&principal={}", encoded(CALLER)),
    ] {
        for limit in [1, 2, 5, 42, 43, 44] {
            assert_eq!(paged(&admin, &query, limit).await, whole, "{query} {limit}");
        }
    }

    // What is written between two pages is newer, and moves nothing.
    let first = admin.get("/v1/audit?limit=20").await;
    admin
        .patch(&path, json!({"description": "meanwhile"}))
        .await;
    let cursor = first.text("cursor");
    let rest = all(&admin, &format!("&cursor={cursor}")).await;
    assert_eq!(rest, whole[20..]);
}

#[tokio::test]
async fn empty_months_are_passed_over_a_bounded_number_at_a_time() {
    let admin = Admin::start().await;
    admin.plan("P", &[]).await;
    admin.pass(5 * 365 * DAY);
    let first = admin.get("/v1/audit").await;
    assert_eq!(first.body["items"], json!([]));
    assert!(first.body["cursor"].is_string(), "there may be more");
    let items = paged(&admin, "", 25).await;
    assert_eq!(actions(&items), ["plan.create"]);
}

#[tokio::test]
async fn times_are_exact_and_days_are_whole() {
    let admin = Admin::start().await;
    admin.pass(12 * HOUR - 1);
    let last = admin.plan("Last", &[]).await;
    admin.pass(1);
    let first = admin.plan("First", &[]).await;
    let plans = |items: Vec<Value>| -> Vec<String> {
        let id = |item: &Value| item["planId"].as_str().unwrap().to_owned();
        items.iter().map(id).collect()
    };
    let found = all(&admin, "&startDate=2026-11-25&endDate=2026-11-25").await;
    assert_eq!(found[0]["at"], "2026-11-25T23:59:59.999999999Z");
    assert_eq!(plans(found), [&*last]);
    let found = all(&admin, "&startDate=2026-11-26").await;
    assert_eq!(plans(found), [&*first]);
    let at = "2026-11-26T00:00:00Z";
    let found = all(
        &admin,
        &format!("&startDate={at}&endDate={at}&planId={first}"),
    )
    .await;
    assert_eq!(plans(found), [&*first]);
    let found = all(&admin, &format!("&endDate={at}")).await;
    assert_eq!(plans(found), [&*first, &*last]);
    assert!(all(&admin, "&endDate=2026-11-24").await.is_empty());
    assert!(all(&admin, "&startDate=2031-01-01").await.is_empty());
    let found = admin
        .get("/v1/audit?startDate=2026-11-26&endDate=2026-11-25")
        .await;
    assert_eq!(
        found.faults(),
        ["startDate: must not be later than endDate"]
    );
}

#[tokio::test]
async fn principals_are_found_whatever_they_are_called() {
    let admin = Admin::start().await;
    let long = format!("arn:aws:iam::1:user/{}", "é".repeat(900));
    let longer = format!("{long}x");
    let odd = [
        "arn:aws:iam::123456789012:user/a b#c%&=+?",
        "PRINCIPAL#x",
        "\u{1F511}",
        &long,
        &longer,
    ];
    for (number, principal) in odd.iter().enumerate() {
        let mut sent = with(
            Method::POST,
            "/v1/plans",
            json!({"name": format!("{number}")}),
        );
        let mut context = ApiGatewayProxyRequestContext::default();
        context.identity.user_arn = Some((*principal).to_owned());
        sent.extensions_mut()
            .insert(RequestContext::ApiGatewayV1(context));
        assert_eq!(admin.send(sent).await.status, 201, "{principal}");
        admin.pass(SECOND);
    }
    for (number, principal) in odd.iter().enumerate() {
        let found = all(&admin, &format!("&principal={}", encoded(principal))).await;
        assert_eq!(found.len(), 1, "{principal}");
        assert_eq!(found[0]["principal"], *principal);
        assert_eq!(found[0]["after"]["name"], format!("{number}"));
        assert_eq!(found[0]["sourceIp"], Value::Null);
    }
    assert!(all(&admin, "&principal=arn%3Aaws").await.is_empty());
}

#[tokio::test]
async fn filters_and_cursors_are_read_or_refused() {
    let admin = Admin::start().await;
    for name in ["P", "Q", "R"] {
        admin.plan(name, &[]).await;
    }
    for (query, fault) in [
        ("keyId=gold", "keyId: must be a key id"),
        ("planId=a%20b", "planId: must be a plan id"),
        ("entity=", "entity: must be an entity"),
        ("principal=", "principal: must be an ARN"),
        ("startDate=yesterday", "startDate: must be a date"),
        ("endDate=2026-13-01", "endDate: must be a date"),
        ("limit=0", "limit: must be"),
        ("cursor=abc", "cursor: not a cursor"),
        ("action=x", "action: unknown parameter"),
    ] {
        let answer = admin.get(&format!("/v1/audit?{query}")).await;
        assert!(
            answer.faults()[0].starts_with(fault),
            "{query}: {:?}",
            answer.faults()
        );
    }
    let cursor = admin.get("/v1/audit?limit=1").await.text("cursor");
    let of_plans = admin.get("/v1/plans?limit=1").await.text("cursor");
    for path in [
        format!("/v1/audit?planId=gold&cursor={cursor}"),
        format!("/v1/audit?startDate=2026-01-01&cursor={cursor}"),
        format!("/v1/audit?cursor={of_plans}"),
        format!("/v1/plans?cursor={cursor}"),
    ] {
        let answer = admin.get(&path).await;
        assert!(
            answer.faults()[0].starts_with("cursor: not a cursor"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_record_has_a_secret() {
    let admin = Admin::start().await;
    let custom = "an-old-key-of-a-customer";
    let plan = admin.plan("P", &["a1:prod"]).await;
    let mut values = vec![custom.to_owned()];
    let made = admin.post("/v1/keys", json!({"value": custom})).await;
    let path = format!("/v1/keys/{}", made.id());
    let (generated, value) = admin.key(&[&plan]).await;
    values.push(value);
    for id in [made.id(), generated] {
        for _ in 0..2 {
            let rotated = admin
                .post(
                    &format!("/v1/keys/{id}/rotate"),
                    json!({"gracePeriodSeconds": 600}),
                )
                .await;
            values.push(rotated.text("value"));
            admin.pass(SECOND);
        }
    }
    admin.patch(&path, json!({"name": "n"})).await;
    admin.delete(&path).await;
    let answered = format!("{:?}", all(&admin, "").await);
    let items = admin.items().await;
    let kept: Vec<_> = items
        .iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("AUDIT#"))
        .collect();
    assert!(kept.len() >= 9);
    let kept = format!("{kept:?}").to_lowercase();
    assert!(
        !kept.contains("blob") && !kept.contains("\"hash\""),
        "no bytes at all"
    );
    for value in &values {
        let bytes = *PresentedKey::parse(value).unwrap().hash.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let base64 = base64_of(&bytes);
        for secret in [value.as_str(), &hex, &base64[..40]] {
            assert!(!answered.contains(secret), "{secret}");
            assert!(!kept.contains(&secret.to_lowercase()), "{secret}");
        }
    }
}

/// Without padding, as far as standard and URL-safe alphabets agree.
fn base64_of(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
    STANDARD_NO_PAD.encode(bytes)
}
