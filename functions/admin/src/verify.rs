//! `POST /v1/verify`: would this call pass, and why not? Every check with its outcome, for
//! people whose customer is refused. Nothing is charged.

mod call;
mod findings;

use axum::{Json, extract::State};
use latchkey_domain::{
    Case, Decision, Plan, decide,
    meter::{Meter, Owner},
};
use latchkey_store::KeySnapshot;

use self::{
    call::{Call, Presented},
    findings::{Findings, FindingsView},
};
use crate::{
    AdminState,
    api_gateway::is_native,
    body::Body,
    keys,
    parameters::{NoParameters, Query},
    problem::Problem,
};

/// # Errors
/// [`Problem::Invalid`].
pub(crate) async fn verify(
    State(state): State<AdminState>,
    Query(NoParameters): Query<NoParameters>,
    Body(call): Body<Call>,
) -> Result<Json<FindingsView>, Problem> {
    let request = call.request()?;
    let Presented(Ok(presented)) = call.value else {
        return Ok(Json(Findings::of_malformed_key().view()));
    };
    let snapshot = state.store.key_snapshot(presented.id).await?;
    let plans = match &snapshot {
        Some(snapshot) => keys::plans_of(&state, &snapshot.record).await?,
        None => Vec::new(),
    };
    let plans: Vec<&Plan> = plans.iter().collect();
    let now = state.clock.now();
    let case = Case {
        key: snapshot.as_ref().map(|snapshot| &snapshot.record.key),
        presented: &presented.hash,
        plans: &plans,
        request: &request,
        now: now.timestamp(),
    };
    let mut findings = Findings::of(&case);
    if let Decision::Allow(_, plan) = decide(&case) {
        if is_native(plan) {
            findings.left_to_api_gateway(plan);
        } else {
            let meter = match &snapshot {
                Some(snapshot) => meter(&state, snapshot, plan).await?,
                None => None,
            };
            findings.ask_meter(plan, &request, now, meter.as_ref());
        }
    }
    Ok(Json(findings.view()))
}

/// The meter that calls of the key on a plan are charged to: its own, which was read with it, or
/// its customer's.
async fn meter(
    state: &AdminState,
    snapshot: &KeySnapshot,
    plan: &Plan,
) -> Result<Option<Meter>, Problem> {
    match Owner::of(&snapshot.record.key, plan) {
        Some(Owner::Key(_)) => Ok(snapshot.meters.get(&plan.id).cloned()),
        Some(owner) => Ok(state.store.meter(&owner, &plan.id).await?),
        None => Ok(None),
    }
}
