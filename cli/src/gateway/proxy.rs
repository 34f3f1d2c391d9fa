//! A REST API with `AWS_IAM` in front of a Lambda function: the admin API.
//!
//! The event takes the same way as in a deployed function, through lambda_http's reading of
//! proxy events and its writing of answers. Who calls is always the same user: on this
//! machine nothing is signed.

use axum::body::Bytes;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use lambda_http::{Adapter, LambdaEvent, Service, request::LambdaRequest};
use serde_json::{Value, json};

use super::{ACCOUNT, ApiStage, Call, Reply, json_reply, rest};

/// A stage of a REST API whose every method is proxied to one function.
pub(crate) struct ProxyApi {
    /// Which.
    pub(crate) stage: ApiStage,
    /// The function: what it would give to `lambda_http::run`.
    pub(crate) router: axum::Router,
}

impl ProxyApi {
    /// Carries out a call.
    pub(crate) async fn handle(&self, call: &Call, body: &[u8]) -> Reply {
        let answer = invoke(&self.router, &event(self.stage, call, body)).await;
        let reply = answer.as_ref().ok().and_then(reply_of);
        // docs "Handle Lambda errors in API Gateway": an error, or an answer of another form.
        reply.unwrap_or_else(|| json_reply(502, r#"{"message":"Internal server error"}"#))
    }
}

/// Calls a router as a Lambda function.
fn invoke(
    router: &axum::Router,
    event: &Value,
) -> impl Future<Output = Result<Value, serde_json::Error>> + use<> {
    let request = serde_json::from_str::<LambdaRequest>(&event.to_string());
    let response = request.map(|request| {
        let context = lambda_runtime::Context::default();
        Adapter::from(router.clone()).call(LambdaEvent::new(request, context))
    });
    async move {
        let Ok(response) = response?.await;
        serde_json::to_value(response)
    }
}

/// A proxy event (docs "Lambda proxy integrations in API Gateway").
fn event(stage: ApiStage, call: &Call, body: &[u8]) -> Value {
    let mut event = Value::Object(rest::parts(stage, call));
    for name in [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
    ] {
        if event[name]
            .as_object()
            .is_none_or(serde_json::Map::is_empty)
        {
            event[name] = Value::Null;
        }
    }
    // Without binary media types a body is text, whatever it was.
    let text = (!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned());
    event["body"] = json!(text);
    event["isBase64Encoded"] = json!(false);
    let context = &mut event["requestContext"];
    context["identity"]["userArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:user/dev"));
    context["identity"]["user"] = json!("dev");
    context["identity"]["accountId"] = json!(ACCOUNT);
    event
}

/// What API Gateway makes of a function's answer; none where it is malformed.
fn reply_of(answer: &Value) -> Option<Reply> {
    let text = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"].as_bool() == Some(true) {
        Bytes::from(BASE64_STANDARD.decode(text).ok()?)
    } else {
        Bytes::from(text.to_owned())
    };
    let mut reply = Reply::new(body);
    let status = u16::try_from(answer["statusCode"].as_u64()?).ok()?;
    *reply.status_mut() = ::http::StatusCode::from_u16(status).ok()?;
    let single = answer["headers"].as_object().into_iter().flatten();
    let single = single.map(|(name, value)| (name, std::slice::from_ref(value)));
    let multi = answer["multiValueHeaders"]
        .as_object()
        .into_iter()
        .flatten();
    let multi =
        multi.map(|(name, values)| (name, values.as_array().map_or(&[][..], Vec::as_slice)));
    for (name, values) in single.chain(multi) {
        let name = ::http::HeaderName::try_from(name).ok()?;
        for value in values {
            reply
                .headers_mut()
                .append(name.clone(), value.as_str()?.parse().ok()?);
        }
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode};
    use lambda_http::RequestExt as _;

    use super::*;

    const STAGE: ApiStage = ApiStage {
        api_id: "admin",
        stage: "admin",
    };

    fn echo() -> Router {
        Router::new().fallback(|request: axum::extract::Request| async move {
            let context = request
                .request_context_ref()
                .map(|context| format!("{context:?}"));
            let user = context
                .unwrap_or_default()
                .contains("arn:aws:iam::000000000000:user/dev");
            let header = request.headers()["x-sent"].to_str().unwrap().to_owned();
            let line = format!("{} {} {header} {user}", request.method(), request.uri());
            let body = axum::body::to_bytes(request.into_body(), 1_000)
                .await
                .unwrap();
            let headers = [("location", "/v1/keys/key_1"), ("x-line", &line)]
                .map(|(name, value)| (name, value.to_owned()));
            (StatusCode::CREATED, headers, body)
        })
    }

    async fn call(target: &str, body: &[u8]) -> Reply {
        let headers = [("host", "127.0.0.1:3000"), ("x-sent", "yes")];
        let api = ProxyApi {
            stage: STAGE,
            router: echo(),
        };
        api.handle(&Call::of("POST", target, &headers), body).await
    }

    #[tokio::test]
    async fn a_router_gets_the_call_as_lambda_http_reads_it_and_answers_whole() {
        let reply = call("/v1/keys?a=1&a=b%26c", "{\"é\":1}".as_bytes()).await;
        assert_eq!(reply.status(), 201);
        assert_eq!(reply.headers()["location"], "/v1/keys/key_1");
        assert_eq!(
            reply.headers()["x-line"],
            "POST https://127.0.0.1:3000/admin/v1/keys?a=1&a=b%26c yes true"
        );
        assert_eq!(reply.body(), "{\"é\":1}".as_bytes());
    }

    #[tokio::test]
    async fn an_empty_body_stays_empty() {
        assert!(call("/health", b"").await.body().is_empty());
    }

    #[tokio::test]
    async fn an_event_that_the_function_cannot_read_is_502() {
        let api = ProxyApi {
            stage: STAGE,
            router: echo(),
        };
        let reply = api.handle(&Call::of("GE T", "/health", &[]), b"").await;
        assert_eq!(reply.status(), 502);
        assert_eq!(reply.body(), r#"{"message":"Internal server error"}"#);
    }

    #[test]
    fn an_answer_of_another_form_is_none() {
        for answer in [
            json!("text"),
            json!({"body": "no status"}),
            json!({"statusCode": 99_999}),
            json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
        ] {
            assert!(reply_of(&answer).is_none(), "{answer}");
        }
        let binary = json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true});
        assert_eq!(reply_of(&binary).unwrap().body(), "hi");
        let headers = json!({"statusCode": 200, "headers": {"a": "b"}, "multiValueHeaders": {"c": ["d", "e"]}});
        assert_eq!(reply_of(&headers).unwrap().headers().len(), 3);
    }

    #[test]
    fn the_event_is_api_gateway_s() {
        let call = Call::of("POST", "/v1/keys?limit=5", &[("host", "127.0.0.1:3000")]);
        insta::assert_json_snapshot!(event(STAGE, &call, b"{}"));
    }
}
