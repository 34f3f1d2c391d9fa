//! `DELETE /v1/plans/{planId}/keys/{keyId}`: takes a key off a plan. What it has used stays
//! known, and counts again if it is attached again.

use axum::extract::State;
use http::StatusCode;
use latchkey_store::AttachError;

use crate::{
    AdminState,
    body::NoBody,
    caller::Caller,
    keys,
    parameters::{NoParameters, Query},
    path::AttachmentPath,
    plans,
    problem::Problem,
    state::ATTEMPTS,
};

/// # Errors
/// [`Problem::UnknownPlan`], [`Problem::UnknownKey`], [`Problem::NotAttached`];
/// [`Problem::Changed`].
pub(crate) async fn detach(
    State(state): State<AdminState>,
    caller: Caller,
    path: AttachmentPath,
    Query(NoParameters): Query<NoParameters>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    for _ in 0..ATTEMPTS {
        let plan = plans::find(&state, &path.plan_id).await?.plan;
        let record = keys::find(&state, path.key_id).await?;
        if !record.plan_ids.contains(&plan.id) {
            return Err(Problem::NotAttached);
        }
        let change = state.change_by(&caller)?;
        match state.store.detach(&record, &plan, &[], &change).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT),
            Err(AttachError::Changed) => {}
            Err(AttachError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}
