//! `GET /v1/plans/{planId}/keys/{keyId}`: whether a key is on a plan, and since when.

use axum::{Json, extract::State};

use super::view::AttachmentView;
use crate::{
    AdminState,
    parameters::{NoParameters, Query},
    path::AttachmentPath,
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
    attachment
        .map(|attachment| Json(AttachmentView::from(attachment)))
        .ok_or(Problem::NotAttached)
}
