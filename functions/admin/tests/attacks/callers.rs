//! Who calls, said by those who call; and ids as long as anybody can send them.

use http::{HeaderName, HeaderValue, Method};
use serde_json::json;

use crate::{
    lambda::{create_plan, invoke},
    support::{Admin, CALLER, request},
};

/// Headers that name a caller, an address or a path to somebody.
const SAID: [&str; 14] = [
    "X-Forwarded-For",
    "X-Forwarded-User",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method-Override",
    "X-Real-IP",
    "Forwarded",
    "X-Amzn-Principal",
    "x-amzn-request-context",
    "x-amzn-lambda-context",
    "X-Amz-Security-Token",
    "X-Amz-User-Arn",
];

#[tokio::test]
async fn the_principal_is_the_identity_that_iam_checked_whatever_headers_say() {
    let admin = Admin::start().await;
    let root = "arn:aws:iam::123456789012:root";
    let mut event = create_plan();
    for name in SAID {
        let said = match name {
            "x-amzn-request-context" => {
                json!({"identity": {"userArn": root, "sourceIp": "10.0.0.1"}}).to_string()
            }
            "X-Original-URL" | "X-Rewrite-URL" | "X-Forwarded-Prefix" => "/v1/keys".to_owned(),
            "X-HTTP-Method-Override" => "DELETE".to_owned(),
            _ => root.to_owned(),
        };
        event["headers"][name] = said.clone().into();
        event["multiValueHeaders"][name] = json!([said]);
    }
    event["requestContext"]["authorizer"] = json!({"principalId": root, "userArn": root});
    let answer = invoke(&admin.router, &event).await;
    assert_eq!(answer["statusCode"], 201, "{answer}");
    let told = admin.get("/v1/audit").await;
    let record = &told.body["items"][0];
    assert_eq!(
        (&record["principal"], &record["action"]),
        (&json!(CALLER), &json!("plan.create"))
    );
    assert_eq!(record["sourceIp"], "192.0.2.1");
    assert!(!format!("{:?}", admin.items().await).contains(root));
}

/// They name nothing, cost no read that the table would refuse, and are not told back.
#[tokio::test]
async fn an_id_of_any_length_or_kind_names_nothing_and_is_not_repeated() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &[]).await;
    let before = admin.items().await.len();
    let ids = [
        "k".repeat(60_000),
        "key_".to_owned() + &"0".repeat(2_000),
        "%00".repeat(100),
        "%E2%80%A8".repeat(100),
        "..%2F..%2Fplans".repeat(20),
        "KEY%23".repeat(40),
        "%F0%9F%94%91".repeat(400),
        "%ff%fe".repeat(40),
    ];
    for id in &ids {
        for (method, path) in [
            (Method::GET, format!("/v1/keys/{id}")),
            (Method::DELETE, format!("/v1/keys/{id}")),
            (Method::POST, format!("/v1/keys/{id}/rotate")),
            (Method::GET, format!("/v1/plans/{id}")),
            (Method::DELETE, format!("/v1/plans/{id}?force=true")),
            (Method::PUT, format!("/v1/plans/{plan}/keys/{id}")),
            (Method::GET, format!("/v1/keys?planId={id}")),
            (Method::GET, format!("/v1/audit?keyId={id}")),
        ] {
            let answer = admin.send(request(method.clone(), &path, None)).await;
            let told = format!("{:?} {}", answer.headers, answer.body);
            assert!(
                answer.status.is_client_error(),
                "{method} {}: {told}",
                &path[..20]
            );
            assert!(
                told.len() < 3_000,
                "{method} {}: {} bytes",
                &path[..20],
                told.len()
            );
        }
    }
    for name in [
        "idempotency-key",
        "if-match",
        "if-none-match",
        "accept",
        "content-type",
        "authorization",
    ] {
        let mut long = request(
            Method::POST,
            "/v1/keys",
            Some("{\"enabled\": 1}".to_owned()),
        );
        let value = HeaderValue::from_str(&"\"x\",".repeat(20_000)).unwrap();
        long.headers_mut()
            .insert(HeaderName::from_static(name), value);
        let answer = admin.send(long).await;
        let told = format!("{:?} {}", answer.headers, answer.body);
        assert!(
            answer.status.is_client_error() && told.len() < 3_000,
            "{name}: {} bytes",
            told.len()
        );
    }
    assert_eq!(admin.items().await.len(), before, "nothing was written");
}
