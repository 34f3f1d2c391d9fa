//! Headers that change what a request does: taken where they mean something, and refused by
//! name everywhere else. One that is passed over would let through what it was to hold back.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method};

use crate::{
    conditional::{IF_MATCH, IF_NONE_MATCH, preconditions},
    faults::{Fault, Faults},
    idempotency, openapi,
    problem::Problem,
};

/// Lets through what carries none that mean nothing.
pub(crate) async fn that_mean_something(
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let route = route.as_ref().map(MatchedPath::as_str);
    let Some(route) = route else {
        return next.run(request).await;
    };
    match check(request.method(), route, request.headers()) {
        // A method that the path does not have is told of as such.
        Err(problem) if openapi::has_operation(request.method(), route) => problem.into_response(),
        _ => next.run(request).await,
    }
}

fn check(method: &Method, route: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let mut faults = Faults::default();
    if headers.contains_key(idempotency::HEADER) && *method != Method::POST {
        const DETAIL: &str = "is taken on POST only: a PUT, PATCH or DELETE that is repeated leaves what it asks for; a grant sets what is left anew, whatever calls have used in between";
        faults.push(Fault::header(idempotency::HEADER, DETAIL));
    }
    // A HEAD is a GET without its body.
    let method = match *method {
        Method::HEAD => Method::GET,
        _ => method.clone(),
    };
    let taken = preconditions(&method, route);
    for name in [IF_MATCH, IF_NONE_MATCH] {
        if headers.contains_key(name) && !taken.contains(&name) {
            faults.push(Fault::header(name, not_taken(name)));
        }
    }
    Ok(faults.or(())?)
}

fn not_taken(name: &str) -> &'static str {
    match name {
        IF_MATCH => {
            "means nothing here: it is taken where one plan, key or attachment is changed or deleted"
        }
        _ => {
            "means nothing here: it is taken where one plan, key or attachment is read, and as * where a plan is made with PUT"
        }
    }
}
