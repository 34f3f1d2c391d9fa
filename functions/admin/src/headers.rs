//! Headers that would change what a request does, and are refused until they do.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::HeaderMap;

use crate::{
    faults::{Fault, Faults, NOT_YET},
    problem::Problem,
};

const LATER: [&str; 3] = ["Idempotency-Key", "If-Match", "If-None-Match"];

/// Lets through what carries none of them.
pub(crate) async fn none_of_later_versions(request: Request, next: Next) -> Response {
    match check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let mut faults = Faults::default();
    for name in LATER {
        if headers.contains_key(name) {
            faults.push(Fault::header(name, NOT_YET));
        }
    }
    Ok(faults.or(())?)
}
