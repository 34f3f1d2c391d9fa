//! Usage plans.

mod create;
mod delete;
mod fields;
mod list;
mod overlap;
mod show;
mod update;
mod view;

pub(crate) use create::create;
pub(crate) use delete::delete;
pub(crate) use list::list;
pub(crate) use overlap::refuse_overlap;
pub(crate) use show::show;
pub(crate) use update::update;

use latchkey_domain::PlanId;
use latchkey_store::PlanRecord;

use crate::{AdminState, problem::Problem};

/// A plan, as it is now.
///
/// # Errors
/// [`Problem::UnknownPlan`].
pub(crate) async fn find(state: &AdminState, id: &PlanId) -> Result<PlanRecord, Problem> {
    state.store.plan(id).await?.ok_or(Problem::UnknownPlan)
}
