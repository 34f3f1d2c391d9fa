//! Who calls: the IAM identity that API Gateway has checked.
//!
//! Behind `AWS_IAM` each event has one. Where it is missing the function has been put behind
//! something else, which lets anybody in: nothing is answered then but the health check.

use axum::{
    extract::{FromRequestParts, Request},
    middleware::Next,
    response::Response,
};
use http::{Extensions, request::Parts};
use lambda_http::request::RequestContext;

use crate::problem::Problem;

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The ARN of the user or the role's session: the principal in audit records.
    pub(crate) principal: String,
    /// The caller's address, as API Gateway saw it.
    pub(crate) source_ip: Option<String>,
}

impl Caller {
    fn of(extensions: &Extensions) -> Option<Self> {
        let Some(RequestContext::ApiGatewayV1(context)) = extensions.get() else {
            return None;
        };
        let identity = &context.identity;
        let principal = identity.user_arn.clone().filter(|arn| !arn.is_empty())?;
        Some(Self {
            principal,
            source_ip: identity.source_ip.clone().filter(|ip| !ip.is_empty()),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions).ok_or(Problem::NoIdentity)
    }
}

/// Lets through what carries an identity.
pub(crate) async fn required(_: Caller, request: Request, next: Next) -> Response {
    next.run(request).await
}
