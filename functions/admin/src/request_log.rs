//! One line a request: what was asked for, by whom, and how it went. The path itself is not
//! in it, only its route: a key value may have been sent where an id belongs, or as a method.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use latchkey_domain::method_in_log;

use crate::{caller::Caller, problem::ProblemName};

/// Carries the request out and logs it.
pub(crate) async fn log(
    route: Option<MatchedPath>,
    caller: Result<Caller, crate::problem::Problem>,
    request: Request,
    next: Next,
) -> Response {
    let method = method_in_log(request.method().as_str());
    let response = next.run(request).await;
    let problem = response.extensions().get::<ProblemName>();
    tracing::info!(
        method,
        route = route.as_ref().map(MatchedPath::as_str),
        principal = caller.as_ref().ok().map(|caller| caller.principal.as_str()),
        status = response.status().as_u16(),
        problem = problem.map(|problem| problem.0),
        "answered"
    );
    response
}
