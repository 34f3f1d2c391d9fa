//! Use of plans that API Gateway counts: what it tells by GetUsage, in the shape of our own,
//! and what is granted by UpdateUsage. It comes late, by minutes at times.

use std::collections::BTreeMap;

use latchkey_domain::{KeyId, Plan, PlanId};
use latchkey_gateway::{GatewayError, NativeKeyId, NativePlanId};
use latchkey_store::{Change, Cursor, NativeObject};
use tokio::task::JoinSet;

use super::{
    days::{Days, date_of},
    view::DayView,
};
use crate::{AdminState, faults::Fault, paging::Paging, problem::Problem};

/// What a page of a plan's keys has used, and where the next one begins.
pub(super) type Page = (BTreeMap<String, Vec<DayView>>, Option<String>);

/// Reads of one table at a time.
const AT_A_TIME: usize = 16;

/// The use of all keys of a plan, in API Gateway's pages. Keys that it has on the plan and
/// Latchkey does not are left out.
///
/// # Errors
/// [`Problem::Invalid`] for a cursor of another list; API Gateway's and the store's.
pub(super) async fn by_plan(
    state: &AdminState,
    plan: &Plan,
    days: Days,
    paging: &Paging,
) -> Result<Page, Problem> {
    let position = match paging.cursor.as_ref().map(Cursor::position) {
        None => None,
        Some(Some(position)) => Some(position),
        Some(None) => {
            let detail = latchkey_store::BadCursor.to_string();
            return Err(Problem::fault(Fault::parameter("cursor", detail)));
        }
    };
    let Some(native) = native_plan(state, &plan.id).await? else {
        return Ok(Page::default());
    };
    let (first, last) = (date_of(days.first), date_of(days.last));
    let gateway = state.api_gateway()?.gateway();
    let usage = gateway
        .usage(
            &native,
            None,
            first,
            last,
            position,
            days.names(paging.limit),
        )
        .await?;
    let ids: Vec<NativeKeyId> = usage.values.keys().cloned().collect();
    let ours = keys_of(state, &ids).await?;
    let values = usage.values.iter().filter_map(|(native, values)| {
        let key = ours.get(native.as_str())?;
        Some((key.to_string(), views(plan, values)))
    });
    let cursor = usage
        .position
        .map(|position| Cursor::at_position(&position).encode());
    Ok((values.collect(), cursor))
}

/// The use of one key on a plan: none where API Gateway has one of them not yet.
///
/// # Errors
/// API Gateway's and the store's.
pub(super) async fn of_key(
    state: &AdminState,
    plan: &Plan,
    key: KeyId,
    days: Days,
) -> Result<Vec<DayView>, Problem> {
    let ids = native_plan(state, &plan.id)
        .await?
        .zip(native_key(state, key).await?);
    let Some((native_plan, native_key)) = ids else {
        return Ok(unused(plan, days));
    };
    let (first, last) = (date_of(days.first), date_of(days.last));
    let gateway = state.api_gateway()?.gateway();
    let usage = gateway
        .usage(&native_plan, Some(&native_key), first, last, None, 1)
        .await?;
    let unused = || unused(plan, days);
    let values = usage.values.get(&native_key);
    Ok(values.map_or_else(unused, |values| views(plan, values)))
}

/// Days of a key that API Gateway does not name: it was not used.
fn unused(plan: &Plan, days: Days) -> Vec<DayView> {
    let left = plan.quota.map(|quota| quota.limit());
    (days.first..=days.last).map(|_| (0, left)).collect()
}

/// Sets what is left of the quota for the rest of its period.
///
/// # Errors
/// [`Problem::ApiGatewayFailed`] where API Gateway has plan or key not yet; its own and the
/// store's.
pub(super) async fn grant(
    state: &AdminState,
    plan: &Plan,
    key: KeyId,
    remaining: u64,
    change: &Change,
) -> Result<(), Problem> {
    let ids = native_plan(state, &plan.id)
        .await?
        .zip(native_key(state, key).await?);
    let Some((native_plan, native_key)) = ids else {
        const NOT_YET: &str = "it has the key not on its plan yet, see the attachment's apiGateway";
        return Err(Problem::ApiGatewayFailed(NOT_YET.to_owned()));
    };
    let gateway = state.api_gateway()?.gateway();
    let granted = gateway.grant(&native_plan, &native_key, remaining).await;
    granted.map_err(|error| match error {
        // Both are known here: it was taken off by hand, or is not there yet.
        GatewayError::NotFound { .. } => Problem::ApiGatewayFailed(error.to_string()),
        error => error.into(),
    })?;
    let entity = format!("{key}:{}", plan.id);
    let after = [("remaining", remaining.into())];
    state
        .store
        .record("usage.grant", &entity, &after, change)
        .await?;
    Ok(())
}

fn views(plan: &Plan, values: &[(u64, u64)]) -> Vec<DayView> {
    let view = |(used, remaining): &(u64, u64)| {
        let used = i64::try_from(*used).unwrap_or(i64::MAX);
        (used, plan.quota.map(|_| *remaining))
    };
    values.iter().map(view).collect()
}

async fn native_plan(state: &AdminState, id: &PlanId) -> Result<Option<NativePlanId>, Problem> {
    native_id(state, NativeObject::Plan(id.clone())).await
}

async fn native_key(state: &AdminState, id: KeyId) -> Result<Option<NativeKeyId>, Problem> {
    native_id(state, NativeObject::Key(id)).await
}

async fn native_id<T: std::str::FromStr>(
    state: &AdminState,
    object: NativeObject,
) -> Result<Option<T>, Problem> {
    let native = state.store.native(&object).await?;
    let id = native.and_then(|native| native.native_id);
    Ok(id.and_then(|id| id.parse().ok()))
}

/// Which keys of ours have these ids there.
async fn keys_of(
    state: &AdminState,
    ids: &[NativeKeyId],
) -> Result<BTreeMap<String, KeyId>, Problem> {
    let mut keys = BTreeMap::new();
    for some in ids.chunks(AT_A_TIME) {
        let mut reads = JoinSet::new();
        for id in some {
            let (store, id) = (state.store.clone(), id.to_string());
            reads.spawn(async move { (store.key_of_native(&id).await, id) });
        }
        while let Some(read) = reads.join_next().await {
            let (found, id) = read.map_err(|error| {
                tracing::error!(%error, "a native key was not looked up to the end");
                Problem::Internal
            })?;
            keys.extend(found?.map(|key| (id, key)));
        }
    }
    Ok(keys)
}
