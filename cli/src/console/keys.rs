//! The keys: searched by name, customer, plan and state, a page at a time.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};

use super::{
    App, Page,
    form::Form,
    frame::{Frame, html},
    plans::param,
    posted::Posted,
    words,
};
use crate::client::{self, ClientError, Key, Path, Query};

const SHOWN: u16 = 25;
/// What can be searched for: the admin API's own parameters.
const NAMES: &[&str] = &["namePrefix", "customerId", "planId", "state"];
/// The states, and how they are called.
pub(super) const STATES: [(&str, &str); 4] = [
    ("enabled", "Enabled"),
    ("disabled", "Disabled"),
    ("notYetValid", "Not yet valid"),
    ("expired", "Expired"),
];

#[derive(Template)]
#[template(path = "console/keys.html")]
struct KeysPage {
    frame: Frame,
    form: Form,
    wrong: Option<String>,
    rows: Vec<Key>,
    next: Option<String>,
    /// Whether anything was searched for.
    searched: bool,
    /// The address of the first page, on those after it.
    first: Option<String>,
}

/// GET /keys
pub(super) async fn list(State(console): App, RawQuery(query): RawQuery) -> Page {
    let given = |name: &'static str| param(query.as_deref(), name);
    let filters = NAMES.iter().fold(Query::default(), |query, name| {
        query.with(name, given(name))
    });
    let searched = filters != Query::default();
    let cursor = given("cursor");
    let first = cursor
        .is_some()
        .then(|| Path::of(&["keys"]).with(&filters).to_string());
    let asked = filters
        .clone()
        .with("limit", Some(SHOWN))
        .with("cursor", cursor);
    let path = Path::of(&["v1", "keys"]).with(&asked);
    let answer = console.client.get::<client::Page<Key>>(&path).await;
    let (page, wrong, status) = match answer {
        Ok(page) => (page, None, StatusCode::OK),
        // What was searched for is refused; it stays in the form.
        Err(ClientError::Refused(problem)) if problem.status == 400 => {
            let none = client::Page {
                items: Vec::new(),
                cursor: None,
            };
            (none, Some(problem.to_string()), StatusCode::BAD_REQUEST)
        }
        Err(error) => return Err(error.into()),
    };
    let next = page.cursor.map(|cursor| {
        let query = filters.with("cursor", Some(cursor));
        Path::of(&["keys"]).with(&query).to_string()
    });
    let fields = NAMES.iter().filter_map(|name| Some((*name, given(name)?)));
    let shown = KeysPage {
        frame: Frame::of(&console, "/keys", "Keys").with_done(query.as_deref()),
        form: Form::new(NAMES, fields.collect::<Posted>()),
        wrong,
        rows: page.items,
        next,
        searched,
        first,
    };
    Ok(html(status, &shown))
}
