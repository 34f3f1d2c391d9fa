//! What a stage of a REST API serves, from API Gateway's export of it: OpenAPI 3 with API Gateway's
//! extensions. The control plane's own lists tell what an API is defined as; that takes effect with
//! a deployment only.

use std::collections::BTreeMap;

use latchkey_gateway::{FoundAuthorizer, FoundResponse};
use serde_json::Value;

const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
const RESPONSES: &str = "x-amazon-apigateway-gateway-responses";
const HEADER: &str = "gatewayresponse.header.";

/// What an export tells.
pub(super) struct Exported {
    /// With their names for ids.
    pub(super) authorizers: Vec<FoundAuthorizer>,
    /// Answers of API Gateway's own by their types; none where it tells of none.
    pub(super) answers: Option<BTreeMap<String, FoundResponse>>,
}

/// # Errors
/// What of it cannot be read.
pub(super) fn read(document: &[u8]) -> Result<Exported, String> {
    let document: Value = serde_json::from_slice(document)
        .map_err(|error| format!("its export cannot be read (column {})", error.column()))?;
    if document["openapi"].as_str().is_none() {
        return Err("its export is no OpenAPI document".to_owned());
    }
    let schemes = document["components"]["securitySchemes"].as_object();
    let authorizers = schemes.into_iter().flatten().filter_map(authorizer);
    let answers = document[RESPONSES].as_object();
    Ok(Exported {
        authorizers: authorizers.collect(),
        answers: answers.map(|all| all.iter().map(answer).collect()),
    })
}

fn authorizer((name, scheme): (&String, &Value)) -> Option<FoundAuthorizer> {
    let told = scheme[AUTHORIZER].as_object()?;
    let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
    let ttl = told.get("authorizerResultTtlInSeconds");
    let sources = text("identitySource").unwrap_or_default();
    let sources = sources.split(',').map(str::trim);
    Some(FoundAuthorizer {
        id: name.clone(),
        uri: text("authorizerUri"),
        credentials: text("authorizerCredentials").filter(|role| !role.is_empty()),
        ttl_seconds: ttl.and_then(Value::as_i64).and_then(|n| n.try_into().ok()),
        identity_sources: sources
            .filter(|source| !source.is_empty())
            .map(str::to_owned)
            .collect(),
        simple_responses: false,
    })
}

/// A status is a number or a text.
fn answer((kind, told): (&String, &Value)) -> (String, FoundResponse) {
    let status = match &told["statusCode"] {
        Value::String(status) => Some(status.clone()),
        Value::Number(status) => Some(status.to_string()),
        _ => None,
    };
    let headers = told["responseParameters"].as_object().into_iter().flatten();
    let headers = headers.filter_map(|(name, value)| {
        let name = name.strip_prefix(HEADER)?.to_ascii_lowercase();
        Some((name, value.as_str()?.to_owned()))
    });
    let response = FoundResponse {
        status,
        headers: headers.collect(),
    };
    (kind.clone(), response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorizers_and_answers_are_read_from_an_export() {
        let document = r#"{"openapi": "3.0.1", "components": {"securitySchemes": {
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "Keys": {"type": "apiKey", "name": "Unused", "in": "header",
              "x-amazon-apigateway-authtype": "custom",
              "x-amazon-apigateway-authorizer": {"type": "request", "authorizerUri": "arn:a/invocations",
                "authorizerResultTtlInSeconds": 0,
                "identitySource": "method.request.header.x-api-key, context.stage"}}}},
          "x-amazon-apigateway-gateway-responses": {
            "ACCESS_DENIED": {"statusCode": 429, "responseParameters":
              {"gatewayresponse.header.Retry-After": "context.authorizer.retryAfter"}},
            "UNAUTHORIZED": {"statusCode": "401"}, "DEFAULT_5XX": {}}}"#;
        let exported = read(document.as_bytes()).unwrap();
        let answers = exported.answers.unwrap();
        let expected = FoundAuthorizer {
            id: "Keys".to_owned(),
            uri: Some("arn:a/invocations".to_owned()),
            credentials: None,
            ttl_seconds: Some(0),
            identity_sources: ["method.request.header.x-api-key", "context.stage"]
                .map(str::to_owned)
                .to_vec(),
            simple_responses: false,
        };
        assert_eq!(exported.authorizers, [expected]);
        let status = |kind: &str| answers[kind].status.as_deref();
        assert_eq!(status("ACCESS_DENIED"), Some("429"));
        assert_eq!(status("UNAUTHORIZED"), Some("401"));
        assert_eq!(status("DEFAULT_5XX"), None);
        let headers = &answers["ACCESS_DENIED"].headers;
        assert_eq!(headers["retry-after"], "context.authorizer.retryAfter");
    }

    #[test]
    fn what_is_no_export_is_told() {
        for document in ["", "{}", "[]", r#"{"message": "no"}"#] {
            assert!(read(document.as_bytes()).is_err(), "{document}");
        }
        let bare = read(br#"{"openapi": "3.0.1"}"#).unwrap();
        assert!(bare.authorizers.is_empty() && bare.answers.is_none());
    }
}
