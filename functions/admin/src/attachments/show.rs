//! `GET /v1/plans/{planId}/keys/{keyId}`: whether a key is on a plan, and since when.

use axum::extract::State;

use super::view::one_view;
use crate::{
    AdminState,
    answer::Answer,
    etag::{Preconditions, Revision},
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
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer, Problem> {
    let attachment = state.store.attachment(path.key_id, &path.plan_id).await?;
    let attachment = attachment.ok_or(Problem::NotAttached)?;
    let plan = plans::find(&state, &path.plan_id).await?.plan;
    let revision = Revision::of_attachment(&attachment);
    let view = one_view(&state, &plan, attachment).await?;
    preconditions.shown(revision, &view)
}
