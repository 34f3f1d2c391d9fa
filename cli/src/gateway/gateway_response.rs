//! The answers that a REST API gives of its own, as template.yaml configures them
//! (`AWS::ApiGateway::GatewayResponse`). A test holds them against that file.

use super::{Context, Reply, insert_header, json_reply};

/// What the template's parameter `DenyFor` chooses: the one status of every Deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DenyFor {
    /// Quota and throttle are a Deny: 429.
    Limits,
    /// Every refusal of a known key is: 403.
    All,
}

/// Why the API answers instead of its backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GatewayResponse {
    /// The authorizer failed with `Unauthorized`.
    Unauthorized,
    /// Its policy does not allow the call.
    AccessDenied(DenyFor),
    /// It failed otherwise.
    AuthorizerFailure,
    /// A fault that has no response of its own, such as a malformed answer: it is no
    /// outage that a client could wait out.
    Default5xx,
}

impl GatewayResponse {
    fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::AccessDenied(DenyFor::Limits) => 429,
            Self::AccessDenied(DenyFor::All) => 403,
            Self::AuthorizerFailure => 503,
            Self::Default5xx => 500,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::AccessDenied(DenyFor::Limits) => "Too Many Requests",
            Self::AccessDenied(DenyFor::All) => "Forbidden",
            Self::AuthorizerFailure => "Service Unavailable",
            Self::Default5xx => "Internal Server Error",
        }
    }

    /// API Gateway's own name for it, in a header that no configuration changes.
    fn error_type(self) -> &'static str {
        match self {
            Self::Unauthorized => "UnauthorizedException",
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::AuthorizerFailure => "AuthorizerFailureException",
            Self::Default5xx => "AuthorizerConfigurationException",
        }
    }

    /// The answer to a call; `context` is the authorizer's, where there is one.
    pub(crate) fn reply(self, context: &Context) -> Reply {
        let message = self.message();
        let body = match self {
            // `$context.authorizer.reason` is put in as it is, without any escaping.
            Self::AccessDenied(_) => {
                let reason = context.get("reason").map_or("", String::as_str);
                format!(r#"{{"message":"{message}","reason":"{reason}"}}"#)
            }
            _ => format!(r#"{{"message":"{message}"}}"#),
        };
        let mut reply = json_reply(self.status(), body);
        insert_header(&mut reply, "access-control-allow-origin", "*");
        insert_header(&mut reply, "access-control-expose-headers", "Retry-After");
        insert_header(&mut reply, "x-amzn-errortype", self.error_type());
        if let (Self::AccessDenied(_), Some(seconds)) = (self, context.get("retryAfter")) {
            insert_header(&mut reply, "retry-after", seconds);
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::{super::template, *};

    fn context() -> Context {
        let context = [
            ("reason", "quota_exceeded"),
            ("retryAfter", "17"),
            ("keyId", "key_1"),
        ];
        context
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// What the template makes of `ResponseType`: status, body and headers.
    fn configured(
        response_type: &str,
        deny_for: DenyFor,
    ) -> (Option<u16>, Option<String>, Vec<(String, String)>) {
        let properties = template::gateway_response(response_type);
        let status = properties
            .choice("StatusCode", deny_for)
            .map(|status| status.parse().unwrap());
        let body = properties
            .body(deny_for)
            .map(|body| body.replace("$context.authorizer.reason", &context()["reason"]));
        let header = |(name, value): (String, String)| {
            let name = name
                .strip_prefix("gatewayresponse.header.")
                .unwrap()
                .to_ascii_lowercase();
            let value = match value.strip_prefix("context.authorizer.") {
                Some(of_context) => context()[of_context].clone(),
                None => value.trim_matches('\'').to_owned(),
            };
            (name, value)
        };
        let mut headers: Vec<_> = properties.parameters().into_iter().map(header).collect();
        headers.sort();
        (status, body, headers)
    }

    fn answered(response: GatewayResponse) -> (Option<u16>, Option<String>, Vec<(String, String)>) {
        let reply = response.reply(&context());
        let body = String::from_utf8(reply.body().to_vec()).unwrap();
        let own = ["content-type", "x-amzn-errortype"];
        let headers = reply
            .headers()
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()));
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        (Some(reply.status().as_u16()), Some(body), headers)
    }

    #[test]
    fn each_answer_is_the_one_that_the_template_configures() {
        for deny_for in [DenyFor::Limits, DenyFor::All] {
            for (name, response) in [
                ("UNAUTHORIZED", GatewayResponse::Unauthorized),
                ("ACCESS_DENIED", GatewayResponse::AccessDenied(deny_for)),
                ("AUTHORIZER_FAILURE", GatewayResponse::AuthorizerFailure),
            ] {
                assert_eq!(
                    answered(response),
                    configured(name, deny_for),
                    "{name} for {deny_for:?}"
                );
            }
        }
    }

    #[test]
    fn a_fault_keeps_its_status_and_gets_the_template_s_headers() {
        let (status, _, headers) = answered(GatewayResponse::Default5xx);
        assert_eq!(status, Some(500));
        assert_eq!(
            configured("DEFAULT_5XX", DenyFor::Limits),
            (None, None, headers)
        );
    }

    #[test]
    fn without_a_time_in_the_context_there_is_no_retry_after() {
        let mut context = context();
        context.remove("retryAfter");
        let reply = GatewayResponse::AccessDenied(DenyFor::Limits).reply(&context);
        assert!(!reply.headers().contains_key("retry-after"));
        context.insert("retryAfter".to_owned(), "1\r\nx: y".to_owned());
        let reply = GatewayResponse::AccessDenied(DenyFor::Limits).reply(&context);
        assert!(
            !reply.headers().contains_key("retry-after"),
            "what is no header value is left out"
        );
    }
}
