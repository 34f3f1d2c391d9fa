//! What is wrong with a request, whatever it asks for.

use http::{HeaderValue, Method};
use serde_json::{Value, json};

use crate::support::{Admin, Answer, CALLER, TABLE, assert_answer, request, unsigned};

async fn posted(admin: &Admin, content_type: Option<&str>, body: &str) -> Answer {
    let mut request = request(Method::POST, "/v1/plans", Some(body.to_owned()));
    match content_type {
        Some(media_type) => request
            .headers_mut()
            .insert("content-type", media_type.parse().unwrap()),
        None => request.headers_mut().remove("content-type"),
    };
    admin.send(request).await
}

#[tokio::test]
async fn a_body_that_is_not_json_is_told_with_its_place() {
    let admin = Admin::start().await;
    let json = Some("application/json");
    assert_answer!(
        "malformed_json",
        posted(&admin, json, "{\n  \"name\": \"P\",\n}").await
    );
    for (body, place) in [
        ("{", "line 1 column 1"),
        ("{\"name\": \"a\"} x", "line 1 column 15"),
        (
            "{\"name\": \"a\", \"name\": \"b\"}",
            "\"name\" is named twice at line 1 column 20",
        ),
        ("nul", "line 1 column 3"),
    ] {
        let answer = posted(&admin, json, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (400, "malformed-json")
        );
        assert!(answer.text("detail").ends_with(place), "{}", answer.body);
    }
    assert_answer!("empty_body", posted(&admin, json, "").await);
}

#[tokio::test]
async fn a_body_says_what_it_is() {
    let admin = Admin::start().await;
    let body = r#"{"name": "P"}"#;
    assert_answer!(
        "unsupported_media_type",
        posted(&admin, Some("application/x-www-form-urlencoded"), body).await
    );
    for refused in [
        None,
        Some("text/json"),
        Some("application/jsonp"),
        Some("application/merge-patch+json"),
    ] {
        assert_eq!(
            posted(&admin, refused, body).await.status,
            415,
            "{refused:?}"
        );
    }
    for taken in ["application/json", "Application/JSON ; charset=utf-8"] {
        assert_eq!(
            posted(&admin, Some(taken), body).await.status,
            201,
            "{taken}"
        );
    }
    let mut patch = request(Method::PATCH, "/v1/plans/none", Some("{}".into()));
    patch.headers_mut().insert(
        "content-type",
        HeaderValue::from_static("application/merge-patch+json"),
    );
    assert_eq!(
        admin.send(patch).await.status,
        404,
        "its media type is taken"
    );
    let mut packed = request(Method::POST, "/v1/plans", Some(body.into()));
    packed
        .headers_mut()
        .insert("content-encoding", HeaderValue::from_static("gzip"));
    assert_eq!(admin.send(packed).await.status, 415);
}

