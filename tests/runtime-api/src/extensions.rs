//! The Extensions API, version 2020-01-01 (AWS, "Using the Lambda Extensions API to create
//! extensions"). An extension registers while the function starts, and then asks for its next
//! event; none comes here.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::server::Shared;

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: &str = "lambda-extension-identifier";

/// Whether there is an Extensions API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtensionsApi {
    Served,
    Absent,
}

/// An extension that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The name that it gave itself.
    pub name: String,
    /// What it wants to hear of: `INVOKE`, `SHUTDOWN`.
    pub events: Vec<String>,
    /// Whether it has asked for its first event: until then Lambda hands the function none.
    pub asked: bool,
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/2020-01-01/extension/register", post(register))
        .route("/2020-01-01/extension/event/next", get(next))
}

/// Refused when the function has asked for its first event: an extension within the function's
/// own process registers before that.
async fn register(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let name = headers.get(NAME).and_then(|name| name.to_str().ok());
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (Some(name), Some(events)) = (name, body["events"].as_array()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let texts = events.iter().filter_map(|event| event.as_str());
    let extension = Extension {
        name: name.to_owned(),
        events: texts.map(str::to_owned).collect(),
        asked: false,
    };
    let mut place = None;
    shared.seen.send_modify(|seen| {
        let taken = |other: &Extension| other.name == extension.name;
        if !seen.polled && !seen.extensions.iter().any(taken) {
            place = Some(seen.extensions.len());
            seen.extensions.push(extension);
        }
    });
    match place {
        Some(place) => (
            [(IDENTIFIER, identifier(place))],
            Json(json!({ "functionName": "under-test", "handler": "bootstrap" })),
        )
            .into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn next(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let sent = headers.get(IDENTIFIER).map(|sent| sent.as_bytes());
    let mut known = false;
    shared.seen.send_modify(|seen| {
        for (place, extension) in seen.extensions.iter_mut().enumerate() {
            if sent == Some(identifier(place).as_bytes()) {
                extension.asked = true;
                known = true;
            }
        }
    });
    if known {
        return std::future::pending().await;
    }
    StatusCode::FORBIDDEN.into_response()
}

fn identifier(place: usize) -> String {
    format!("00000000-0000-4000-9000-{place:012}")
}
