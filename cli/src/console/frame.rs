//! What is around every page, and what a browser may do with it.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_admin::NoRandomness;
use sha2::{Digest as _, Sha256};

use super::Console;
use crate::client::ClientError;

const CSS: &str = include_str!("console.css");
const JS: &str = include_str!("console.js");

/// The head and the navigation of a page.
pub(super) struct Frame {
    /// Its title, which is its one h1 too.
    pub(super) title: String,
    /// The address of the part that it belongs to.
    pub(super) part: &'static str,
    /// What the console shows.
    pub(super) shows: String,
    /// Whether that is `latchkey dev`, which serves the API's documents too.
    pub(super) dev: bool,
    /// What each form carries; empty on a page without forms.
    pub(super) csrf: String,
    /// What was done just now.
    pub(super) done: Option<&'static str>,
}

/// A part of the console: its address and its name.
const PARTS: [(&str, &str); 6] = [
    ("/", "Overview"),
    ("/plans", "Plans"),
    ("/keys", "Keys"),
    ("/verify", "Verify"),
    ("/import", "Import"),
    ("/audit", "Audit"),
];

impl Frame {
    pub(super) fn of(console: &Console, part: &'static str, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            part,
            shows: console.shows.clone(),
            dev: console.here.is_some(),
            csrf: console.guard.csrf().to_owned(),
            done: None,
        }
    }

    /// With what `?done=` of a query tells, where it is one of ours.
    pub(super) fn with_done(mut self, query: Option<&str>) -> Self {
        let query = query.unwrap_or_default().as_bytes();
        let mut pairs = form_urlencoded::parse(query);
        let done = pairs.find(|(name, _)| name == "done");
        self.done = done.and_then(|(_, word)| sentence(&word));
        self
    }

    /// The navigation.
    pub(super) fn parts(&self) -> &'static [(&'static str, &'static str)] {
        &PARTS
    }

    pub(super) fn css(&self) -> &'static str {
        CSS
    }

    pub(super) fn js(&self) -> &'static str {
        JS
    }
}

/// What was done, by the word in the address to which a form leads on.
fn sentence(word: &str) -> Option<&'static str> {
    Some(match word {
        "saved" => "Saved. Calls see it within seconds.",
        "created" => "The plan is made.",
        "deleted" => "Deleted.",
        "deleting" => "The plan covers nothing any more; its keys are being taken off it.",
        "enabled" => "The key is enabled.",
        "disabled" => "The key is disabled: calls with it are refused within seconds.",
        "attached" => "The key is on the plan.",
        "detached" => "The key is off the plan.",
        "moved" => "The key has moved; at no moment was it on neither plan.",
        "granted" => "What is left of the quota is set.",
        _ => return None,
    })
}

/// A page as it goes out.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (status, kind, html).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

/// On to another page, after something was done.
pub(super) fn on_to(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

/// Only the console's own script and style run, nothing is loaded from or framed by others, and
/// nothing is kept.
pub(super) fn protect(headers: &mut HeaderMap) {
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        hash(JS),
        hash(CSS),
    );
    let policy = HeaderValue::try_from(policy);
    let mut set = |name: HeaderName, value| drop(headers.insert(name, value));
    set(
        header::CONTENT_SECURITY_POLICY,
        policy.unwrap_or(HeaderValue::from_static("default-src 'none'")),
    );
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: with it a form's `Origin` would be `null`.
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        set(name, HeaderValue::from_static(value));
    }
}

/// Why there is no page: the admin API did not give what it is made of.
#[derive(Debug)]
pub(super) struct Fault(ClientError);

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        Self(error)
    }
}

impl From<NoRandomness> for Fault {
    fn from(error: NoRandomness) -> Self {
        Self(ClientError::Unsendable(error.to_string()))
    }
}

#[derive(Template)]
#[template(path = "console/fault.html")]
struct FaultPage {
    frame: Frame,
    detail: String,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = self.0.problem().map(|problem| problem.status);
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let title = match status {
            Some(StatusCode::NOT_FOUND) => "Not found",
            Some(_) => "The admin API refuses this",
            None => "The admin API does not answer",
        };
        let frame = Frame {
            title: title.to_owned(),
            part: "",
            shows: String::new(),
            dev: false,
            csrf: String::new(),
            done: None,
        };
        let detail = self.0.to_string();
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        html(status, &FaultPage { frame, detail })
    }
}
