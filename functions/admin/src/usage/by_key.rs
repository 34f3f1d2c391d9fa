//! `GET /v1/keys/{keyId}/usage`: what a key has used on each of its plans, and on those that
//! it was on before.

use std::collections::BTreeMap;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use latchkey_store::PlanRecord;

use super::{
    days::{DaysAsked, today},
    native,
    view::{Of, UsageView},
};
use crate::{
    AdminState,
    accept::Format,
    api_gateway::is_native,
    keys,
    parameters::{FromParameters, Parameters, Query},
    path::KeyPath,
    problem::Problem,
};

/// Which days.
#[derive(Debug)]
pub(crate) struct UsageOfKey {
    days: DaysAsked,
}

impl FromParameters for UsageOfKey {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            days: DaysAsked::read(parameters),
        }
    }
}

/// # Errors
/// [`Problem::UnknownKey`]; [`Problem::Invalid`] for days that are not kept.
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
    let mut values = BTreeMap::new();
    for (plan_id, meter) in &snapshot.meters {
        // A plan that is gone has no quota of which anything could be left.
        let plan = state.store.plan(plan_id).await?;
        if let Some(PlanRecord { plan, .. }) = plan.as_ref().filter(|found| is_native(&found.plan))
        {
            if snapshot.record.plan_ids.contains(plan_id) {
                let usage = native::of_key(&state, plan, id, days).await?;
                values.insert(plan_id.to_string(), usage);
            }
            continue;
        }
        let quota = plan.and_then(|record| record.plan.quota);
        let usage = meter.usage(quota.as_ref(), days.first, days.last, now);
        values.insert(plan_id.to_string(), usage);
    }
    let view = UsageView::new(Of::Key(id.to_string()), days, values);
    view.answer(format, query.as_deref())
}
