//! `GET /v1/plans/{planId}/keys`: the keys of a plan in the order of their creation, in
//! pages. It comes from an index: the latest may be missing for a moment.

use axum::{Json, extract::State};

use latchkey_store::Page;

use super::view::{AttachmentView, views};
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
    let plan = plans::find(&state, &id).await?.plan;
    let cursor = paging.cursor.as_ref();
    let page = state.store.attachments(&id, paging.limit, cursor).await?;
    let items = views(&state, &plan, page.items).await?;
    let page = Page {
        items,
        cursor: page.cursor,
    };
    Ok(Json(PageView::of(page, |view| view)))
}
