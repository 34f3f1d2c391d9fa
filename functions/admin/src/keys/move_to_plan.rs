//! `POST /v1/keys/{keyId}/move`: takes a key from one plan to another in one step: there is no
//! instant at which it is on neither.

use axum::extract::State;
use deserr::Deserr;
use http::StatusCode;
use latchkey_domain::{Plan, PlanId, TwinValue};
use latchkey_store::{AttachError, KeySnapshot, NativeObject};

use super::{answer, find_whole, plans_of, view::Use};
use crate::{
    AdminState,
    answer::Answer,
    attachments::refuse,
    body::Body,
    caller::Caller,
    etag::{Preconditions, Revision},
    faults::{Fault, Faults},
    idempotency::Once,
    parameters::{NoParameters, Query},
    path::KeyPath,
    plans,
    problem::Problem,
    state::ATTEMPTS,
};

/// From which plan to which.
#[derive(Debug, Deserr)]
#[deserr(error = Faults, rename_all = camelCase, deny_unknown_fields)]
pub(crate) struct Move {
    from_plan_id: PlanId,
    to_plan_id: PlanId,
}

/// # Errors
/// [`Problem::UnknownKey`]; [`Problem::Invalid`] for one plan twice, or one to go to that is
/// not there; [`Problem::NotOnFirstPlan`], [`Problem::AlreadyAttached`]; what a plan refuses
/// ([`crate::attachments::refuse`]); [`Problem::Changed`].
pub(crate) async fn move_to_plan(
    State(state): State<AdminState>,
    caller: Caller,
    once: Once,
    KeyPath(id): KeyPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    Body(between): Body<Move>,
) -> Result<Answer, Problem> {
    if between.from_plan_id == between.to_plan_id {
        let detail = "is fromPlanId too: a key is moved to another plan";
        return Err(Problem::fault(Fault::at("/toPlanId", detail)));
    }
    for _ in 0..ATTEMPTS {
        let snapshot = find_whole(&state, id).await?;
        preconditions.hold_for(&Revision::of_key(&snapshot.record.key))?;
        if let Some((snapshot, known)) = moved(&state, (&caller, &once), snapshot, &between).await?
        {
            let native = state.native_key(id).await;
            return answer(StatusCode::OK, &snapshot, native.as_ref(), known);
        }
    }
    Err(Problem::Changed)
}

/// Moves the key, unless another change came first.
async fn moved(
    state: &AdminState,
    (caller, once): (&Caller, &Once),
    snapshot: KeySnapshot,
    between: &Move,
) -> Result<Option<(KeySnapshot, Use)>, Problem> {
    let record = &snapshot.record;
    let mut others = plans_of(state, record).await?;
    let from = others
        .iter()
        .position(|plan| plan.id == between.from_plan_id)
        .map(|at| others.remove(at))
        .ok_or_else(|| Problem::NotOnFirstPlan(between.from_plan_id.clone()))?;
    let to = destination(state, &between.to_plan_id).await?;
    if record.plan_ids.contains(&to.id) {
        return Err(Problem::AlreadyAttached(to.id));
    }
    refuse(state, record, &to, &others).await?;
    let both = [from, to];
    let flush = state.stages_to_flush(&both);
    let [from, to] = both;
    let change = state.change_by(caller)?;
    let after = KeySnapshot {
        record: record.moved(&from.id, &to.id, change.at),
        ..snapshot.clone()
    };
    let known = Use::on(others.iter().chain([&to]));
    let change = once.keep(change, &answer(StatusCode::OK, &after, None, known)?)?;
    let twin = TwinValue::generate(&state.random.bytes()?);
    let moved = state
        .store
        .move_key(record, (&from, &to), &twin, &flush, &change)
        .await;
    match moved {
        Ok(record) => {
            let id = record.key.id;
            // Off the one first: API Gateway has a key on one plan only for each stage.
            let objects = [
                NativeObject::PlanKey(id, from.id),
                NativeObject::Key(id),
                NativeObject::PlanKey(id, to.id),
                NativeObject::Flush(id),
            ];
            state.bring_in_step(&objects).await;
            Ok(Some((KeySnapshot { record, ..snapshot }, known)))
        }
        Err(AttachError::Changed) => Ok(None),
        Err(AttachError::Store(error)) => Err(error.into()),
    }
}

/// # Errors
/// [`Problem::Invalid`] where there is no such plan.
async fn destination(state: &AdminState, id: &PlanId) -> Result<Plan, Problem> {
    match plans::find(state, id).await {
        Err(Problem::UnknownPlan) => {
            let detail = "no usage plan has this id";
            Err(Problem::fault(Fault::at("/toPlanId", detail)))
        }
        found => found.map(|record| record.plan),
    }
}
