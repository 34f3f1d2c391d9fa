//! `DELETE /v1/keys/{keyId}`: deletes a key and takes it off its plans, in one transaction.

use axum::extract::State;
use http::StatusCode;
use latchkey_domain::Plan;
use latchkey_store::{Lost, NativeObject};

use super::{find, plans_of};
use crate::{
    AdminState,
    body::NoBody,
    caller::Caller,
    etag::{Preconditions, Revision},
    parameters::{NoParameters, Query},
    path::KeyPath,
    problem::Problem,
    state::ATTEMPTS,
};

/// # Errors
/// [`Problem::UnknownKey`]; [`Problem::Changed`].
pub(crate) async fn delete(
    State(state): State<AdminState>,
    caller: Caller,
    KeyPath(id): KeyPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    for _ in 0..ATTEMPTS {
        let record = find(&state, id).await?;
        preconditions.hold_for(&Revision::of_key(&record.key))?;
        let plans = plans_of(&state, &record).await?;
        let on: Vec<&Plan> = plans.iter().collect();
        if on.len() < record.plan_ids.len() {
            continue;
        }
        let change = state.change_by(&caller)?;
        let flush = state.stages_to_flush(&plans);
        match state.store.delete_key(&record, &on, &flush, &change).await {
            Ok(()) => {
                state
                    .bring_in_step(&[NativeObject::Key(id), NativeObject::Flush(id)])
                    .await;
                return Ok(StatusCode::NO_CONTENT);
            }
            Err(Lost::Condition(_)) => {}
            Err(Lost::Store(error)) => return Err(error.into()),
        }
    }
    Err(Problem::Changed)
}
