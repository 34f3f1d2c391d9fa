//! `GET /health`: whether the function runs and reaches its table.
//!
//! It needs no identity of its own, and tells nothing but that.

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{
    AdminState,
    parameters::{NoParameters, Query},
    problem::Problem,
};

#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

/// # Errors
/// [`Problem::Unavailable`].
pub(crate) async fn health(
    State(state): State<AdminState>,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Json<Health>, Problem> {
    state.store.plans(1, None).await?;
    Ok(Json(Health { status: "ok" }))
}
