//! `GET /v1/keys`: the keys in the order of their creation, in pages.
//!
//! The list comes from an index, so that a key that has just been made or changed may be
//! missing or old for a moment; and without `lastUsedDate`, which would cost a read a key.

use axum::{Json, extract::State};

use super::view::KeyView;
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
) -> Result<Json<PageView<KeyView>>, Problem> {
    let page = state
        .store
        .keys(paging.limit, paging.cursor.as_ref())
        .await?;
    Ok(Json(PageView::of(page, |record| KeyView::of_list(&record))))
}
