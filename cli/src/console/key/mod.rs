//! A key's page: its rules, its plans with what is left, its use by day, what was changed of it.

pub(super) mod change;
pub(super) mod delete;
pub(super) mod edit;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{self, RawQuery, State},
    http::StatusCode,
    response::Response,
};
use futures_util::future::join_all;
use jiff::civil::Date;

use super::{
    App, Console, Page,
    audit::{self, Entry},
    chart::{self, Chart, DayLimit},
    form::Form,
    frame::{Fault, Frame, html},
    overview::percent,
    posted::Posted,
    words,
};
use crate::client::{self, AuditRecord, Key, Path, Plan, Query, Usage};

/// Changes shown.
const CHANGES: u16 = 10;
/// Plans that are proposed for a key.
const PROPOSED: u16 = 100;

#[derive(Template)]
#[template(path = "console/key.html")]
struct KeyPage {
    frame: Frame,
    key: Key,
    shown_value: String,
    plans: Vec<OnPlan>,
    /// Plans that it could be on: ids and names.
    others: Vec<(String, String)>,
    /// The change that was refused, and where it belongs: the name of its form.
    form: Form,
    refused: Option<&'static str>,
    changes: Vec<Entry>,
    /// What makes a rotation one, however often it is sent.
    once: String,
}

/// A plan that the key is on.
struct OnPlan {
    plan: Plan,
    terms: String,
    used: u64,
    left: Option<(u64, u64, u64)>,
    chart: Chart,
}

/// GET /keys/{id}
pub(super) async fn show(
    State(console): App,
    extract::Path(id): extract::Path<String>,
    RawQuery(query): RawQuery,
) -> Page {
    let form = Form::new(&[], Posted::default());
    page(&console, &id, query.as_deref(), None, form).await
}

/// The page, with the change that was refused.
async fn page(
    console: &Arc<Console>,
    id: &str,
    query: Option<&str>,
    refused: Option<&'static str>,
    form: Form,
) -> Result<Response, Fault> {
    let today = console.today();
    let start = chart::first_day(today);
    let days = Query::default()
        .with("startDate", Some(start))
        .with("endDate", Some(today));
    let changes = Query::default()
        .with("keyId", Some(id))
        .with("limit", Some(CHANGES));
    let proposed = Query::default().with("limit", Some(PROPOSED));
    let key_path = Path::of(&["v1", "keys", id]);
    let usage_path = Path::of(&["v1", "keys", id, "usage"]).with(&days);
    let changes_path = Path::of(&["v1", "audit"]).with(&changes);
    let plans_path = Path::of(&["v1", "plans"]).with(&proposed);
    let (key, usage, changes, all) = tokio::join!(
        console.client.get::<Key>(&key_path),
        console.client.get::<Usage>(&usage_path),
        console
            .client
            .get::<client::Page<AuditRecord>>(&changes_path),
        console.client.get::<client::Page<Plan>>(&plans_path),
    );
    let (key, usage, changes, all) = (key?, usage?, changes?, all?);
    let plans = join_all(key.plan_ids.iter().map(|id| async move {
        console
            .client
            .get::<Plan>(&Path::of(&["v1", "plans", id]))
            .await
    }));
    // A plan may go between two reads.
    let plans = plans.await.into_iter().filter_map(Result::ok);
    let others = all
        .items
        .iter()
        .filter(|plan| !key.plan_ids.contains(&plan.id));
    let shown = KeyPage {
        frame: Frame::of(console, "/keys", words::key_name(&key)).with_done(query),
        shown_value: words::shown_value(&key),
        plans: plans.map(|plan| on_plan(plan, start, &usage)).collect(),
        others: others
            .map(|plan| (plan.id.clone(), plan.name.clone()))
            .collect(),
        refused,
        changes: changes.items.iter().map(audit::entry).collect(),
        once: console.once()?,
        key,
        form,
    };
    Ok(html(shown.form.status(), &shown))
}

fn on_plan(plan: Plan, start: Date, usage: &Usage) -> OnPlan {
    let values = usage
        .values
        .get(&plan.id)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let (used, left) = values.last().copied().unwrap_or((0, None));
    let of = plan.quota.as_ref().map(|quota| quota.limit);
    let limit = plan.quota.as_ref().and_then(|quota| DayLimit::of(quota, 1));
    OnPlan {
        terms: words::terms(&plan),
        used: u64::try_from(used).unwrap_or(0),
        left: left.zip(of).map(|(left, of)| (left, of, percent(left, of))),
        chart: Chart::new(
            &format!("use-{}", plan.id),
            &format!("Use of {} by day", plan.name),
            chart::days(start, values),
            limit,
        ),
        plan,
    }
}

impl KeyPage {
    /// The keys of one customer.
    fn keys_of(&self, customer: &str) -> String {
        let query = Query::default().with("customerId", Some(customer));
        Path::of(&["keys"]).with(&query).to_string()
    }

    fn last_used(&self) -> String {
        match &self.key.last_used_date {
            Some(Some(day)) => day.clone(),
            Some(None) => "never".to_owned(),
            None => "not known: its use is counted with that of others".to_owned(),
        }
    }

    fn is_refused(&self, name: &str) -> bool {
        self.refused == Some(name)
    }

    /// What is wrong, where it belongs.
    fn wrong(&self) -> String {
        let all = self.form.errors("");
        if all.is_empty() {
            self.form.summary().unwrap_or_default()
        } else {
            all.join(" ")
        }
    }
}

const OK: StatusCode = StatusCode::OK;
