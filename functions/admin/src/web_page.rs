//! Pages for people: rendered here, in one look, without scripts and without a request to any
//! other host.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

use crate::problem::Problem;

/// The look of all pages; it stands in each of them.
pub(crate) const CSS: &str = include_str!("../templates/page.css");

/// Nothing runs, and nothing is loaded from or framed by others.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page as an answer.
///
/// # Errors
/// [`Problem::Internal`] where it cannot be rendered.
pub(crate) fn answer(page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Problem::Internal
    })?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    Ok((headers, html).into_response())
}
