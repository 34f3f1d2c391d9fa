//! The page at `/`: the lines to try, the latest decisions, the plans and what is left on each.
//!
//! It is rendered here on each request and asks nothing of any other host; its script only
//! copies a line and fetches the page again. The template escapes every value.

use askama::Template;
use axum::{
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_domain::Clock;
use latchkey_store::Store;
use sha2::{Digest as _, Sha256};

use super::{
    decisions::{Decision, Decisions},
    demo::Line,
    overview::{self, Overview, thousands},
};

const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");
/// Decisions shown.
const DECISIONS_SHOWN: usize = 15;

/// What the page is made of.
pub(crate) struct Page {
    /// The table.
    pub(crate) store: Store,
    /// The time.
    pub(crate) clock: Clock,
    /// Such as `127.0.0.1:3000`.
    pub(crate) host: String,
    /// Where the data is kept, in words.
    pub(crate) kept: String,
    /// The lines to try, with the keys' values.
    pub(crate) lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Rendered<'a> {
    css: &'a str,
    js: &'a str,
    host: &'a str,
    kept: &'a str,
    lines: &'a [Line],
    decisions: Vec<Row>,
    overview: Overview,
    fault: Option<String>,
}

/// A decision as a row of the table.
struct Row {
    time: String,
    method: String,
    path: String,
    status: u16,
    class: &'static str,
    reason: &'static str,
    key: Option<Named>,
    left: Option<String>,
}

/// A key as people know it.
struct Named {
    id: String,
    /// Its id again, where it has none or is not shown below.
    name: String,
}

impl Row {
    fn of(decision: Decision, overview: &Overview) -> Self {
        Self {
            time: decision.at.strftime("%H:%M:%S").to_string(),
            method: decision.method,
            path: decision.path,
            status: decision.status,
            class: match decision.status {
                ..400 => "good",
                429 => "warn",
                _ => "bad",
            },
            reason: decision.reason.unwrap_or("allowed"),
            key: decision.key_id.map(|id| Named {
                name: overview.key_name(&id).unwrap_or(&id).to_owned(),
                id,
            }),
            left: decision.remaining.map(thousands),
        }
    }
}

impl Page {
    /// The page as it is now.
    pub(crate) async fn respond(&self, decisions: &Decisions) -> Response {
        let (overview, fault) = match Overview::read(&self.store, &self.clock).await {
            Ok(overview) => (overview, None),
            Err(error) => (Overview::default(), Some(error.to_string())),
        };
        let latest = decisions.latest(DECISIONS_SHOWN).into_iter();
        let rendered = Rendered {
            css: CSS,
            js: JS,
            host: &self.host,
            kept: &self.kept,
            lines: &self.lines,
            decisions: latest
                .map(|decision| Row::of(decision, &overview))
                .collect(),
            overview,
            fault,
        };
        match rendered.render() {
            Ok(html) => (headers(), html).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
        }
    }
}

/// Only this page's own script and style run, and nothing is loaded from or framed by others.
fn headers() -> [(HeaderName, String); 5] {
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(JS),
        hash(CSS),
    );
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ]
}