#[tokio::test]
async fn a_body_has_a_size() {
    let admin = Admin::start().await;
    let padded = |bytes: usize| format!(r#"{{"name": "P"{}}}"#, " ".repeat(bytes - 13));
    assert_eq!(padded(1_000_000).len(), 1_000_000);
    let json = Some("application/json");
    assert_eq!(posted(&admin, json, &padded(1_000_000)).await.status, 201);
    assert_answer!(
        "body_too_large",
        posted(&admin, json, &padded(1_000_001)).await
    );
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let admin = Admin::start().await;
    assert_answer!("unknown_path", admin.get("/v1/plan").await);
    assert_answer!("method_not_allowed", admin.put("/v1/plans").await);
    for path in [
        "/",
        "/v1",
        "/v1/plans/",
        "/v2/plans",
        "/health/x",
        "/v1/plans/a/keys/b/c",
    ] {
        assert_eq!(admin.get(path).await.problem(), "unknown-path", "{path}");
    }
    assert_eq!(
        admin.post("/health", json!({})).await.problem(),
        "method-not-allowed"
    );
}

#[tokio::test]
async fn ids_that_cannot_be_ids_name_nothing() {
    let admin = Admin::start().await;
    for path in [
        "/v1/plans/a.b",
        "/v1/plans/%ff",
        "/v1/plans/a%2Fb",
        "/v1/plans/a.b/keys",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (404, "unknown-plan"),
            "{path}"
        );
    }
    for path in [
        "/v1/keys/1",
        "/v1/keys/0123456789abcdef",
        "/v1/keys/key_0123456789abcde%C3%A9",
        "/v1/keys/x/usage",
    ] {
        let answer = admin.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (404, "unknown-key"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn nobody_is_answered_who_has_no_identity() {
    let admin = Admin::start().await;
    let answer = admin.send(unsigned(Method::GET, "/v1/plans", None)).await;
    assert_answer!("no_identity", answer);
    for (method, path) in [
        (Method::POST, "/v1/keys"),
        (Method::GET, "/v1/nothing"),
        (Method::POST, "/v1/verify"),
    ] {
        let answer = admin.send(unsigned(method, path, Some("{}".into()))).await;
        assert_eq!(answer.problem(), "no-identity", "{path}");
    }
    assert_answer!(
        "health",
        admin.send(unsigned(Method::GET, "/health", None)).await
    );
}

#[tokio::test]
async fn parameters_are_read_or_refused() {
    let admin = Admin::start().await;
    assert_answer!(
        "parameters_refused",
        admin
            .get("/v1/keys?limit=0&cursor=x&customerId=&colour=red")
            .await
    );
    for limit in ["", "0", "501", "+5", "-1", "1.5", "ten", "99999"] {
        let answer = admin.get(&format!("/v1/plans?limit={limit}")).await;
        assert_eq!(
            answer.faults(),
            ["limit: must be a whole number from 1 to 500"],
            "{limit}"
        );
    }
    assert_eq!(admin.get("/v1/plans?limit=500").await.status, 200);
    assert_eq!(
        admin.get("/v1/plans?limit=1&limit=2").await.faults(),
        ["limit: is given twice"]
    );
    let (plan, (key, _)) = (admin.plan("P", &[]).await, admin.key(&[]).await);
    for (method, path) in [
        (Method::POST, "/v1/plans".to_owned()),
        (Method::POST, "/v1/keys".to_owned()),
        (Method::POST, "/v1/verify".to_owned()),
        (Method::GET, format!("/v1/plans/{plan}")),
        (Method::PUT, format!("/v1/plans/{plan}")),
        (Method::PATCH, format!("/v1/plans/{plan}")),
        (Method::GET, format!("/v1/keys/{key}")),
        (Method::PATCH, format!("/v1/keys/{key}")),
        (Method::DELETE, format!("/v1/keys/{key}")),
        (Method::PUT, format!("/v1/plans/{plan}/keys/{key}")),
        (Method::GET, format!("/v1/plans/{plan}/keys/{key}")),
        (Method::DELETE, format!("/v1/plans/{plan}/keys/{key}")),
        (Method::PATCH, format!("/v1/plans/{plan}/keys/{key}/usage")),
    ] {
        let answer = admin
            .send(request(
                method.clone(),
                &format!("{path}?dryRun=true"),
                Some("{}".into()),
            ))
            .await;
        assert_eq!(
            answer.faults(),
            ["dryRun: unknown parameter; none is known here"],
            "{method} {path}"
        );
    }
    let delete = request(
        Method::DELETE,
        &format!("/v1/plans/{plan}?dryRun=true"),
        None,
    );
    assert_eq!(
        admin.send(delete).await.faults(),
        ["dryRun: unknown parameter; known here: force"]
    );
    for path in [
        "/v1/keys",
        "/v1/plans",
        &format!("/v1/plans/{plan}/keys"),
        &format!("/v1/plans/{plan}/usage"),
        &format!("/v1/keys/{key}/usage"),
    ] {
        let answer = admin.get(&format!("{path}?dryRun=true")).await;
        assert!(
            answer.faults()[0].starts_with("dryRun: unknown parameter; known here: "),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let admin = Admin::start().await;
    let (plan, other) = (
        admin.plan("P", &["a1:x"]).await,
        admin.plan("P", &["a2:x"]).await,
    );
    for _ in 0..2 {
        admin.key(&[&plan, &other]).await;
    }
    let lists = [
        "/v1/plans",
        "/v1/keys",
        &format!("/v1/plans/{plan}/keys"),
        &format!("/v1/plans/{other}/keys"),
    ]
    .map(str::to_owned);
    for mine in &lists {
        let cursor = admin.get(&format!("{mine}?limit=1")).await.text("cursor");
        for theirs in &lists {
            let answer = admin.get(&format!("{theirs}?cursor={cursor}")).await;
            assert_eq!(answer.status == 200, mine == theirs, "{mine} {theirs}");
            if mine != theirs {
                assert_eq!(
                    answer.faults(),
                    [
                        "cursor: not a cursor of this list: pass on the cursor of the page before, unchanged"
                    ]
                );
            }
        }
    }
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_503_and_nothing_is_told_of_it() {
    let admin = Admin::without_table();
    assert_answer!("unavailable", admin.get("/v1/plans").await);
    assert_eq!(admin.get("/health").await.status, 503);
    assert_eq!(
        admin.post("/v1/keys", json!({})).await.problem(),
        "unavailable"
    );
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_500() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &[]).await;
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let update = admin.engine.client().update_item().table_name(TABLE);
    let update = update
        .key("pk", text("PLANS"))
        .key("sk", text(&format!("PLAN#{plan}")));
    let later = update
        .update_expression("SET v = :v")
        .expression_attribute_values(":v", aws_sdk_dynamodb::types::AttributeValue::N("9".into()));
    later.send().await.unwrap();
    assert_answer!("internal", admin.get(&format!("/v1/plans/{plan}")).await);
}

#[tokio::test]
async fn without_random_bytes_nothing_is_made() {
    let admin = Admin::start().await;
    for path in ["/v1/keys", "/v1/plans"] {
        let answer = admin
            .without_random()
            .post(path, json!({"name": "n"}))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (500, "internal")
        );
    }
    assert!(admin.items().await.is_empty());
}

#[tokio::test]
async fn an_audit_record_names_the_caller() {
    let admin = Admin::start().await;
    admin.plan("P", &[]).await;
    let items = admin.items().await;
    let audit = items
        .iter()
        .find(|item| item.contains_key("principal"))
        .unwrap();
    let text = |name: &str| audit[name].as_s().unwrap().as_str();
    assert_eq!((text("principal"), text("sourceIp")), (CALLER, "192.0.2.1"));
    assert_eq!(
        (text("action"), text("at")),
        ("plan.create", "2026-11-25T12:00:00Z")
    );
}

#[test]
fn each_problem_has_a_shape() {
    // What RFC 9457 says of each member, held by every snapshot of a problem.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    let mut problems = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let (_, json) = text.split_once("\n---\n").unwrap();
        let answer: Value = serde_json::from_str(json).unwrap();
        if answer["headers"]["content-type"] != "application/problem+json" {
            continue;
        }
        problems += 1;
        let body = &answer["body"];
        assert_eq!(body["status"], answer["status"], "{text}");
        assert!(
            body["type"].as_str().unwrap().starts_with("/problems/"),
            "{text}"
        );
        assert!(
            !body["title"].as_str().unwrap().is_empty()
                && !body["detail"].as_str().unwrap().is_empty(),
            "{text}"
        );
    }
    assert!(problems >= 15, "{problems}");
}
