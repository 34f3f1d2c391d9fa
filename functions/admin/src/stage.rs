//! The path without the stage.
//!
//! lambda_http puts the stage before each path unless a variable of the environment says
//! otherwise; the routes here have none, whatever the environment is.

use axum::extract::Request;
use http::Uri;
use lambda_http::{RequestExt as _, request::RequestContext};

/// Takes the stage off a request's path where lambda_http has put it.
pub(crate) fn stripped(mut request: Request) -> Request {
    if let Some(uri) = without_stage(&request) {
        *request.uri_mut() = uri;
    }
    request
}

fn without_stage(request: &Request) -> Option<Uri> {
    let Some(RequestContext::ApiGatewayV1(context)) = request.request_context_ref() else {
        return None;
    };
    let prefix = format!("/{}", context.stage.as_deref()?);
    let sent = request.raw_http_path();
    let was_sent = sent
        .strip_prefix(&prefix)
        .is_some_and(|rest| rest.starts_with('/'));
    let rest = request
        .uri()
        .path_and_query()?
        .as_str()
        .strip_prefix(&prefix)?;
    (!was_sent && rest.starts_with('/')).then(|| rest.parse().ok())?
}
