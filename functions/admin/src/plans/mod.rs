//! Usage plans.

mod create;
mod delete;
mod fields;
mod list;
mod overlap;
mod replace;
mod show;
mod update;
mod view;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use list::list;
pub(crate) use overlap::refuse_overlap;
pub(crate) use replace::replace;
pub(crate) use show::show;
pub(crate) use update::update;

use std::time::Duration;

use latchkey_domain::{Plan, PlanId};
use latchkey_store::{Lost, PlanRecord};

use self::overlap::{Seen, refuse_stages_in_the_way};
use crate::{AdminState, caller::Caller, problem::Problem};

/// A plan, as it is now.
///
/// # Errors
/// [`Problem::UnknownPlan`].
pub(crate) async fn find(state: &AdminState, id: &PlanId) -> Result<PlanRecord, Problem> {
    state.store.plan(id).await?.ok_or(Problem::UnknownPlan)
}

/// The list of a plan's keys is mostly some ten milliseconds behind, seldom a second.
const LIST_COMES_UP: Duration = Duration::from_millis(250);

/// Writes the plan, unless another change came first or is yet to be seen.
async fn write(
    state: &AdminState,
    caller: &Caller,
    record: &PlanRecord,
    mut after: Plan,
) -> Result<Option<Plan>, Problem> {
    if after.stages != record.plan.stages
        && refuse_stages_in_the_way(state, &after, record.keys).await? == Seen::Some
    {
        tokio::time::sleep(LIST_COMES_UP).await;
        return Ok(None);
    }
    let change = state.change_by(caller)?;
    after.updated = change.at;
    after.version = record.plan.next_version(change.at);
    match state.store.update_plan(record, &after, &change).await {
        Ok(()) => Ok(Some(after)),
        Err(Lost::Condition(_)) => Ok(None),
        Err(Lost::Store(error)) => Err(error.into()),
    }
}
