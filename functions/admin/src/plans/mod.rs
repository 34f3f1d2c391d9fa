//! Usage plans.

mod create;
mod delete;
mod fields;
mod list;
mod overlap;
mod replace;
mod show;
mod stages;
mod update;
mod view;

pub(crate) use create::{CreatePlan, create};
pub(crate) use delete::delete;
pub(crate) use fields::check_terms;
pub(crate) use list::list;
pub(crate) use overlap::refuse_overlap;
pub(crate) use replace::replace;
pub(crate) use show::show;
pub(crate) use stages::MAX_API_STAGES;
pub(crate) use update::update;
pub(crate) use view::PlanView;

use http::StatusCode;
use latchkey_domain::{Plan, PlanId};
use latchkey_store::{LIST_COMES_UP, Lost, NativeObject, PlanRecord};

use self::overlap::{Seen, refuse_stages_in_the_way};
use crate::{
    AdminState, answer::Answer, api_gateway::is_native, caller::Caller, etag::Revision,
    problem::Problem,
};

/// A plan, as it is now.
///
/// # Errors
/// [`Problem::UnknownPlan`].
pub(crate) async fn find(state: &AdminState, id: &PlanId) -> Result<PlanRecord, Problem> {
    state.store.plan(id).await?.ok_or(Problem::UnknownPlan)
}

/// # Errors
/// [`Problem::PlanDeleting`] for a plan that is on its way out: nothing of it changes any more.
pub(crate) fn refuse_deleting(plan: &Plan) -> Result<(), Problem> {
    if plan.deleting {
        return Err(Problem::PlanDeleting(plan.id.clone()));
    }
    Ok(())
}

/// The plan as it is answered, with what API Gateway has of it.
///
/// # Errors
/// The store's.
async fn view_of(state: &AdminState, plan: &Plan) -> Result<PlanView, Problem> {
    let native = if is_native(plan) {
        state
            .store
            .native(&NativeObject::Plan(plan.id.clone()))
            .await?
    } else {
        None
    };
    Ok(PlanView::new(plan, native.as_ref()))
}

/// A plan as it is answered, with its tag.
fn answer(status: StatusCode, plan: &Plan, view: &PlanView) -> Result<Answer, Problem> {
    let tag = Revision::of_plan(plan).tag(view);
    Ok(Answer::json(status, view)?.tagged(&tag))
}

/// The same, after the first attempt to have API Gateway follow a change.
async fn brought_in_step(state: &AdminState, plan: &Plan) -> Result<PlanView, Problem> {
    if is_native(plan) {
        state
            .bring_in_step(&[NativeObject::Plan(plan.id.clone())])
            .await;
    }
    view_of(state, plan).await
}

/// Writes the plan, unless another change came first or is yet to be seen.
async fn write(
    state: &AdminState,
    caller: &Caller,
    record: &PlanRecord,
    mut after: Plan,
) -> Result<Option<Answer>, Problem> {
    let before = &record.plan;
    refuse_deleting(before)?;
    for (field, changes) in [
        ("scope", after.scope != before.scope),
        ("enforcement", after.enforcement != before.enforcement),
    ] {
        if changes && record.keys > 0 {
            let keys = record.keys;
            return Err(Problem::FixedInUse { keys, field });
        }
    }
    let covers_others = !before.has_all_stages_of(&after);
    if is_native(&after) && record.internal > 0 && covers_others {
        state.refuse_open(&[&after]).await?;
    }
    if covers_others && refuse_stages_in_the_way(state, &after, record.keys).await? == Seen::Some {
        tokio::time::sleep(LIST_COMES_UP).await;
        return Ok(None);
    }
    let change = state.change_by(caller)?;
    after.updated = change.at;
    after.version = record.plan.next_version(change.at);
    match state.store.update_plan(record, &after, &change).await {
        Ok(()) => {
            if is_native(before) && !is_native(&after) {
                state
                    .bring_in_step(&[NativeObject::Plan(after.id.clone())])
                    .await;
            }
            let view = brought_in_step(state, &after).await?;
            answer(StatusCode::OK, &after, &view).map(Some)
        }
        Err(Lost::Condition(_)) => Ok(None),
        Err(Lost::Store(error)) => Err(error.into()),
    }
}
