//! The time that an answer may take as a whole: less than the function's time-out and API
//! Gateway's, 29 s both, which would answer without a word of what went wrong. One wait for
//! the table is bounded by the store; an operation may wait often.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::problem::Problem;

const BUDGET: Duration = Duration::from_secs(25);

/// Carries the request out, or gives it up when its time is over.
pub(crate) async fn within(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(BUDGET, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        tracing::error!(budget_s = BUDGET.as_secs(), "given up: no answer in time");
        Problem::Unavailable.into_response()
    })
}
