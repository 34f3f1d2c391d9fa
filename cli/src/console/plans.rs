//! The plans: what each allows, how many keys are on it, and their use today.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use futures_util::future::join_all;

use super::{
    App, Console, Page,
    frame::{Frame, html},
    words,
};
use crate::client::{self, Attachment, Path, Plan, Query, Usage};

/// Plans on a page: for each the admin API is asked twice.
const SHOWN: u16 = 20;
/// Keys of a plan that are counted.
const COUNTED: u16 = 200;

#[derive(Template)]
#[template(path = "console/plans.html")]
struct PlansPage {
    frame: Frame,
    rows: Vec<Row>,
    /// The address of the next page.
    next: Option<String>,
    /// The address of the first page, on those after it.
    first: Option<String>,
}

struct Row {
    plan: Plan,
    terms: String,
    stages: Vec<String>,
    /// Such as `200+`; empty where it was not answered.
    keys: String,
    today: String,
}

/// GET /plans
pub(super) async fn list(State(console): App, RawQuery(query): RawQuery) -> Page {
    let cursor = param(query.as_deref(), "cursor");
    let asked = Query::default()
        .with("limit", Some(SHOWN))
        .with("cursor", cursor.as_ref());
    let path = Path::of(&["v1", "plans"]).with(&asked);
    let page: client::Page<Plan> = console.client.get(&path).await?;
    let rows = page.items.into_iter().map(|plan| row(&console, plan));
    let next = page.cursor.map(|cursor| {
        let query = Query::default().with("cursor", Some(cursor));
        Path::of(&["plans"]).with(&query).to_string()
    });
    let shown = PlansPage {
        frame: Frame::of(&console, "/plans", "Plans").with_done(query.as_deref()),
        rows: join_all(rows).await,
        next,
        first: cursor.map(|_| "/plans".to_owned()),
    };
    Ok(html(StatusCode::OK, &shown))
}

async fn row(console: &Arc<Console>, plan: Plan) -> Row {
    let counted = Query::default().with("limit", Some(COUNTED));
    let of = |what| Path::of(&["v1", "plans", &plan.id, what]).with(&counted);
    let (keys_path, usage_path) = (of("keys"), of("usage"));
    let keys = console.client.get::<client::Page<Attachment>>(&keys_path);
    let usage = console.client.get::<Usage>(&usage_path);
    let (keys, usage) = tokio::join!(keys, usage);
    let more = |cursor: &Option<String>| if cursor.is_some() { "+" } else { "" };
    let keys = keys.map(|page| {
        let number = words::thousands(page.items.len() as u64);
        number + more(&page.cursor)
    });
    let today = usage.map(|usage| {
        let used = usage.values.values().flatten().map(|(used, _)| *used);
        let used: i64 = used.sum();
        words::thousands(u64::try_from(used).unwrap_or(0)) + more(&usage.cursor)
    });
    let stages = plan.api_stages.iter();
    Row {
        terms: words::terms(&plan),
        stages: stages
            .map(|stage| format!("{}:{}", stage.api_id, stage.stage))
            .collect(),
        keys: keys.unwrap_or_default(),
        today: today.unwrap_or_default(),
        plan,
    }
}

/// A parameter of a query that is not empty.
pub(super) fn param(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let (_, text) = pairs.find(|(named, text)| named == name && !text.trim().is_empty())?;
    Some(text.trim().to_owned())
}
