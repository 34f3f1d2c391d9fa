//! `GET /v1/plans/{planId}`: a plan.

use axum::extract::State;

use super::{find, view_of};
use crate::{
    AdminState,
    answer::Answer,
    etag::{Preconditions, Revision},
    parameters::{NoParameters, Query},
    path::PlanPath,
    problem::Problem,
};

/// # Errors
/// [`Problem::UnknownPlan`].
pub(crate) async fn show(
    State(state): State<AdminState>,
    PlanPath(id): PlanPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer, Problem> {
    let record = find(&state, &id).await?;
    let view = view_of(&state, &record.plan).await?;
    preconditions.shown(Revision::of_plan(&record.plan), &view)
}
