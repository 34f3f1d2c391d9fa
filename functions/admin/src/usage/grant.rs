//! `PATCH /v1/plans/{planId}/keys/{keyId}/usage`: sets what is left of the quota for the rest
//! of its period, as API Gateway's UpdateUsage does.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use deserr::Deserr;
use latchkey_domain::{Nanos, Plan, Quota, meter::Owner};
use latchkey_store::GrantError;

use super::{
    days::{Days, today},
    meters, native,
    view::{Of, UsageView},
};
use crate::{
    AdminState,
    api_gateway::is_native,
    body::Body,
    caller::Caller,
    faults::{Fault, Faults},
    keys,
    parameters::{NoParameters, Query},
    path::AttachmentPath,
    plans,
    problem::Problem,
    state::ATTEMPTS,
};

/// How much.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, deny_unknown_fields)]
pub(crate) struct Grant {
    /// Units; more than the quota's limit may be left.
    remaining: u64,
}

/// # Errors
/// [`Problem::UnknownPlan`], [`Problem::UnknownKey`], [`Problem::NotAttached`];
/// [`Problem::NoQuota`]; [`Problem::Invalid`]; [`Problem::Changed`].
pub(crate) async fn grant(
    State(state): State<AdminState>,
    caller: Caller,
    path: AttachmentPath,
    Query(NoParameters): Query<NoParameters>,
    Body(Grant { remaining }): Body<Grant>,
) -> Result<Json<UsageView>, Problem> {
    if remaining > Quota::MAX_LIMIT {
        let detail = format!("must be a whole number from 0 to {}", Quota::MAX_LIMIT);
        return Err(Problem::fault(Fault::at("/remaining", detail)));
    }
    for _ in 0..ATTEMPTS {
        let plan = plans::find(&state, &path.plan_id).await?.plan;
        let record = keys::find(&state, path.key_id).await?;
        let owner = Owner::of(&record.key, &plan)
            .filter(|_| record.plan_ids.contains(&plan.id))
            .ok_or(Problem::NotAttached)?;
        let quota = plan.quota.ok_or(Problem::NoQuota)?;
        let now = state.clock.now().wall;
        let window = (&quota, quota.period().window(now));
        let change = state.change_by(&caller)?;
        if is_native(&plan) {
            native::grant(&state, &plan, path.key_id, remaining, &change).await?;
            return Ok(Json(
                native_today(&state, &plan, &path, now, remaining).await?,
            ));
        }
        match state
            .store
            .grant(&owner, &plan, window, remaining, &change)
            .await
        {
            Ok(()) => return Ok(Json(usage_today(&state, &plan, &owner, now).await?)),
            Err(GrantError::Changed) => {}
            Err(GrantError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}

/// Today's use of the key by API Gateway's count, with what was just set to be left, which
/// GetUsage may tell later.
async fn native_today(
    state: &AdminState,
    plan: &Plan,
    path: &AttachmentPath,
    now: Nanos,
    remaining: u64,
) -> Result<UsageView, Problem> {
    let day = today(now);
    let days = Days {
        first: day,
        last: day,
    };
    let usage = native::of_key(state, plan, path.key_id, days).await?;
    let usage = usage.into_iter().map(|(used, _)| (used, Some(remaining)));
    let values = BTreeMap::from([(path.key_id.to_string(), usage.collect())]);
    Ok(UsageView::new(Of::Plan(plan.id.to_string()), days, values))
}

/// Today's use of the key, or of its customer where that is whose allowance it is, with what is
/// now left.
async fn usage_today(
    state: &AdminState,
    plan: &Plan,
    owner: &Owner,
    now: Nanos,
) -> Result<UsageView, Problem> {
    let meter = state
        .store
        .meter(owner, &plan.id)
        .await?
        .unwrap_or_default();
    let day = today(now);
    let usage = meter.usage(plan.quota.as_ref(), day, day, now);
    let values = BTreeMap::from([(meters::name(owner), usage)]);
    let days = Days {
        first: day,
        last: day,
    };
    Ok(UsageView::new(Of::Plan(plan.id.to_string()), days, values))
}
