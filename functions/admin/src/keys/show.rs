//! `GET /v1/keys/{keyId}`: a key, and when it was last used.

use axum::{Json, extract::State};

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
    Ok(Json(KeyView::whole(&find_whole(&state, id).await?)))
}
