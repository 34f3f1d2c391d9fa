//! `DELETE /v1/plans/{planId}`: deletes a plan that no key is on.

use axum::extract::State;
use http::StatusCode;
use latchkey_store::{DeletePlanError, NativeObject};

use super::find;
use crate::{
    AdminState,
    api_gateway::is_native,
    body::NoBody,
    caller::Caller,
    etag::{Preconditions, Revision},
    parameters::{NoParameters, Query},
    path::PlanPath,
    problem::Problem,
    state::ATTEMPTS,
};

/// # Errors
/// [`Problem::UnknownPlan`]; [`Problem::PlanInUse`] with the number of keys on it.
pub(crate) async fn delete(
    State(state): State<AdminState>,
    caller: Caller,
    PlanPath(id): PlanPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    for _ in 0..ATTEMPTS {
        let record = find(&state, &id).await?;
        preconditions.hold_for(&Revision::of_plan(&record.plan))?;
        if record.keys > 0 {
            return Err(Problem::PlanInUse(record.keys));
        }
        let change = state.change_by(&caller)?;
        match state.store.delete_plan(&record.plan, &change).await {
            Ok(()) => {
                if is_native(&record.plan) {
                    state.bring_in_step(&[NativeObject::Plan(id)]).await;
                }
                return Ok(StatusCode::NO_CONTENT);
            }
            Err(DeletePlanError::Changed) => {}
            Err(DeletePlanError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}
