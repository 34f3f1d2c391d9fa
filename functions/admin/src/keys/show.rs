//! `GET /v1/keys/{keyId}`: a key, and when it was last used.

use axum::extract::State;
use latchkey_store::NativeObject;

use super::{
    find_whole, plans_of,
    view::{KeyView, Use},
};
use crate::{
    AdminState,
    answer::Answer,
    etag::{Preconditions, Revision},
    parameters::{NoParameters, Query},
    path::KeyPath,
    problem::Problem,
};

/// # Errors
/// [`Problem::UnknownKey`].
pub(crate) async fn show(
    State(state): State<AdminState>,
    KeyPath(id): KeyPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer, Problem> {
    let snapshot = find_whole(&state, id).await?;
    let native = state.store.native(&NativeObject::Key(id)).await?;
    let known = Use::on(&plans_of(&state, &snapshot.record).await?);
    let view = KeyView::whole(&snapshot, native.as_ref(), known);
    preconditions.shown(Revision::of_key(&snapshot.record.key), &view)
}
