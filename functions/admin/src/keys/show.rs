//! `GET /v1/keys/{keyId}`: a key, and when it was last used.

use axum::{Json, extract::State};
use latchkey_store::NativeObject;

use super::{find_whole, view::KeyView};
use crate::{
    AdminState,
    parameters::{NoParameters, Query},
    path::KeyPath,
    problem::Problem,
};

/// # Errors
/// [`Problem::UnknownKey`].
pub(crate) async fn show(
    State(state): State<AdminState>,
    KeyPath(id): KeyPath,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Json<KeyView>, Problem> {
    let snapshot = find_whole(&state, id).await?;
    let native = state.store.native(&NativeObject::Key(id)).await?;
    Ok(Json(KeyView::whole(&snapshot, native.as_ref())))
}
