//! An HTTP API with a 2.0 authorizer whose identity source is `$request.header.x-api-key`,
//! on `ANY /{proxy+}`.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{
    ACCOUNT, ApiStage, Backend, Call, Context, Form, Handled, Outcome, Reply, insert_header,
    is_open, json_reply, reply,
};

/// The header that must be there before the authorizer is asked at all.
const IDENTITY_SOURCE: &str = "x-api-key";
/// What a preflight may ask for (template.yaml, `CorsConfiguration`).
const PREFLIGHT: [(&str, &str); 2] = [
    (
        "access-control-allow-headers",
        "authorization,content-type,x-api-key",
    ),
    (
        "access-control-allow-methods",
        "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT",
    ),
];
const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ANY_ORIGIN: &str = "*";

/// A stage of an HTTP API with Latchkey's authorizer in front.
pub(crate) struct HttpApi {
    /// Which.
    pub(crate) stage: ApiStage,
    /// Whether the authorizer may give simple responses.
    pub(crate) form: Form,
    /// What it protects.
    pub(crate) backend: Backend,
}

impl HttpApi {
    /// Carries out a call, with `authorizer` in front: from the JSON text of an event to
    /// that of an answer, or to the text of an error.
    pub(crate) async fn handle(
        &self,
        call: &Call,
        authorizer: impl AsyncFnOnce(String) -> Result<String, String>,
    ) -> Handled {
        let mut handled = self.answer(call, authorizer).await;
        let headers = handled.reply.headers_mut();
        // Where the API configures CORS, the backend's own headers for it are dropped.
        if call.headers.last("origin").is_none() && call.method != "OPTIONS" {
            headers.remove(ALLOW_ORIGIN);
        } else {
            insert_header(&mut handled.reply, ALLOW_ORIGIN, ANY_ORIGIN);
        }
        insert_header(&mut handled.reply, "apigw-requestid", &call.request_id);
        handled
    }

    async fn answer(
        &self,
        call: &Call,
        authorizer: impl AsyncFnOnce(String) -> Result<String, String>,
    ) -> Handled {
        if call.method == "OPTIONS" {
            return Handled::without_authorizer(reply(204, &PREFLIGHT, ""));
        }
        if is_open(&call.path) {
            return Handled::without_authorizer(self.forward(call, &Context::new()));
        }
        let identity = call
            .headers
            .values(IDENTITY_SOURCE)
            .collect::<Vec<_>>()
            .join(",");
        if identity.is_empty() {
            return Handled::without_authorizer(message(401, "Unauthorized"));
        }
        let arn = self.stage.method_arn(&call.method, &call.path);
        let answer = authorizer(event(self.stage, call, &arn, &identity).to_string()).await;
        let outcome = Outcome::read(answer, &arn, self.form);
        let reply = match &outcome {
            Outcome::Allowed { context, .. } => self.forward(call, context),
            Outcome::Denied(_) => message(403, "Forbidden"),
            Outcome::Unauthorized | Outcome::Failed(_) | Outcome::Malformed(_) => {
                message(500, "Internal Server Error")
            }
        };
        Handled {
            reply,
            outcome: Some(outcome),
        }
    }

    fn forward(&self, call: &Call, context: &Context) -> Reply {
        (self.backend)(&call.method, &decoded(&call.path), context)
    }
}

