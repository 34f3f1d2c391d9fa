//! `PUT /v1/plans/{planId}/keys/{keyId}`: puts a key on a plan. Repeating it changes nothing.

use axum::extract::State;
use http::StatusCode;
use latchkey_domain::{KeyId, NativeKeyValue, Plan, PlanId, TwinValue};
use latchkey_store::{AttachError, Attachment, KeyRecord, NativeObject};

use super::view::one_view;
use crate::{
    AdminState,
    answer::Answer,
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
/// [`Problem::UnknownPlan`], [`Problem::UnknownKey`]; [`Problem::PlanDeleting`];
/// [`Problem::PlanInTheWay`] where another plan of the key covers one of its stages; [`Problem::TooManyPlans`]; [`Problem::NotHeld`] and
/// [`Problem::TwinWouldOpen`] where API Gateway counts; [`Problem::Changed`].
pub(crate) async fn attach(
    State(state): State<AdminState>,
    caller: Caller,
    path: AttachmentPath,
    preconditions: Preconditions,
    Query(NoParameters): Query<NoParameters>,
    _: NoBody,
) -> Result<Answer, Problem> {
    for _ in 0..ATTEMPTS {
        let plan = plans::find(&state, &path.plan_id).await?.plan;
        plans::refuse_deleting(&plan)?;
        let record = keys::find(&state, path.key_id).await?;
        if record.plan_ids.contains(&plan.id) {
            if let Some(attachment) = state.store.attachment(path.key_id, &plan.id).await? {
                preconditions.hold_for(&Revision::of_attachment(&attachment))?;
                return answer(&state, StatusCode::OK, &plan, attachment).await;
            }
            continue;
        }
        preconditions.hold_for_nothing()?;
        if let Some(attachment) = write(&state, &caller, &record, &plan).await? {
            let location = attachment.key_id.to_string();
            if is_native(&plan) {
                bring_in_step(&state, &caller, path.key_id, &plan).await?;
            }
            let made = answer(&state, StatusCode::CREATED, &plan, attachment).await?;
            return Ok(made.at(location));
        }
    }
    Err(Problem::Changed)
}

async fn answer(
    state: &AdminState,
    status: StatusCode,
    plan: &Plan,
    attachment: Attachment,
) -> Result<Answer, Problem> {
    let revision = Revision::of_attachment(&attachment);
    let view = one_view(state, plan, attachment).await?;
    Ok(Answer::json(status, &view)?.tagged(&revision.tag(&view)))
}

/// Puts a key on a plan, where it may be already. That API Gateway follows is left to the
/// reconciler.
///
/// # Errors
/// Those of [`attach`].
pub(crate) async fn put_on(
    state: &AdminState,
    caller: &Caller,
    key_id: KeyId,
    plan_id: &PlanId,
) -> Result<(), Problem> {
    for _ in 0..ATTEMPTS {
        let plan = plans::find(state, plan_id).await?.plan;
        plans::refuse_deleting(&plan)?;
        let record = keys::find(state, key_id).await?;
        if record.plan_ids.contains(&plan.id) {
            return Ok(());
        }
        if write(state, caller, &record, &plan).await?.is_some() {
            if is_native(&plan) {
                forget_refusals(state, caller, key_id, &plan).await?;
            }
            return Ok(());
        }
    }
    Err(Problem::Changed)
}

/// Has it written that API Gateway is to forget that the key was refused.
async fn forget_refusals(
    state: &AdminState,
    caller: &Caller,
    key: KeyId,
    plan: &Plan,
) -> Result<(), Problem> {
    let flush = state.stages_to_flush(std::slice::from_ref(plan));
    let change = state.change_by(caller)?;
    if let Err(error) = state.store.flush(key, &flush, &change).await {
        // The key is on the plan: kept refusals end by themselves.
        tracing::warn!(%error, "results of the authorizer are not flushed");
    }
    Ok(())
}

/// Has API Gateway follow, and forget that the key was refused.
async fn bring_in_step(
    state: &AdminState,
    caller: &Caller,
    key: KeyId,
    plan: &Plan,
) -> Result<(), Problem> {
    forget_refusals(state, caller, key, plan).await?;
    let objects = [
        NativeObject::Key(key),
        NativeObject::PlanKey(key, plan.id.clone()),
        NativeObject::Flush(key),
    ];
    state.bring_in_step(&objects).await;
    Ok(())
}

/// Attaches the key, unless another change came first.
async fn write(
    state: &AdminState,
    caller: &Caller,
    record: &KeyRecord,
    plan: &Plan,
) -> Result<Option<Attachment>, Problem> {
    if record.plan_ids.len() >= keys::MAX_PLANS {
        return Err(Problem::TooManyPlans(keys::MAX_PLANS));
    }
    refuse(state, record, plan, &keys::plans_of(state, record).await?).await?;
    let change = state.change_by(caller)?;
    let twin = TwinValue::generate(&state.random.bytes()?);
    match state.store.attach(record, plan, &twin, &change).await {
        Ok(attachment) => Ok(Some(attachment)),
        Err(AttachError::Changed) => Ok(None),
        Err(AttachError::Store(error)) => Err(error.into()),
    }
}

/// Refuses to put a key on a plan beside the plans `others`.
///
/// # Errors
/// [`Problem::PlanDeleting`], [`Problem::PlanInTheWay`]; [`Problem::NotHeld`] and
/// [`Problem::TwinWouldOpen`] where API Gateway counts.
pub(crate) async fn refuse(
    state: &AdminState,
    record: &KeyRecord,
    plan: &Plan,
    others: &[Plan],
) -> Result<(), Problem> {
    plans::refuse_overlap(plan, others)?;
    state.refuse_unfit(&record.key, &[plan]).await?;
    refuse_unknown_there(state, record, plan).await
}

/// A key with its value in the header cannot be made at API Gateway any more: it is there, or
/// on no plan that API Gateway counts.
///
/// # Errors
/// [`Problem::NotHeld`].
pub(crate) async fn refuse_unknown_there(
    state: &AdminState,
    record: &KeyRecord,
    plan: &Plan,
) -> Result<(), Problem> {
    if !is_native(plan) || record.key.native_value == NativeKeyValue::Internal {
        return Ok(());
    }
    let native = state
        .store
        .native(&NativeObject::Key(record.key.id))
        .await?;
    if native.is_some() {
        return Ok(());
    }
    const RULE: &str = "is header, and API Gateway's key of this value is not kept in step: it was adopted for plans that Latchkey counts. Put it on such a plan, or make a new key";
    Err(Problem::NotHeld {
        plan: plan.id.clone(),
        field: "nativeValue",
        rule: RULE.to_owned(),
    })
}
