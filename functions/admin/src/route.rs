//! The path by which a request is routed: without stage and base path.
//!
//! On a custom domain an event's `path` begins with the base path of its mapping, and with
//! the stage where the mapping names none. What the resource's `{proxy+}` stands for has
//! neither. Without it there is the path as lambda_http tells it: behind the stage, unless a
//! variable of the environment says otherwise.

use axum::extract::Request;
use http::Uri;
use lambda_http::{
    RequestExt as _, aws_lambda_events::apigw::ApiGatewayProxyRequestContext,
    request::RequestContext,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Gives a request of a REST API the path of its route.
pub(crate) fn routed(mut request: Request) -> Request {
    let Some(RequestContext::ApiGatewayV1(context)) = request.request_context_ref() else {
        return request;
    };
    // IAM's policies name paths as they are sent. None of this API needs an encoded character,
    // and one would be another path to a policy than to the router.
    if context.path.as_ref().is_some_and(|sent| sent.contains('%')) {
        *request.uri_mut() = Uri::from_static("/");
        return request;
    }
    let uri = proxied(&request, context).or_else(|| without_stage(&request, context));
    if let Some(uri) = uri {
        *request.uri_mut() = uri;
    }
    request
}

/// All but what paths of the API are made of. `%` is encoded too: an event's path is read
/// once, never decoded again.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The resource's path with what its `{proxy+}` stands for.
fn proxied(request: &Request, context: &ApiGatewayProxyRequestContext) -> Option<Uri> {
    const GREEDY: &str = "{proxy+}";
    let proxy = request.path_parameters_ref()?.first("proxy")?;
    let resource = context.resource_path.as_deref().unwrap_or("/{proxy+}");
    let (before, _) = resource.split_once(GREEDY)?;
    let path = format!("{before}{proxy}");
    let path = utf8_percent_encode(&path, ENCODED);
    match request.uri().query() {
        Some(query) => format!("{path}?{query}").parse().ok(),
        None => path.to_string().parse().ok(),
    }
}

fn without_stage(request: &Request, context: &ApiGatewayProxyRequestContext) -> Option<Uri> {
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
