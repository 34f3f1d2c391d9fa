//! `GET /v1/keys/{keyId}/usage`: what a key has used on each of its plans, and on those that
//! it was on before, in pages of plans. What counts as used is said in [`super::by_plan`]. On a
//! plan with scope `customer` it is what all keys of its customer have used together, and only
//! while the key is on the plan.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use latchkey_domain::{PlanId, Scope, meter::Owner};
use latchkey_store::{BadCursor, Cursor, KeySnapshot, Told};

use super::{
    days::{Days, DaysAsked, today},
    meters, native,
    view::{Of, UsageView},
};
use crate::{
    AdminState,
    accept::Format,
    api_gateway::is_native,
    faults::Fault,
    keys,
    paging::Paging,
    parameters::{FromParameters, Parameters, Query},
    path::KeyPath,
    problem::Problem,
};

/// Which days, and which page.
#[derive(Debug)]
pub(crate) struct UsageOfKey {
    days: DaysAsked,
    paging: Paging,
}

impl FromParameters for UsageOfKey {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            days: DaysAsked::read(parameters),
            paging: Paging::read(parameters),
        }
    }
}

/// # Errors
/// [`Problem::UnknownKey`]; [`Problem::Invalid`] for days that are not told and a cursor
/// of another list.
pub(crate) async fn by_key(
    State(state): State<AdminState>,
    KeyPath(id): KeyPath,
    Query(asked): Query<UsageOfKey>,
    RawQuery(query): RawQuery,
    format: Format,
) -> Result<Response, Problem> {
    let now = state.clock.now().wall;
    let days = asked.days.until(today(now))?;
    let snapshot = keys::find_whole(&state, id).await?;
    let (plan_ids, cursor) = page(&snapshot, days, &asked.paging)?;
    let plans = state.store.plans_by_id(&plan_ids).await?;
    let (mut values, mut told) = (BTreeMap::new(), Vec::new());
    for plan_id in &plan_ids {
        let plan = plans
            .iter()
            .map(|record| &record.plan)
            .find(|plan| plan.id == *plan_id);
        let is_on = snapshot.record.plan_ids.contains(plan_id);
        if let Some(plan) = plan.filter(|plan| is_native(plan)) {
            if is_on {
                let usage = native::of_key(&state, plan, id, days).await?;
                values.insert(plan_id.to_string(), usage);
            }
            continue;
        }
        let shared = plan.filter(|plan| plan.scope == Scope::Customer);
        let owner = shared.filter(|_| is_on);
        let owner = owner.and_then(|plan| Owner::of(&snapshot.record.key, plan));
        let meter = match &owner {
            Some(owner) => state.store.meter(owner, plan_id).await?,
            None => snapshot.meters.get(plan_id).cloned(),
        };
        // Of a plan that is gone, or whose allowance is the customer's by now, the key has no
        // quota of its own of which anything could be left.
        let quota = plan.filter(|_| shared.is_none() || is_on);
        told.extend(meter.map(|meter| Told {
            owner: owner.unwrap_or(Owner::Key(id)),
            plan: plan_id.clone(),
            quota: quota.and_then(|plan| plan.quota),
            meter,
        }));
    }
    values.extend(meters::usage(&state, told, days, now, |told| told.plan.to_string()).await?);
    let view = UsageView::new(Of::Key(id.to_string()), days, values);
    view.with_cursor(cursor).answer(format, query.as_deref())
}

/// A page of the plans that the key is on or has a meter of, in the order of their ids, and where
/// the next one begins.
fn page(
    snapshot: &KeySnapshot,
    days: Days,
    paging: &Paging,
) -> Result<(Vec<PlanId>, Option<String>), Problem> {
    let list = snapshot.record.key.id.to_string();
    let foreign = || Problem::fault(Fault::parameter("cursor", BadCursor.to_string()));
    let begin: Bound<PlanId> = match paging.cursor.clone() {
        None => Bound::Unbounded,
        Some(cursor) => {
            let whole = cursor.of_narrowed(&list).map_err(|_| foreign())?;
            let plan = whole.position().and_then(|plan| plan.parse().ok());
            Bound::Excluded(plan.ok_or_else(foreign)?)
        }
    };
    let plans = snapshot.meters.keys().chain(&snapshot.record.plan_ids);
    let plans: BTreeSet<PlanId> = plans.cloned().collect();
    let mut rest = plans.range((begin, Bound::Unbounded));
    let page: Vec<PlanId> = rest
        .by_ref()
        .take(days.names(paging.limit).into())
        .cloned()
        .collect();
    let behind = |plan: &PlanId| Cursor::at_position(plan.as_str()).narrowed(&list).encode();
    let last = page.last().filter(|_| rest.next().is_some());
    let cursor = last.map(behind);
    Ok((page, cursor))
}
