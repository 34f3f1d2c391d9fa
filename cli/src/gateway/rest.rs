//! A REST API with a REQUEST authorizer that names no identity source, on `/{proxy+}`.

use serde_json::{Map, Value, json};

use super::{
    ACCOUNT, ApiStage, Backend, Call, Context, DenyFor, Form, Handled, Outcome, Reply,
    gateway_response::GatewayResponse, insert_header, is_open, reply,
};

/// What a preflight may ask for (template.yaml, `DemoRestPreflight`).
const PREFLIGHT: [(&str, &str); 3] = [
    (
        "access-control-allow-headers",
        "Authorization, Content-Type, X-Api-Key",
    ),
    (
        "access-control-allow-methods",
        "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
    ),
    ("access-control-allow-origin", "*"),
];

/// A stage of a REST API with Latchkey's authorizer in front.
pub(crate) struct RestApi {
    /// Which.
    pub(crate) stage: ApiStage,
    /// What its gateway responses are configured for.
    pub(crate) deny_for: DenyFor,
    /// What it protects.
    pub(crate) backend: Backend,
}

impl RestApi {
    /// Carries out a call, with `authorizer` in front: from the JSON text of an event to
    /// that of an answer, or to the text of an error.
    pub(crate) async fn handle(
        &self,
        call: &Call,
        authorizer: impl AsyncFnOnce(String) -> Result<String, String>,
    ) -> Handled {
        let mut handled = self.answer(call, authorizer).await;
        insert_header(&mut handled.reply, "x-amzn-requestid", &call.request_id);
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
        let arn = self.stage.method_arn(&call.method, &call.path);
        let answer = authorizer(event(self.stage, call, &arn).to_string()).await;
        let outcome = Outcome::read(answer, &arn, Form::Policy);
        Handled {
            reply: self.carry_out(call, &outcome),
            outcome: Some(outcome),
        }
    }

    fn carry_out(&self, call: &Call, outcome: &Outcome) -> Reply {
        let refuse = |response: GatewayResponse| response.reply(&Context::new());
        match outcome {
            Outcome::Allowed { principal, context } => {
                let mut context = context.clone();
                context.extend(
                    principal
                        .clone()
                        .map(|principal| ("principalId".to_owned(), principal)),
                );
                self.forward(call, &context)
            }
            Outcome::Denied(context) => GatewayResponse::AccessDenied(self.deny_for).reply(context),
            Outcome::Unauthorized => refuse(GatewayResponse::Unauthorized),
            Outcome::Failed(_) => refuse(GatewayResponse::AuthorizerFailure),
            Outcome::Malformed(_) => refuse(GatewayResponse::Default5xx),
        }
    }

    fn forward(&self, call: &Call, context: &Context) -> Reply {
        let mut reply = (self.backend)(&call.method, &call.path, context);
        insert_header(&mut reply, "access-control-allow-origin", "*");
        reply
    }
}

/// The event of a REQUEST authorizer (docs "Input to a Lambda authorizer").
fn event(stage: ApiStage, call: &Call, method_arn: &str) -> Value {
    let mut event = parts(stage, call);
    event.insert("type".to_owned(), "REQUEST".into());
    event.insert("methodArn".to_owned(), method_arn.into());
    Value::Object(event)
}

