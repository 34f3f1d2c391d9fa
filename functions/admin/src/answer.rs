//! An answer that is made before it is sent, so that it can be kept with the change that it
//! tells of.

use std::{collections::BTreeMap, fmt};

use axum::response::{IntoResponse, Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, ETAG, LINK, LOCATION},
};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Headers that are part of an answer; all others are made anew where it is sent.
const KEPT: [HeaderName; 4] = [CONTENT_TYPE, ETAG, LINK, LOCATION];

/// Status, headers and body of an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// The body may hold a key value.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.status)
    }
}

impl Answer {
    /// `view` as JSON.
    ///
    /// # Errors
    /// [`Problem::Internal`] for what is no JSON.
    pub(crate) fn json(status: StatusCode, view: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(view).map_err(|error| {
            tracing::error!(%error, "an answer is no JSON");
            Problem::Internal
        })?;
        let empty = Self {
            status: status.as_u16(),
            headers: BTreeMap::new(),
            body,
        };
        Ok(empty.with(&CONTENT_TYPE, "application/json"))
    }

    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status: status.as_u16(),
            headers: BTreeMap::new(),
            body: String::new(),
        }
    }

    /// The same with `Location`.
    pub(crate) fn at(self, location: impl Into<String>) -> Self {
        self.with(&LOCATION, location)
    }

    /// The same with `ETag`.
    pub(crate) fn tagged(self, tag: &impl fmt::Display) -> Self {
        self.with(&ETAG, tag.to_string())
    }

    fn with(mut self, name: &HeaderName, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_string(), value.into());
        self
    }

    /// An answer that is about to be sent; none where its body is no text.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let kept = |name: &HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        };
        Some(Self {
            status: status.as_u16(),
            headers: KEPT.iter().filter_map(kept).collect(),
            body: String::from_utf8(body.to_vec()).ok()?,
        })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, self.body).into_response();
        response.headers_mut().remove(CONTENT_TYPE);
        for (name, value) in self.headers {
            let header = HeaderName::try_from(name).ok();
            if let Some((name, value)) = header.zip(HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
