//! The keys: searched by name, customer, plan and state, a page at a time.

use askama::Template;
use axum::extract::{RawQuery, State};

use super::{
    App, Page,
    form::Form,
    frame::{Frame, html},
    search::search,
    words,
};
use crate::client::Key;

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
    let found = search::<Key>(&console, "keys", NAMES, query.as_deref()).await?;
    let status = found.status;
    let shown = KeysPage {
        frame: Frame::of(&console, "/keys", "Keys").with_done(query.as_deref()),
        form: found.form,
        wrong: found.wrong,
        rows: found.items,
        next: found.next,
        searched: found.searched,
        first: found.first,
    };
    Ok(html(status, &shown))
}
