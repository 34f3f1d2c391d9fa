//! `GET /v1/plans`: the plans in the order of their ids, in pages.

use axum::{Json, extract::State};

use latchkey_store::{NativeObject, PlanRecord};

use super::view::PlanView;
use crate::{
    AdminState,
    api_gateway::is_native,
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
    let native = page.items.iter().filter(|record| is_native(&record.plan));
    let objects: Vec<NativeObject> = native
        .map(|record| NativeObject::Plan(record.plan.id.clone()))
        .collect();
    let natives = state.store.natives(&objects).await?;
    Ok(Json(PageView::of(page, |PlanRecord { plan, .. }| {
        let object = NativeObject::Plan(plan.id.clone());
        let native = natives.iter().find(|native| native.object == object);
        PlanView::new(&plan, native)
    })))
}
