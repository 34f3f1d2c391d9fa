//! `GET /v1/plans`: the plans in the order of their ids, in pages.

use axum::{Json, extract::State};

use super::view::PlanView;
use crate::{
    AdminState,
    paging::{PageView, Paging},
    parameters::Query,
    problem::Problem,
};

/// # Errors
/// [`Problem::Invalid`] for a cursor of another list.
pub(crate) async fn list(
    State(state): State<AdminState>,
    Query(paging): Query<Paging>,
) -> Result<Json<PageView<PlanView>>, Problem> {
    let page = state
        .store
        .plans(paging.limit, paging.cursor.as_ref())
        .await?;
    Ok(Json(PageView::of(page, |record| {
        PlanView::from(&record.plan)
    })))
}
