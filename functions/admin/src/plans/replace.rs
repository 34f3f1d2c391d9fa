//! `PUT /v1/plans/{planId}`: makes a plan with an id of the owner's own, or replaces it, so
//! that running it again changes nothing.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::LOCATION};
use latchkey_domain::Plan;
use latchkey_store::{Change, Lost, PlanRecord};

use super::{brought_in_step, create::CreatePlan, view_of, write};
use crate::{
    AdminState,
    body::Body,
    caller::Caller,
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
    Query(NoParameters): Query<NoParameters>,
    Body(fields): Body<CreatePlan>,
) -> Result<Response, Problem> {
    let change = state.change_by(&caller)?;
    let plan = fields.plan(&state, id, change.at)?;
    for _ in 0..ATTEMPTS {
        let answer = match state.store.plan(&plan.id).await? {
            Some(record) => replaced(&state, &caller, &record, &plan).await?,
            None => created(&state, &plan, &change).await?,
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
) -> Result<Option<Response>, Problem> {
    match state.store.create_plan(plan, change).await {
        Ok(()) => {
            let location = [(LOCATION, plan.id.to_string())];
            let view = brought_in_step(state, plan).await?;
            let answer = (StatusCode::CREATED, location, Json(view));
            Ok(Some(answer.into_response()))
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
    plan: &Plan,
) -> Result<Option<Response>, Problem> {
    let after = Plan {
        created: record.plan.created,
        updated: record.plan.updated,
        version: record.plan.version,
        ..plan.clone()
    };
    let view = if after == record.plan {
        Some(view_of(state, &after).await?)
    } else {
        write(state, caller, record, after).await?
    };
    Ok(view.map(|view| Json(view).into_response()))
}