/// An answer of the API's own: nothing about it can be configured.
fn message(status: u16, message: &str) -> Reply {
    json_reply(status, format!(r#"{{"message":"{message}"}}"#))
}

fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// The event of an authorizer with payload format 2.0 (docs "Control access to HTTP APIs
/// with AWS Lambda authorizers"). `rawPath` is decoded, the ARN is not.
fn event(stage: ApiStage, call: &Call, route_arn: &str, identity: &str) -> Value {
    let raw_path = decoded(&call.path);
    let route_key = if raw_path == "/" {
        "ANY /"
    } else {
        "ANY /{proxy+}"
    };
    let cookies = call
        .headers
        .values("cookie")
        .flat_map(|cookies| cookies.split("; "));
    let parameters = call.query_parameters();
    let joined = |(name, values): (&String, &Vec<String>)| (name.clone(), values.join(",").into());
    let mut event = json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": route_arn,
        "identitySource": [identity],
        "routeKey": route_key,
        "rawPath": raw_path,
        "rawQueryString": call.query,
        "headers": call.headers.without("cookie").joined_values(),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": stage.api_id,
            "domainName": call.host(),
            "domainPrefix": stage.api_id,
            "http": {
                "method": call.method,
                "path": raw_path,
                "protocol": call.protocol,
                "sourceIp": call.source,
                "userAgent": call.user_agent(),
            },
            "requestId": call.request_id,
            "routeKey": route_key,
            "stage": stage.stage,
            "time": call.request_time(),
            "timeEpoch": call.at.as_millisecond(),
        },
    });
    let mut insert = |name: &str, value: Map<String, Value>| {
        if !value.is_empty() {
            event[name] = value.into();
        }
    };
    insert(
        "queryStringParameters",
        parameters.iter().map(joined).collect(),
    );
    let proxy = raw_path.strip_prefix('/').filter(|proxy| !proxy.is_empty());
    insert(
        "pathParameters",
        proxy
            .map(|proxy| ("proxy".to_owned(), proxy.into()))
            .into_iter()
            .collect(),
    );
    let cookies: Vec<_> = cookies.collect();
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    event
}

#[cfg(test)]
mod tests {
    use super::{super::template, *};

    const STAGE: ApiStage = ApiStage {
        api_id: "demohttp",
        stage: "$default",
    };

    async fn handle(form: Form, answer: Result<Value, &str>, call: &Call) -> Handled {
        let api = HttpApi {
            stage: STAGE,
            form,
            backend: |method, path, context| {
                json_reply(200, json!([method, path, context]).to_string())
            },
        };
        api.handle(call, async |_| {
            answer
                .map(|answer| answer.to_string())
                .map_err(str::to_owned)
        })
        .await
    }

    /// Status and body.
    async fn answered(answer: Result<Value, &str>, call: &Call) -> (u16, String) {
        let reply = handle(Form::Policy, answer, call).await.reply;
        (
            reply.status().as_u16(),
            String::from_utf8(reply.body().to_vec()).unwrap(),
        )
    }

