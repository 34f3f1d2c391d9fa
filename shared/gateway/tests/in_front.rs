//! What is read of APIs: in API Gateway's own words, over all pages.

use latchkey_gateway::{ApiKind, FoundApi, FoundAuthorizer, FoundMethod, FoundResponse, KeySource};

use crate::scripted::Scripted;

fn api(id: &str, kind: ApiKind, key_source: Option<KeySource>) -> FoundApi {
    FoundApi {
        id: id.to_owned(),
        name: format!("{id}-name"),
        kind,
        key_source,
    }
}

#[tokio::test]
async fn all_pages_of_both_kinds_of_apis_are_read() {
    let client = Scripted::new([
        (
            200,
            r#"{"item": [{"id": "r1", "name": "r1-name", "apiKeySource": "AUTHORIZER"}], "position": "p"}"#,
        ),
        (200, r#"{"item": [{"id": "r2", "name": "r2-name"}]}"#),
        (
            200,
            r#"{"items": [{"apiId": "h1", "name": "h1-name", "protocolType": "HTTP"},
                            {"apiId": "w1", "name": "w1-name", "protocolType": "WEBSOCKET"}]}"#,
        ),
    ]);
    let expected = vec![
        api("r1", ApiKind::Rest, Some(KeySource::Authorizer)),
        api("r2", ApiKind::Rest, Some(KeySource::Header)),
        api("h1", ApiKind::Http, Some(KeySource::NoUsagePlans)),
        api("w1", ApiKind::WebSocket, None),
    ];
    assert_eq!(client.gateway().apis().await, Ok(expected));
}

#[tokio::test]
async fn authorizers_of_both_apis_are_read_alike() {
    let client = Scripted::new([
        (
            200,
            r#"{"item": [{"id": "a", "authorizerUri": "u", "authorizerCredentials": "role",
            "authorizerResultTtlInSeconds": 0,
            "identitySource": "method.request.header.x-api-key, method.request.querystring.k"}]}"#,
        ),
        (
            200,
            r#"{"items": [{"authorizerId": "b", "authorizerUri": "u", "authorizerCredentialsArn": "", "enableSimpleResponses": true,
            "identitySource": ["$request.header.x-api-key"]}]}"#,
        ),
    ]);
    let gateway = client.gateway();
    let rest = FoundAuthorizer {
        id: "a".to_owned(),
        uri: Some("u".to_owned()),
        credentials: Some("role".to_owned()),
        ttl_seconds: Some(0),
        identity_sources: vec![
            "method.request.header.x-api-key".to_owned(),
            "method.request.querystring.k".to_owned(),
        ],
        simple_responses: false,
    };
    let found = gateway.authorizers(&api("r", ApiKind::Rest, None)).await;
    assert_eq!(found, Ok(vec![rest]));
    let http = FoundAuthorizer {
        id: "b".to_owned(),
        uri: Some("u".to_owned()),
        credentials: None,
        ttl_seconds: None,
        identity_sources: vec!["$request.header.x-api-key".to_owned()],
        simple_responses: true,
    };
    let found = gateway.authorizers(&api("h", ApiKind::Http, None)).await;
    assert_eq!(found, Ok(vec![http]));
}

#[tokio::test]
async fn answers_of_its_own_and_methods_are_read_and_defaults_left_out() {
    let client = Scripted::new([
        (
            200,
            r#"{"item": [{"responseType": "ACCESS_DENIED", "statusCode": "429", "defaultResponse": false,
            "responseParameters": {"gatewayresponse.header.Retry-After": "context.authorizer.retryAfter"}},
            {"responseType": "THROTTLED", "statusCode": "429", "defaultResponse": true}]}"#,
        ),
        (
            200,
            r#"{"item": [{"id": "1", "path": "/orders", "resourceMethods": {
            "POST": {"httpMethod": "POST", "authorizerId": "a", "apiKeyRequired": true},
            "GET": {"httpMethod": "GET"}}}]}"#,
        ),
    ]);
    let gateway = client.gateway();
    let answers = gateway.own_answers("r").await.unwrap();
    let denied = FoundResponse {
        status: Some("429".to_owned()),
        headers: [(
            "retry-after".to_owned(),
            "context.authorizer.retryAfter".to_owned(),
        )]
        .into(),
    };
    assert_eq!(answers, [("ACCESS_DENIED".to_owned(), denied)].into());
    let method = |name: &str, authorizer: Option<&str>, key_required| FoundMethod {
        name: name.to_owned(),
        authorizer: authorizer.map(str::to_owned),
        key_required,
    };
    let expected = vec![
        method("GET /orders", None, false),
        method("POST /orders", Some("a"), true),
    ];
    assert_eq!(gateway.methods("r").await, Ok(expected));
}

#[tokio::test]
async fn what_a_stage_serves_is_asked_for_with_api_gateway_s_extensions() {
    let client = Scripted::new([
        (
            200,
            r#"{"item": [{"stageName": "prod"}, {"stageName": "dev"}]}"#,
        ),
        (200, r#"{"openapi": "3.0.1"}"#),
    ]);
    let gateway = client.gateway();
    let stages = gateway.stages("r").await;
    assert_eq!(stages, Ok(vec!["prod".to_owned(), "dev".to_owned()]));
    let document = gateway.exported("r", "prod").await.unwrap();
    assert_eq!(document, br#"{"openapi": "3.0.1"}"#);
    let asked = &client.sent()[1].uri;
    let path = "/restapis/r/stages/prod/exports/oas30?extensions=apigateway";
    assert!(asked.ends_with(path), "{asked}");
}
