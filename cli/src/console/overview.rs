//! The overview: what was decided, which keys are near their quota, what drifted.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
};
use futures_util::future::join_all;

use super::{
    App, Console, Page,
    frame::{Frame, html},
    words::{self, thousands},
};
use crate::{
    client::{self, ClientError, Drift, Key, Path, Plan, Query, Usage},
    dev::{Decision, Decisions, Line},
};

/// Decisions shown.
const DECISIONS_SHOWN: usize = 12;
/// Plans that are looked at, and keys of each.
const PLANS: u16 = 10;
const KEYS: u16 = 100;
/// Keys shown that are near their quota: those with less than a fifth of it left.
const NEAR_SHOWN: usize = 8;
const NEAR_PERCENT: u64 = 20;

/// What `latchkey dev` knows beside its admin API.
pub(crate) struct InProcess {
    /// Where the data is kept, in words.
    pub(crate) kept: String,
    /// The lines to try, with the demo keys' values.
    pub(crate) lines: Vec<Line>,
    /// What was decided.
    pub(crate) decisions: Arc<Decisions>,
}

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewPage<'a> {
    frame: Frame,
    here: Option<&'a InProcess>,
    calls: Option<Calls>,
    decisions: Vec<Row>,
    near: Vec<Near>,
    plans: u64,
    /// Whether there is more than was looked at.
    more: bool,
    drift: Result<Drift, ClientError>,
}

/// Calls since the start.
struct Calls {
    allowed: u64,
    refused: u64,
    /// By reason, the most frequent first, with its share of the refused in hundredths.
    reasons: Vec<(&'static str, &'static str, u64, u64)>,
}

/// A decision as a row of the table.
struct Row {
    time: String,
    decision: Decision,
    class: &'static str,
    key: Option<(String, String)>,
    left: Option<String>,
}

/// A key near its quota.
struct Near {
    /// None where the allowance is a customer's.
    href: Option<String>,
    name: String,
    plan_id: String,
    plan: String,
    left: u64,
    of: u64,
    percent: u64,
}

/// GET /
pub(super) async fn show(State(console): App, RawQuery(query): RawQuery) -> Page {
    let all = Query::default().with("limit", Some(PLANS));
    let plans_path = Path::of(&["v1", "plans"]).with(&all);
    let keys_path = Path::of(&["v1", "keys"]).with(&Query::default().with("limit", Some(KEYS)));
    let drift_path = Path::of(&["v1", "drift"]);
    let (plans, keys, drift) = tokio::join!(
        console.client.get::<client::Page<Plan>>(&plans_path),
        console.client.get::<client::Page<Key>>(&keys_path),
        console.client.get::<Drift>(&drift_path),
    );
    let (plans, keys) = (plans?, keys?);
    let names: BTreeMap<String, String> = keys
        .items
        .iter()
        .map(|key| (key.id.clone(), words::key_name(key)))
        .collect();
    let usages = join_all(plans.items.iter().map(|plan| usage(&console, plan))).await;
    let mut more = plans.cursor.is_some();
    let mut near = Vec::new();
    for (plan, usage) in plans.items.iter().zip(usages) {
        let usage = usage?;
        more |= usage.cursor.is_some();
        near.extend(nears(plan, &usage, &names));
    }
    near.sort_by_key(|key| (key.percent, key.left));
    near.truncate(NEAR_SHOWN);
    let here = console.here.as_ref();
    let latest = here.map(|here| here.decisions.latest(DECISIONS_SHOWN));
    let latest = latest.unwrap_or_default().into_iter();
    let shown = OverviewPage {
        frame: Frame::of(&console, "/", "Overview").with_done(query.as_deref()),
        here,
        calls: here.map(|here| calls(&here.decisions.counted())),
        decisions: latest.map(|decision| row(decision, &names)).collect(),
        near,
        plans: plans.items.len() as u64,
        more,
        drift,
    };
    Ok(html(StatusCode::OK, &shown))
}

async fn usage(console: &Arc<Console>, plan: &Plan) -> Result<Usage, ClientError> {
    let query = Query::default().with("limit", Some(KEYS));
    let path = Path::of(&["v1", "plans", &plan.id, "usage"]).with(&query);
    console.client.get(&path).await
}

fn nears(plan: &Plan, usage: &Usage, names: &BTreeMap<String, String>) -> Vec<Near> {
    let Some(quota) = &plan.quota else {
        return Vec::new();
    };
    let of = quota.limit;
    let by_key = plan.scope != "customer";
    let near = |(id, days): (&String, &Vec<(i64, Option<u64>)>)| {
        let left = days.last().and_then(|(_, left)| *left)?;
        let percent = percent(left, of);
        (percent < NEAR_PERCENT).then(|| Near {
            href: by_key.then(|| format!("/keys/{id}")),
            name: names.get(id).unwrap_or(id).clone(),
            plan_id: plan.id.clone(),
            plan: plan.name.clone(),
            left,
            of,
            percent,
        })
    };
    usage.values.iter().filter_map(near).collect()
}

/// 0 to 100; what is not all gone is never 0.
pub(super) fn percent(left: u64, of: u64) -> u64 {
    let percent = u128::from(left) * 100 / u128::from(of.max(1));
    let percent = u64::try_from(percent.min(100)).unwrap_or(100);
    percent.max(u64::from(left > 0))
}

fn calls(counted: &BTreeMap<Option<&'static str>, u64>) -> Calls {
    let allowed = counted.get(&None).copied().unwrap_or(0);
    let refused = counted
        .iter()
        .filter_map(|(reason, number)| Some(((*reason)?, *number)));
    let mut refused: Vec<_> = refused.collect();
    refused.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let total: u64 = refused.iter().map(|(_, number)| number).sum();
    let told = |(reason, number): (&'static str, u64)| {
        (
            reason,
            words::check(reason).1,
            number,
            percent(number, total),
        )
    };
    Calls {
        allowed,
        refused: total,
        reasons: refused.into_iter().map(told).collect(),
    }
}

fn row(decision: Decision, names: &BTreeMap<String, String>) -> Row {
    Row {
        time: decision.at.strftime("%H:%M:%S").to_string(),
        class: match decision.status {
            ..400 => "good",
            429 => "warn",
            _ => "bad",
        },
        key: decision
            .key_id
            .clone()
            .map(|id| (names.get(&id).unwrap_or(&id).clone(), id)),
        left: decision.remaining.map(thousands),
        decision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_all_gone_is_shown_as_something() {
        assert_eq!([percent(0, 2), percent(1, 2), percent(2, 2)], [0, 50, 100]);
        assert_eq!(percent(1, 1_000_000), 1);
        assert_eq!(percent(5, 2), 100, "more may be left after a grant");
        assert_eq!(percent(0, 0), 0);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }

    #[test]
    fn the_most_frequent_reason_comes_first() {
        let counted = [(None, 7), (Some("missing_key"), 1), (Some("throttled"), 3)];
        let calls = calls(&counted.into());
        assert_eq!((calls.allowed, calls.refused), (7, 4));
        let shares = calls
            .reasons
            .iter()
            .map(|(reason, _, number, share)| (*reason, *number, *share));
        assert_eq!(
            shares.collect::<Vec<_>>(),
            [("throttled", 3, 75), ("missing_key", 1, 25)]
        );
    }
}
