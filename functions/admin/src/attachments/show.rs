//! `GET /v1/plans/{planId}/keys/{keyId}`: whether a key is on a plan, and since when.

use axum::{Json, extract::State};

use super::view::{AttachmentView, one_view};
use crate::{
    AdminState,
    parameters::{NoParameters, Query},
    path::AttachmentPath,
    plans,
    problem::Problem,
};

/// # Errors
/// [`Problem::NotAttached`].
pub(crate) async fn show(
    State(state): State<AdminState>,
    path: AttachmentPath,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Json<AttachmentView>, Problem> {
    let attachment = state.store.attachment(path.key_id, &path.plan_id).await?;
    let attachment = attachment.ok_or(Problem::NotAttached)?;
    let plan = plans::find(&state, &path.plan_id).await?.plan;
    Ok(Json(one_view(&state, &plan, attachment).await?))
}