/// What authorizer events and proxy events of a REST API have in common.
pub(super) fn parts(stage: ApiStage, call: &Call) -> Map<String, Value> {
    let resource = if call.path == "/" { "/" } else { "/{proxy+}" };
    let parameters = call.query_parameters();
    let last =
        |(name, values): (&String, &Vec<String>)| (name.clone(), values.last().cloned().into());
    let path_parameters = match call.path.strip_prefix('/') {
        Some(proxy) if !proxy.is_empty() => json!({ "proxy": proxy }),
        _ => json!({}),
    };
    let parts = [
        ("resource", resource.into()),
        ("path", call.path.clone().into()),
        ("httpMethod", call.method.clone().into()),
        ("headers", call.headers.last_values().into()),
        ("multiValueHeaders", call.headers.all_values().into()),
        (
            "queryStringParameters",
            parameters.iter().map(last).collect::<Map<_, _>>().into(),
        ),
        ("multiValueQueryStringParameters", json!(parameters)),
        ("pathParameters", path_parameters),
        ("stageVariables", json!({})),
        ("requestContext", request_context(stage, call, resource)),
    ];
    parts
        .map(|(name, value): (&str, Value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn request_context(stage: ApiStage, call: &Call, resource: &str) -> Value {
    json!({
        "accountId": ACCOUNT,
        "apiId": stage.api_id,
        "domainName": call.host(),
        "domainPrefix": stage.api_id,
        "extendedRequestId": call.request_id,
        "httpMethod": call.method,
        "identity": {
            "accessKey": null,
            "accountId": null,
            "caller": null,
            "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null,
            "cognitoIdentityId": null,
            "cognitoIdentityPoolId": null,
            "principalOrgId": null,
            "sourceIp": call.source,
            "user": null,
            "userAgent": call.user_agent(),
            "userArn": null,
        },
        "path": format!("/{}{}", stage.stage, call.path),
        "protocol": call.protocol,
        "requestId": call.request_id,
        "requestTime": call.request_time(),
        "requestTimeEpoch": call.at.as_millisecond(),
        "resourceId": "proxy",
        "resourcePath": resource,
        "stage": stage.stage,
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{json_reply, template},
        *,
    };

    const STAGE: ApiStage = ApiStage {
        api_id: "demorest",
        stage: "dev",
    };

    async fn handle(answer: Result<Value, &str>, call: &Call) -> Handled {
        let api = RestApi {
            stage: STAGE,
            deny_for: DenyFor::Limits,
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
    async fn call(answer: Result<Value, &str>, call: &Call) -> (u16, String) {
        let reply = handle(answer, call).await.reply;
        (
            reply.status().as_u16(),
            String::from_utf8(reply.body().to_vec()).unwrap(),
        )
    }

    fn policy(effect: &str, resource: &str) -> Value {
        json!({
            "principalId": "key_1",
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource},
            ]},
            "context": {"reason": "quota_exceeded", "retryAfter": "17"},
        })
    }

    #[tokio::test]
    async fn the_backend_sees_the_path_as_sent_and_the_context() {
        let allow = Ok(policy(
            "Allow",
            "arn:aws:execute-api:us-east-1:000000000000:demorest/dev/*",
        ));
        let (status, body) = call(allow, &Call::of("POST", "/a%2Fb?c=d", &[])).await;
        assert_eq!(status, 200);
        let context =
            json!({"principalId": "key_1", "reason": "quota_exceeded", "retryAfter": "17"});
        assert_eq!(body, json!(["POST", "/a%2Fb", context]).to_string());
    }

    #[tokio::test]
    async fn a_policy_for_another_stage_or_method_opens_nothing() {
        for elsewhere in [
            "demorest/prod/*",
            "other/dev/*",
            "demorest/dev/GET/orders",
            "demorest/dev/POST/*",
        ] {
            let resource = format!("arn:aws:execute-api:us-east-1:000000000000:{elsewhere}");
            let (status, _) = call(
                Ok(policy("Allow", &resource)),
                &Call::of("GET", "/orders/7", &[]),
            )
            .await;
            assert_eq!(status, 429, "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn refusals_are_the_gateway_responses() {
        let of = async |answer| call(answer, &Call::of("GET", "/x", &[])).await;
        let denied = (
            429,
            r#"{"message":"Too Many Requests","reason":"quota_exceeded"}"#.to_owned(),
        );
        assert_eq!(of(Ok(policy("Deny", "*"))).await, denied);
        assert_eq!(
            of(Err("Unauthorized")).await,
            (401, r#"{"message":"Unauthorized"}"#.to_owned())
        );
        assert_eq!(
            of(Err("unavailable")).await,
            (503, r#"{"message":"Service Unavailable"}"#.to_owned())
        );
        assert_eq!(
            of(Ok(json!({}))).await,
            (500, r#"{"message":"Internal Server Error"}"#.to_owned())
        );
        assert_eq!(
            of(Ok(json!({"isAuthorized": true}))).await.0,
            500,
            "no simple responses here"
        );
    }

    #[tokio::test]
    async fn an_open_path_and_a_preflight_ask_nobody() {
        let open = handle(Err("Unauthorized"), &Call::of("GET", "/open/x", &[])).await;
        assert_eq!(open.reply.status(), 200);
        assert_eq!(open.outcome, None);
        for near in ["/open", "/opened/x", "/x/open/y", "/%6Fpen/x", "//open/x"] {
            assert_eq!(
                call(Err("Unauthorized"), &Call::of("GET", near, &[]))
                    .await
                    .0,
                401,
                "{near}"
            );
        }
        let preflight = handle(Err("Unauthorized"), &Call::of("OPTIONS", "/x", &[]))
            .await
            .reply;
        assert_eq!(preflight.status(), 204);
        let configured = template::resource("DemoRestPreflight").mock_parameters();
        assert_eq!(configured.len(), PREFLIGHT.len());
        for (name, value) in configured {
            let header = name.strip_prefix("method.response.header.").unwrap();
            assert_eq!(
                preflight.headers()[header],
                value.trim_matches('\''),
                "{name}"
            );
        }
    }

    #[test]
    fn the_event_is_api_gateway_s() {
        let headers = [
            ("host", "127.0.0.1:3000"),
            ("x-api-key", "k1"),
            ("accept", "a"),
            ("accept", "b"),
            ("user-agent", "curl"),
        ];
        let call = Call::of("GET", "/orders/%7B7%7D?q=1&q=2", &headers);
        insta::assert_json_snapshot!(event(
            STAGE,
            &call,
            &STAGE.method_arn(&call.method, &call.path)
        ));
    }

    #[test]
    fn the_query_is_decoded_once_and_subprotocols_are_a_header() {
        let protocols = [("sec-websocket-protocol", "chat.v2, key.k")];
        let target = "/x?key=a%2Bb%252C&k%65y=c+d&key=&KEY=e";
        let event = event(STAGE, &Call::of("GET", target, &protocols), "arn");
        assert_eq!(
            event["multiValueQueryStringParameters"],
            json!({"key": ["a+b%2C", "c d", ""], "KEY": ["e"]})
        );
        assert_eq!(
            event["queryStringParameters"],
            json!({"key": "", "KEY": "e"})
        );
        assert_eq!(event["path"], "/x");
        assert_eq!(
            event["multiValueHeaders"],
            json!({"sec-websocket-protocol": ["chat.v2, key.k"]})
        );
    }

    #[test]
    fn the_root_is_its_own_resource() {
        let event = event(STAGE, &Call::of("GET", "/", &[]), "arn");
        assert_eq!(
            (&event["resource"], &event["pathParameters"]),
            (&json!("/"), &json!({}))
        );
        assert_eq!(event["requestContext"]["resourcePath"], "/");
    }
}
