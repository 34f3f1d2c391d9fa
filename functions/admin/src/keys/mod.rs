//! API keys.

mod create;
mod delete;
mod fields;
mod filters;
mod found;
mod list;
mod move_to_plan;
mod native;
mod rotate;
mod show;
mod unused;
mod update;
mod view;
mod walk;

pub(crate) use create::{CreateKey, create, refuse_overlap};
pub(crate) use delete::delete;
pub(crate) use fields::MAX_ROUTES;
pub(crate) use list::list;
pub(crate) use move_to_plan::move_to_plan;
pub(crate) use rotate::{MAX_GRACE_SECONDS, rotate};
pub(crate) use show::show;
pub(crate) use update::update;
pub(crate) use view::KeyView;

use http::StatusCode;
use latchkey_domain::{KeyId, Plan, PlanId};
use latchkey_store::{KeyRecord, KeySnapshot, Native};

use self::view::Use;
use crate::{AdminState, answer::Answer, etag::Revision, problem::Problem};

/// Plans that a key may be on: what is read and written with it stays bounded.
pub(crate) const MAX_PLANS: usize = 10;

/// A key, as it is now.
///
/// # Errors
/// [`Problem::UnknownKey`].
pub(crate) async fn find(state: &AdminState, id: KeyId) -> Result<KeyRecord, Problem> {
    state.store.key(id).await?.ok_or(Problem::UnknownKey)
}

/// A key with its meters, as it is now.
///
/// # Errors
/// [`Problem::UnknownKey`].
pub(crate) async fn find_whole(state: &AdminState, id: KeyId) -> Result<KeySnapshot, Problem> {
    state
        .store
        .key_snapshot(id)
        .await?
        .ok_or(Problem::UnknownKey)
}

/// A key as it is answered, with its tag.
fn answer(
    status: StatusCode,
    snapshot: &KeySnapshot,
    native: Option<&Native>,
    known: Use,
) -> Result<Answer, Problem> {
    let view = KeyView::whole(snapshot, native, known);
    let tag = Revision::of_key(&snapshot.record.key).tag(&view);
    Ok(Answer::json(status, &view)?.tagged(&tag))
}

/// The plans that a key is on, in the order of their ids; a plan that has just been deleted is
/// left out.
///
/// # Errors
/// The store's.
pub(crate) async fn plans_of(state: &AdminState, key: &KeyRecord) -> Result<Vec<Plan>, Problem> {
    let ids: Vec<PlanId> = key.plan_ids.iter().cloned().collect();
    let found = state.store.plans_by_id(&ids).await?;
    let mut plans: Vec<Plan> = found.into_iter().map(|record| record.plan).collect();
    plans.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(plans)
}
