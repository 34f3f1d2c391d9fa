//! A plan's page: what it allows, its keys, its use by day, what was changed of it.

pub(super) mod delete;
pub(super) mod edit;

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    extract::{self, RawQuery, State},
    http::{Method, StatusCode},
};

use super::{
    App, Console, Page,
    audit::{self, Entry},
    chart::{self, Chart, Day, DayLimit},
    form::Form,
    frame::{Frame, html, on_to},
    lines,
    plans::param,
    posted::Posted,
    words,
};
use crate::client::{self, AuditRecord, Key, Path, Plan, Query, Usage};

/// Keys on a page.
const SHOWN: u16 = 25;
/// Keys whose use is summed up.
const COUNTED: u16 = 500;
/// Changes shown.
const CHANGES: u16 = 8;

#[derive(Template)]
#[template(path = "console/plan.html")]
struct PlanPage {
    frame: Frame,
    plan: Plan,
    quota: Option<String>,
    throttle: Option<String>,
    stages: String,
    keys: Vec<KeyRow>,
    next: Option<String>,
    first: bool,
    chart: Chart,
    /// Keys (or customers) that the chart is of, where there are more.
    of_first: Option<usize>,
    /// Of a plan whose keys share by customer: each with what is left.
    customers: Vec<(String, u64, Option<u64>)>,
    attach: Form,
    changes: Vec<Entry>,
}

struct KeyRow {
    key: Key,
    used: u64,
    /// What is left, of what, and how much that is in hundredths.
    left: Option<(u64, u64, u64)>,
}

/// GET /plans/{id}
pub(super) async fn show(
    State(console): App,
    extract::Path(id): extract::Path<String>,
    RawQuery(query): RawQuery,
) -> Page {
    page(
        &console,
        &id,
        query.as_deref(),
        Form::new(&["/keyId"], Posted::default()),
    )
    .await
}

async fn page(console: &Arc<Console>, id: &str, query: Option<&str>, attach: Form) -> Page {
    let cursor = param(query, "cursor");
    let first = cursor.is_none();
    let today = console.today();
    let start = chart::first_day(today);
    let keys = Query::default()
        .with("planId", Some(id))
        .with("limit", Some(SHOWN));
    let days = Query::default()
        .with("startDate", Some(start))
        .with("endDate", Some(today))
        .with("limit", Some(COUNTED));
    let changes = Query::default()
        .with("planId", Some(id))
        .with("limit", Some(CHANGES));
    let plan_path = Path::of(&["v1", "plans", id]);
    let keys_path = Path::of(&["v1", "keys"]).with(&keys.with("cursor", cursor));
    let usage_path = Path::of(&["v1", "plans", id, "usage"]).with(&days);
    let changes_path = Path::of(&["v1", "audit"]).with(&changes);
    let (plan, keys, usage, changes) = tokio::join!(
        console.client.get::<Plan>(&plan_path),
        console.client.get::<client::Page<Key>>(&keys_path),
        console.client.get::<Usage>(&usage_path),
        console
            .client
            .get::<client::Page<AuditRecord>>(&changes_path),
    );
    let (plan, keys, usage, changes) = (plan?, keys?, usage?, changes?);
    let of = usage.values.len();
    let limit = plan
        .quota
        .as_ref()
        .and_then(|quota| DayLimit::of(quota, of as u64));
    let rows = keys
        .items
        .into_iter()
        .map(|key| key_row(key, &plan, &usage));
    let next = keys.cursor.map(|cursor| {
        let query = Query::default().with("cursor", Some(cursor));
        Path::of(&["plans", id]).with(&query).to_string()
    });
    let shown = PlanPage {
        frame: Frame::of(console, "/plans", plan.name.clone()).with_done(query),
        keys: rows.collect(),
        next,
        first,
        chart: Chart::new("use", "Use by day", summed(start, &usage), limit),
        of_first: usage.cursor.is_some().then_some(of),
        customers: customers(&plan, &usage),
        quota: plan.quota.as_ref().map(words::quota),
        throttle: plan.throttle.as_ref().map(words::throttle),
        stages: lines::written(&plan.api_stages),
        changes: changes.items.iter().map(audit::entry).collect(),
        plan,
        attach,
    };
    Ok(html(shown.attach.status(), &shown))
}

fn key_row(key: Key, plan: &Plan, usage: &Usage) -> KeyRow {
    let today = usage.values.get(&key.id).and_then(|days| days.last());
    let (used, left) = today.copied().unwrap_or((0, None));
    let of = plan.quota.as_ref().map(|quota| quota.limit);
    KeyRow {
        key,
        used: u64::try_from(used).unwrap_or(0),
        left: left
            .zip(of)
            .map(|(left, of)| (left, of, super::overview::percent(left, of))),
    }
}

fn customers(plan: &Plan, usage: &Usage) -> Vec<(String, u64, Option<u64>)> {
    if plan.scope != "customer" {
        return Vec::new();
    }
    let of = |(id, days): (&String, &Vec<(i64, Option<u64>)>)| {
        let (used, left) = days.last().copied().unwrap_or((0, None));
        (id.clone(), u64::try_from(used).unwrap_or(0), left)
    };
    usage
        .values
        .iter()
        .map(of)
        .take(usize::from(SHOWN))
        .collect()
}

/// The use of all keys together, day by day.
fn summed(start: jiff::civil::Date, usage: &Usage) -> Vec<Day> {
    let count = usize::try_from(chart::DAYS).unwrap_or_default();
    let mut sums = vec![(0_i64, None); count];
    for days in usage.values.values() {
        for (sum, (used, _)) in sums.iter_mut().zip(days) {
            sum.0 = sum.0.saturating_add(*used);
        }
    }
    chart::days(start, &sums)
}

/// POST /plans/{id}/attach
pub(super) async fn attach(
    State(console): App,
    extract::Path(id): extract::Path<String>,
    Extension(posted): Extension<Posted>,
) -> Page {
    let key_id = posted.text("/keyId");
    let path = Path::of(&["v1", "plans", &id, "keys", key_id]);
    let sent = match key_id {
        "" => Err(super::form::wrong(
            "/keyId",
            "Give the id of a key: it begins with key_",
        )),
        _ => console.client.send(Method::PUT, &path, None).await,
    };
    match sent {
        Ok(_) => Ok(on_to(&format!(
            "{}?done=attached",
            Path::of(&["plans", &id])
        ))),
        Err(error) => {
            let form = Form::refused(&["/keyId"], posted, &error);
            page(&console, &id, None, form).await
        }
    }
}

const OK: StatusCode = StatusCode::OK;
