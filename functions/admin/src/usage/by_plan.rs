//! `GET /v1/plans/{planId}/usage`: what the keys of a plan have used, in pages of keys; of a plan
//! with scope `customer`, what its customers have used, in pages of customers.
//!
//! With `keyId` one key alone, even one that has been taken off the plan since; with `customerId`
//! one customer. Each belongs to plans of its scope: a key of a customer's plan has no use of its
//! own, and to answer with the customer's would have it added up with that of its other keys.
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
use latchkey_domain::{CustomerId, KeyId, Plan, Scope, meter::Owner};
use latchkey_store::Told;

use super::{
    customers,
    days::{Days, DaysAsked, today},
    meters, native,
    view::{DayView, Of, UsageView},
};
use crate::{
    AdminState,
    accept::Format,
    api_gateway::is_native,
    faults::Fault,
    paging::Paging,
    parameters::{FromParameters, Parameters, Query, parsed},
    path::PlanPath,
    plans,
    problem::Problem,
};

/// Which keys or customers, and which days.
#[derive(Debug)]
pub(crate) struct UsageOfPlan {
    key_id: Option<KeyId>,
    customer_id: Option<CustomerId>,
    days: DaysAsked,
    paging: Paging,
}

impl FromParameters for UsageOfPlan {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            key_id: parameters.take("keyId", parsed),
            customer_id: parameters.take("customerId", parsed),
            days: DaysAsked::read(parameters),
            paging: Paging::read(parameters),
        }
    }
}

/// # Errors
/// [`Problem::UnknownPlan`]; [`Problem::NotAttached`] for a key that has never been on it, and
/// [`Problem::CustomerNotAttached`] for a customer; [`Problem::Invalid`] for days that are not
/// told, and for the filter of the other scope.
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
    asked.refuse_other_scope(plan.scope)?;
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
    let (told, cursor) = asked.meters(&state, &plan, days).await?;
    let name = |told: &Told| meters::name(&told.owner);
    let values = meters::usage(&state, told, days, now, name).await?;
    let by = match plan.scope {
        Scope::Key => "keyId",
        Scope::Customer => "customerId",
    };
    let view = UsageView::new(Of::Plan(plan.id.to_string()), days, values).by(by);
    view.with_cursor(cursor).answer(format, query.as_deref())
}

impl UsageOfPlan {
    /// # Errors
    /// Where keys are asked for and customers share the allowance, or the other way round.
    fn refuse_other_scope(&self, scope: Scope) -> Result<(), Problem> {
        let fault = match scope {
            Scope::Customer if self.key_id.is_some() => Fault::parameter(
                "keyId",
                "belongs to plans with scope key: on this one a customer's keys share what they use, so ask with customerId",
            ),
            Scope::Key if self.customer_id.is_some() => Fault::parameter(
                "customerId",
                "belongs to plans with scope customer: on this one each key has a use of its own, so ask with keyId",
            ),
            _ => return Ok(()),
        };
        Err(Problem::fault(fault))
    }

    /// The meters that are asked for, and where the next page begins.
    async fn meters(
        &self,
        state: &AdminState,
        plan: &Plan,
        days: Days,
    ) -> Result<(Vec<Told>, Option<String>), Problem> {
        match (plan.scope, self.key_id, &self.customer_id) {
            (Scope::Customer, _, Some(customer)) => {
                refuse_cursor(&self.paging, "customerId: one customer")?;
                Ok((customers::one(state, plan, customer).await?, None))
            }
            (Scope::Customer, _, None) => customers::page(state, plan, days, &self.paging).await,
            (Scope::Key, Some(key), _) => Ok((one(state, plan, key, &self.paging).await?, None)),
            (Scope::Key, None, _) => page(state, plan, days, &self.paging).await,
        }
    }
}

/// The use of one key that is on a plan which API Gateway counts.
async fn one_native(
    state: &AdminState,
    plan: &Plan,
    key: KeyId,
    days: Days,
    paging: &Paging,
) -> Result<BTreeMap<String, Vec<DayView>>, Problem> {
    refuse_cursor(paging, ONE_KEY)?;
    let attachment = state.store.attachment(key, &plan.id).await?;
    attachment.ok_or(Problem::NotAttached)?;
    let usage = native::of_key(state, plan, key, days).await?;
    Ok(BTreeMap::from([(key.to_string(), usage)]))
}

const ONE_KEY: &str = "keyId: one key";

fn refuse_cursor(paging: &Paging, one: &str) -> Result<(), Problem> {
    if paging.cursor.is_some() {
        let detail = format!("is of no use with {one} fits a page");
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
) -> Result<Vec<Told>, Problem> {
    refuse_cursor(paging, ONE_KEY)?;
    let owner = Owner::Key(key);
    let meter = state.store.meter(&owner, &plan.id).await?;
    let meter = meter.ok_or(Problem::NotAttached)?;
    Ok(vec![meters::on(plan, owner, meter)])
}

/// The meters of a page of the plan's keys, and where the next one begins.
async fn page(
    state: &AdminState,
    plan: &Plan,
    days: Days,
    paging: &Paging,
) -> Result<(Vec<Told>, Option<String>), Problem> {
    let cursor = paging.cursor.as_ref();
    let page = state
        .store
        .attachments(&plan.id, days.names(paging.limit), cursor)
        .await?;
    let keys = page.items.iter().map(|attachment| attachment.key_id);
    let owners: Vec<Owner> = keys.map(Owner::Key).collect();
    Ok((
        meters::of(state, plan, owners).await?,
        page.cursor.map(|cursor| cursor.encode()),
    ))
}
