//! The admin API: creates keys and usage plans, attaches keys to plans, reports use.
//!
//! [`router`] names every path; each leads to the one file of its operation, `<resource>/
//! <operation>.rs`, which has the request's type and the handler. What a request says wrong
//! is collected as [`faults`], and every failure becomes an answer in [`problem`]. A field
//! or parameter that is not known is refused by its name.

// The message of a panic in a slice of text has the text in it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

mod accept;
mod adopt;
mod answer;
mod api_gateway;
mod apis;
mod attachments;
mod audit;
mod body;
mod budget;
mod caller;
mod conditional;
pub mod csv;
mod deployments;
pub mod described;
mod docs_page;
mod drift;
mod etag;
mod export;
mod faults;
mod headers;
mod health;
mod idempotency;
mod import;
mod json;
mod keys;
mod moment;
mod openapi;
mod paging;
mod parameters;
mod patch;
mod path;
mod plans;
mod problem;
mod problem_pages;
mod random;
mod request_log;
mod route;
pub mod settings;
mod state;
mod unknown;
mod usage;
mod verify;
mod web_page;
mod words;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::{get, patch, post, put},
};
use tower::ServiceExt as _;

pub use api_gateway::ApiGateway;
pub use random::{NoRandomness, Random};
pub use state::AdminState;

/// The whole API, as a service that `lambda_http::run` takes.
pub fn router(state: AdminState) -> Router {
    let v1 = Router::new()
        .route("/v1/plans", post(plans::create).get(plans::list))
        .route(
            "/v1/plans/{planId}",
            get(plans::show)
                .put(plans::replace)
                .patch(plans::update)
                .delete(plans::delete),
        )
        .route("/v1/plans/{planId}/keys", get(attachments::list))
        .route(
            "/v1/plans/{planId}/keys/{keyId}",
            put(attachments::attach)
                .get(attachments::show)
                .delete(attachments::detach),
        )
        .route("/v1/plans/{planId}/usage", get(usage::by_plan))
        .route("/v1/plans/{planId}/keys/{keyId}/usage", patch(usage::grant))
        .route("/v1/keys", post(keys::create).get(keys::list))
        .route(
            "/v1/keys/{keyId}",
            get(keys::show).patch(keys::update).delete(keys::delete),
        )
        .route("/v1/keys/{keyId}/move", post(keys::move_to_plan))
        .route("/v1/keys/{keyId}/rotate", post(keys::rotate))
        .route("/v1/keys/{keyId}/usage", get(usage::by_key))
        .route("/v1/verify", post(verify::verify))
        .route("/v1/import", post(import::import))
        .route("/v1/export", get(export::export))
        .route("/v1/adopt", post(adopt::adopt))
        .route("/v1/deployments", post(deployments::deploy))
        .route("/v1/audit", get(audit::audit))
        .route("/v1/drift", get(drift::drift))
        .route("/v1/apis/{apiId}/methods", put(apis::require_key))
        .fallback(unknown::path)
        .method_not_allowed_fallback(unknown::method)
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn(headers::that_mean_something))
        .layer(from_fn(accept::negotiated))
        .layer(from_fn(caller::required));
    let health = Router::new()
        .route("/health", get(health::health))
        .route("/docs", get(docs_page::docs))
        .route("/openapi.json", get(openapi::openapi))
        .route("/problems", get(problem_pages::index))
        .route("/problems/{name}", get(problem_pages::page))
        .method_not_allowed_fallback(unknown::method);
    let api = health
        .merge(v1)
        .layer(from_fn(budget::within))
        .layer(from_fn(request_log::log))
        .with_state(state);
    Router::new()
        .fallback_service(api.map_request(route::routed))
        .layer(map_response(unknown::with_methods))
}
