//! `GET /v1/plans/{planId}/keys`: the keys of a plan in the order in which they were
//! attached, in pages. It comes from an index: the latest may be missing for a moment.

use axum::{Json, extract::State};

use super::view::AttachmentView;
use crate::{
    AdminState,
    paging::{PageView, Paging},
    parameters::Query,
    path::PlanPath,
    plans,
    problem::Problem,
};

/// # Errors
/// [`Problem::UnknownPlan`]; [`Problem::Invalid`] for a cursor of another list.
pub(crate) async fn list(
    State(state): State<AdminState>,
    PlanPath(id): PlanPath,
    Query(paging): Query<Paging>,
) -> Result<Json<PageView<AttachmentView>>, Problem> {
    plans::find(&state, &id).await?;
    let cursor = paging.cursor.as_ref();
    let page = state.store.attachments(&id, paging.limit, cursor).await?;
    Ok(Json(PageView::of(page, AttachmentView::from)))
}
