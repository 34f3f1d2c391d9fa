//! `GET /v1/plans/{planId}`: a plan.

use axum::{Json, extract::State};

use super::{find, view::PlanView, view_of};
use crate::{
    AdminState,
    parameters::{NoParameters, Query},
    path::PlanPath,
    problem::Problem,
};

/// # Errors
/// [`Problem::UnknownPlan`].
pub(crate) async fn show(
    State(state): State<AdminState>,
    PlanPath(id): PlanPath,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Json<PlanView>, Problem> {
    let record = find(&state, &id).await?;
    Ok(Json(view_of(&state, &record.plan).await?))
}
