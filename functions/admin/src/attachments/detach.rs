//! `DELETE /v1/plans/{planId}/keys/{keyId}`: takes a key off a plan. What it has used stays
//! known, and counts again if it is attached again.

use axum::extract::State;
use http::StatusCode;
use latchkey_store::{AttachError, NativeObject};

use crate::{
    AdminState,
    api_gateway::is_native,
    body::NoBody,
    caller::Caller,
    etag::{Preconditions, Revision},
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
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    for _ in 0..ATTEMPTS {
        let plan = plans::find(&state, &path.plan_id).await?.plan;
        let record = keys::find(&state, path.key_id).await?;
        if !record.plan_ids.contains(&plan.id) {
            return Err(Problem::NotAttached);
        }
        if preconditions.are_given() {
            let attachment = state.store.attachment(path.key_id, &plan.id).await?;
            let attachment = attachment.ok_or(Problem::NotAttached)?;
            preconditions.hold_for(&Revision::of_attachment(&attachment))?;
        }
        let change = state.change_by(&caller)?;
        let flush = state.stages_to_flush(std::slice::from_ref(&plan));
        match state.store.detach(&record, &plan, &flush, &change).await {
            Ok(()) => {
                if is_native(&plan) {
                    let key = path.key_id;
                    let on_plan = NativeObject::PlanKey(key, plan.id);
                    state
                        .bring_in_step(&[on_plan, NativeObject::Flush(key)])
                        .await;
                }
                return Ok(StatusCode::NO_CONTENT);
            }
            Err(AttachError::Changed) => {}
            Err(AttachError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}