    fn policy(effect: &str) -> Value {
        json!({
            "principalId": "key_1",
            "policyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": effect,
                "Action": "execute-api:Invoke",
                "Resource": "arn:aws:execute-api:us-east-1:000000000000:demohttp/$default/*",
            }]},
            "context": {"keyId": "key_1"},
        })
    }

    fn with_key(method: &str, target: &str) -> Call {
        Call::of(method, target, &[("x-api-key", "k1")])
    }

    #[tokio::test]
    async fn without_the_identity_source_nobody_is_asked() {
        let refused = (401, r#"{"message":"Unauthorized"}"#.to_owned());
        for headers in [
            &[][..],
            &[("x-api-key", "")],
            &[("authorization", "Bearer k1")],
        ] {
            let handled = handle(
                Form::Policy,
                Ok(policy("Allow")),
                &Call::of("GET", "/x", headers),
            )
            .await;
            assert_eq!(handled.outcome, None);
            assert_eq!(
                answered(Ok(policy("Allow")), &Call::of("GET", "/x", headers)).await,
                refused
            );
        }
    }

    #[tokio::test]
    async fn the_backend_sees_the_decoded_path_and_the_context() {
        let (status, body) = answered(Ok(policy("Allow")), &with_key("GET", "/a%20b?c=d")).await;
        assert_eq!(
            (status, body),
            (200, json!(["GET", "/a b", {"keyId": "key_1"}]).to_string())
        );
    }

    #[tokio::test]
    async fn a_refusal_is_forbidden_and_every_fault_is_500() {
        let fault = (500, r#"{"message":"Internal Server Error"}"#.to_owned());
        let forbidden = (403, r#"{"message":"Forbidden"}"#.to_owned());
        assert_eq!(
            answered(Ok(policy("Deny")), &with_key("GET", "/x")).await,
            forbidden
        );
        for broken in [
            Err("unavailable"),
            Err("Unauthorized"),
            Ok(json!({})),
            Ok(json!({"isAuthorized": true})),
        ] {
            assert_eq!(answered(broken, &with_key("GET", "/x")).await, fault);
        }
    }

    #[tokio::test]
    async fn simple_responses_count_where_they_are_enabled() {
        for (authorized, status) in [(true, 200), (false, 403)] {
            let answer = Ok(json!({"isAuthorized": authorized}));
            let handled = handle(Form::SimpleToo, answer, &with_key("GET", "/x")).await;
            assert_eq!(handled.reply.status(), status);
        }
    }

    #[tokio::test]
    async fn an_open_path_and_a_preflight_ask_nobody() {
        let (status, body) = answered(Err("unavailable"), &Call::of("GET", "/open/x", &[])).await;
        assert_eq!(
            (status, body),
            (200, json!(["GET", "/open/x", {}]).to_string())
        );
        let origin = [("origin", "https://app.example")];
        let preflight = handle(
            Form::Policy,
            Err("unavailable"),
            &Call::of("OPTIONS", "/x", &origin),
        )
        .await
        .reply;
        assert_eq!(preflight.status(), 204);
        let configured = template::resource("DemoHttpApi");
        for (name, header) in [
            ("AllowHeaders", "access-control-allow-headers"),
            ("AllowMethods", "access-control-allow-methods"),
            ("AllowOrigins", "access-control-allow-origin"),
        ] {
            assert_eq!(preflight.headers()[header], configured.cors(name), "{name}");
        }
    }

    #[tokio::test]
    async fn a_browser_may_read_every_answer() {
        for (headers, allowed) in [
            (&[("origin", "https://app.example")][..], true),
            (&[], false),
        ] {
            let reply = handle(
                Form::Policy,
                Ok(policy("Allow")),
                &Call::of("GET", "/x", headers),
            )
            .await
            .reply;
            assert_eq!(reply.headers().contains_key(ALLOW_ORIGIN), allowed);
        }
    }

    #[test]
    fn the_event_is_api_gateway_s() {
        let headers = [
            ("host", "127.0.0.1:3000"),
            ("x-api-key", "k1"),
            ("accept", "a"),
            ("accept", "b"),
            ("cookie", "a=1; b=2"),
        ];
        let call = Call::of("GET", "/orders/%7B7%7D?q=1&q=2", &headers);
        let arn = STAGE.method_arn(&call.method, &call.path);
        insta::assert_json_snapshot!(event(STAGE, &call, &arn, "k1"));
    }

    #[test]
    fn what_is_absent_is_left_out_of_the_event() {
        let event = event(STAGE, &Call::of("GET", "/", &[]), "arn", "k1");
        for name in [
            "queryStringParameters",
            "pathParameters",
            "cookies",
            "stageVariables",
        ] {
            assert_eq!(event.get(name), None);
        }
        assert_eq!(event["routeKey"], "ANY /");
    }

    #[test]
    fn the_query_is_told_as_it_was_sent_and_decoded() {
        let headers = [
            ("sec-websocket-protocol", "chat.v2"),
            ("sec-websocket-protocol", "key.k"),
        ];
        let target = "/x?key=a%2Bb&k%65y=c+d";
        let event = event(STAGE, &Call::of("GET", target, &headers), "arn", "k");
        assert_eq!(event["rawQueryString"], "key=a%2Bb&k%65y=c+d");
        assert_eq!(event["queryStringParameters"], json!({"key": "a+b,c d"}));
        assert_eq!(
            event["headers"],
            json!({"sec-websocket-protocol": "chat.v2,key.k"})
        );
    }
}
