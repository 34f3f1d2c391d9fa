//! `GET /v1/plans/{planId}/usage`: what the keys of a plan have used, in pages of keys.
//!
//! With `keyId` one key alone, even one that has been taken off the plan since.
//!
//! What is told as used are the units that were charged: at least those admitted, and above
//! them what instances have in leases at the moment, and what was lost with leases of
//! instances that died. A page has fewer keys than were asked for where their days would not
//! fit an answer.

use std::collections::BTreeMap;

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use latchkey_domain::{
    KeyId, Plan, Scope,
    meter::{Meter, Owner},
};

use super::{
    days::{Days, DaysAsked, today},
    native,
    view::{DayView, Of, UsageView},
};
use crate::{
    AdminState,
    accept::Format,
    api_gateway::is_native,
    faults::Fault,
    paging::Paging,
    parameters::{FromParameters, Parameters, Query},
    path::PlanPath,
    plans,
    problem::Problem,
};

/// Which keys, and which days.
#[derive(Debug)]
pub(crate) struct UsageOfPlan {
    key_id: Option<KeyId>,
    days: DaysAsked,
    paging: Paging,
}

impl FromParameters for UsageOfPlan {
    fn read(parameters: &mut Parameters) -> Self {
        let key_id = |text: &str| {
            text.parse()
                .map_err(|invalid: latchkey_domain::Invalid| invalid.to_sender())
        };
        Self {
            key_id: parameters.take("keyId", key_id),
            days: DaysAsked::read(parameters),
            paging: Paging::read(parameters),
        }
    }
}

/// # Errors
/// [`Problem::UnknownPlan`]; [`Problem::NotAttached`] for a key that has never been on it;
/// [`Problem::Invalid`] for days that are not told.
pub(crate) async fn by_plan(
    State(state): State<AdminState>,
    PlanPath(id): PlanPath,
    Query(asked): Query<UsageOfPlan>,
    RawQuery(query): RawQuery,
    format: Format,
) -> Result<Response, Problem> {
    let now = state.clock.now().wall;
    let days = asked.days.until(today(now))?;
    let plan = plans::find(&state, &id).await?.plan;
    if is_native(&plan) {
        let (values, cursor) = match asked.key_id {
            Some(key) => (
                one_native(&state, &plan, key, days, &asked.paging).await?,
                None,
            ),
            None => native::by_plan(&state, &plan, days, &asked.paging).await?,
        };
        let view = UsageView::new(Of::Plan(plan.id.to_string()), days, values);
        return view.with_cursor(cursor).answer(format, query.as_deref());
    }
    let (meters, cursor) = match asked.key_id {
        Some(key) => (one(&state, &plan, key, &asked.paging).await?, None),
        None => page(&state, &plan, days, &asked.paging).await?,
    };
    let usage = |(key, meter): (KeyId, Meter)| {
        let Days { first, last } = days;
        (
            key.to_string(),
            meter.usage(plan.quota.as_ref(), first, last, now),
        )
    };
    let values: BTreeMap<_, _> = meters.into_iter().map(usage).collect();
    let by = match plan.scope {
        Scope::Key => "keyId",
        Scope::Customer => "customerId",
    };
    let view = UsageView::new(Of::Plan(plan.id.to_string()), days, values).by(by);
    view.with_cursor(cursor).answer(format, query.as_deref())
}

/// The use of one key that is on a plan which API Gateway counts.
async fn one_native(
    state: &AdminState,
    plan: &Plan,
    key: KeyId,
    days: Days,
    paging: &Paging,
) -> Result<BTreeMap<String, Vec<DayView>>, Problem> {
    refuse_cursor(paging)?;
    let attachment = state.store.attachment(key, &plan.id).await?;
    attachment.ok_or(Problem::NotAttached)?;
    let usage = native::of_key(state, plan, key, days).await?;
    Ok(BTreeMap::from([(key.to_string(), usage)]))
}

fn refuse_cursor(paging: &Paging) -> Result<(), Problem> {
    if paging.cursor.is_some() {
        let detail = "is of no use with keyId: one key fits a page";
        return Err(Problem::fault(Fault::parameter("cursor", detail)));
    }
    Ok(())
}

/// The meter of one key, which stays when the key is taken off the plan.
async fn one(
    state: &AdminState,
    plan: &Plan,
    key: KeyId,
    paging: &Paging,
) -> Result<Vec<(KeyId, Meter)>, Problem> {
    refuse_cursor(paging)?;
    let meter = state.store.meter(&Owner::Key(key), &plan.id).await?;
    Ok(vec![(key, meter.ok_or(Problem::NotAttached)?)])
}

/// The meters of a page of the plan's keys, and where the next one begins.
async fn page(
    state: &AdminState,
    plan: &Plan,
    days: Days,
    paging: &Paging,
) -> Result<(Vec<(KeyId, Meter)>, Option<String>), Problem> {
    let cursor = paging.cursor.as_ref();
    let page = state
        .store
        .attachments(&plan.id, days.names(paging.limit), cursor)
        .await?;
    let keys: Vec<KeyId> = page
        .items
        .iter()
        .map(|attachment| attachment.key_id)
        .collect();
    let owners: Vec<Owner> = keys.iter().copied().map(Owner::Key).collect();
    let meters = state.store.meters(&owners, &plan.id).await?;
    let meters = meters.into_iter().map(Option::unwrap_or_default);
    Ok((
        keys.into_iter().zip(meters).collect(),
        page.cursor.map(|cursor| cursor.encode()),
    ))
}
