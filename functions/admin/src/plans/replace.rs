//! `PUT /v1/plans/{planId}`: makes a plan with an id of the owner's own, or replaces it, so
//! that running it again changes nothing.

use axum::extract::State;
use http::StatusCode;
use latchkey_domain::Plan;
use latchkey_store::{Change, Lost, PlanRecord};

use super::{answer, brought_in_step, create::CreatePlan, refuse_deleting, view_of, write};
use crate::{
    AdminState,
    answer::Answer,
    body::Body,
    caller::Caller,
    etag::{Preconditions, Revision},
    parameters::{NoParameters, Query},
    path::OwnPlanPath,
    problem::Problem,
    state::ATTEMPTS,
};

/// # Errors
/// [`Problem::Invalid`]; [`Problem::PlanDeleting`]; [`Problem::StagesInTheWay`] and
/// [`Problem::TooManyKeys`] for other API stages; [`Problem::Changed`].
pub(crate) async fn replace(
    State(state): State<AdminState>,
    caller: Caller,
    OwnPlanPath(id): OwnPlanPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    Body(fields): Body<CreatePlan>,
) -> Result<Answer, Problem> {
    let change = state.change_by(&caller)?;
    let plan = fields.plan(&state, id, change.at)?;
    for _ in 0..ATTEMPTS {
        let answer = match state.store.plan(&plan.id).await? {
            Some(record) => {
                preconditions.hold_for(&Revision::of_plan(&record.plan))?;
                replaced(&state, &caller, &record, &fields).await?
            }
            None => {
                preconditions.hold_for_nothing()?;
                created(&state, &plan, &change).await?
            }
        };
        if let Some(answer) = answer {
            return Ok(answer);
        }
    }
    Err(Problem::Changed)
}

/// Makes the plan, unless another change came first.
async fn created(
    state: &AdminState,
    plan: &Plan,
    change: &Change,
) -> Result<Option<Answer>, Problem> {
    match state.store.create_plan(plan, change).await {
        Ok(()) => {
            let view = brought_in_step(state, plan).await?;
            let answer = answer(StatusCode::CREATED, plan, &view)?;
            Ok(Some(answer.at(plan.id.to_string())))
        }
        Err(Lost::Condition(_)) => Ok(None),
        Err(Lost::Store(error)) => Err(error.into()),
    }
}

/// Replaces the plan, unless it is as it is to be or another change came first.
async fn replaced(
    state: &AdminState,
    caller: &Caller,
    record: &PlanRecord,
    fields: &CreatePlan,
) -> Result<Option<Answer>, Problem> {
    refuse_deleting(&record.plan)?;
    let after = fields.onto(state, record.plan.clone())?;
    if after == record.plan {
        let view = view_of(state, &after).await?;
        return answer(StatusCode::OK, &after, &view).map(Some);
    }
    write(state, caller, record, after).await
}
