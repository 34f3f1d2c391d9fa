//! `DELETE /v1/plans/{planId}`: deletes a plan that no key is on; with `?force=true` one that
//! keys are on, too: it covers nothing from then on, and its keys are taken off. What a request
//! has no time for is the reconciler's.

use std::time::Duration;

use axum::extract::State;
use http::StatusCode;
use latchkey_store::{DeletePlanError, Deletion, Lost, NativeObject, PlanRecord, Worker};
use tokio::time::Instant;

use super::find;
use crate::{
    AdminState,
    api_gateway::is_native,
    body::NoBody,
    caller::Caller,
    etag::{Preconditions, Revision},
    parameters::{FromParameters, Parameters, Query},
    path::PlanPath,
    problem::Problem,
    state::ATTEMPTS,
};

/// How long a request takes keys off itself, of the 25 s that it has.
const OWN_SHARE: Duration = Duration::from_secs(8);

/// What becomes of the plan's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithKeys {
    /// A plan that keys are on stays.
    Refused,
    /// They are taken off.
    Forced,
}

impl FromParameters for WithKeys {
    fn read(parameters: &mut Parameters) -> Self {
        match parameters.take_flag("force") {
            true => Self::Forced,
            false => Self::Refused,
        }
    }
}

/// # Errors
/// [`Problem::UnknownPlan`]; [`Problem::PlanInUse`] with the number of keys on it;
/// [`Problem::Changed`].
pub(crate) async fn delete(
    State(state): State<AdminState>,
    caller: Caller,
    PlanPath(id): PlanPath,
    preconditions: Preconditions,
    Query(with_keys): Query<WithKeys>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    for _ in 0..ATTEMPTS {
        let record = find(&state, &id).await?;
        preconditions.hold_for(&Revision::of_plan(&record.plan))?;
        let done = match (record.keys, with_keys) {
            (0, _) => at_once(&state, &caller, &record).await?,
            (keys, WithKeys::Refused) => return Err(Problem::PlanInUse(keys)),
            (_, WithKeys::Forced) => with_its_keys(&state, &caller, &record).await?,
        };
        if done {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(Problem::Changed)
}

/// Deletes a plan that no key is on; false where another change came first.
async fn at_once(
    state: &AdminState,
    caller: &Caller,
    record: &PlanRecord,
) -> Result<bool, Problem> {
    let change = state.change_by(caller)?;
    match state.store.delete_plan(&record.plan, &change).await {
        Ok(()) => {
            if is_native(&record.plan) {
                let native = NativeObject::Plan(record.plan.id.clone());
                state.bring_in_step(&[native]).await;
            }
            Ok(true)
        }
        Err(DeletePlanError::Changed) => Ok(false),
        Err(DeletePlanError::Store(error)) => Err(error.into()),
    }
}

/// Marks the plan, or finds it marked, and takes keys off it; false where another change came
/// first.
async fn with_its_keys(
    state: &AdminState,
    caller: &Caller,
    record: &PlanRecord,
) -> Result<bool, Problem> {
    let change = state.change_by(caller)?;
    let worker = Worker {
        clock: &state.clock,
        id: &change.id,
    };
    let plan = std::slice::from_ref(&record.plan);
    let deletion = match record.plan.deleting {
        true => state.store.deletion(&record.plan.id).await?,
        false => {
            let flush = state.stages_to_flush(plan);
            match state.store.begin_deletion(record, flush, &change).await {
                Ok(deletion) => Some(deletion),
                Err(Lost::Condition(_)) => None,
                Err(Lost::Store(error)) => return Err(error.into()),
            }
        }
    };
    let Some(deletion) = deletion else {
        return Ok(false);
    };
    take_keys_off(state, &deletion, &worker).await;
    Ok(true)
}

/// Goes on with a deletion for a while. The plan covers nothing any more: whatever goes wrong
/// from here on is no longer the caller's.
async fn take_keys_off(state: &AdminState, deletion: &Deletion, worker: &Worker<'_>) {
    let until = Instant::now() + OWN_SHARE;
    let plan_id = &deletion.plan_id;
    match state.store.carry_on_deletion(deletion, worker, until).await {
        Ok(true) => {}
        Ok(false) => tracing::info!(%plan_id, "the rest of its keys is left to the reconciler"),
        Err(error) => tracing::warn!(%plan_id, %error, "its keys are left to the reconciler"),
    }
}
