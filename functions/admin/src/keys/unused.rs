//! `?unusedSince`: keys that were not charged on a day or later, by the days in their meters;
//! those of plans that they are no longer on count too.
//!
//! A key is left out while it is on a plan where its use may be hidden. On a plan whose meter
//! belongs to the customer nobody knows which of its keys was used, so the key is left out when
//! the customer was charged. On a plan that API Gateway counts the days stand there and not
//! here. What a key used on such a plan before it left it is not known: it may be named though
//! it was used there.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use latchkey_domain::{
    Day, KeyId, PlanId,
    meter::{Meter, Owner},
};
use latchkey_store::{Cursor, KeyRecord, KeySnapshot, NativeObject, StoreError, Wanted};

use super::found::Found;
use crate::AdminState;

/// Keys that are read at the same time.
const AT_A_TIME: usize = 16;

/// Of `keys` those that were not charged on `day` or later, each as it is now.
///
/// # Errors
/// The store's.
pub(super) async fn since(
    state: &AdminState,
    keys: Vec<(KeyRecord, Cursor)>,
    day: Day,
) -> Result<Vec<Found>, StoreError> {
    let reads = keys.into_iter().map(|(record, cursor)| {
        let store = state.store.clone();
        async move { Ok::<_, StoreError>((store.key_snapshot(record.key.id).await?, cursor)) }
    });
    let read: Vec<(Option<KeySnapshot>, Cursor)> = stream::iter(reads)
        .buffered(AT_A_TIME)
        .try_collect()
        .await?;
    let own = read
        .into_iter()
        .filter_map(|(snapshot, cursor)| Some((snapshot?, cursor)))
        .filter(|(snapshot, _)| last_day(snapshot.meters.values()).is_none_or(|last| last < day));
    let own: Vec<(KeySnapshot, Cursor)> = own.collect();
    let elsewhere = counted_elsewhere(state, own.iter().map(|(key, _)| &key.record)).await?;
    let customers = customers_meters(state, own.iter().map(|(key, _)| key)).await?;
    let unused = |snapshot: &KeySnapshot| {
        let theirs = shared(snapshot).filter_map(|meter| customers.get(&meter));
        !elsewhere.contains(&snapshot.record.key.id)
            && last_day(theirs).is_none_or(|last| last < day)
    };
    Ok(own
        .into_iter()
        .filter(|(snapshot, _)| unused(snapshot))
        .map(|(snapshot, cursor)| Found {
            last_used: Some(last_day(snapshot.meters.values())),
            record: snapshot.record,
            cursor,
        })
        .collect())
}

/// The last day on which one of these meters was charged.
fn last_day<'a>(meters: impl Iterator<Item = &'a Meter>) -> Option<Day> {
    meters
        .filter_map(|meter| meter.days.keys().next_back())
        .max()
        .copied()
}

/// The meters that a key may share with its customer's other keys.
fn shared(snapshot: &KeySnapshot) -> impl Iterator<Item = (Owner, PlanId)> {
    let record = &snapshot.record;
    let customer = record.key.customer_id.iter();
    customer.flat_map(move |customer| {
        let meter = |plan: &PlanId| (Owner::Customer(customer.clone()), plan.clone());
        record.plan_ids.iter().map(meter)
    })
}

/// Keys of these that are on a plan which API Gateway counts.
async fn counted_elsewhere<'a>(
    state: &AdminState,
    keys: impl Iterator<Item = &'a KeyRecord>,
) -> Result<HashSet<KeyId>, StoreError> {
    let on_plans = keys.flat_map(|record| {
        let on_plan = |plan: &PlanId| NativeObject::PlanKey(record.key.id, plan.clone());
        record.plan_ids.iter().map(on_plan)
    });
    let on_plans: Vec<NativeObject> = on_plans.collect();
    let natives = state.store.natives(&on_plans).await?;
    let wanted = natives
        .iter()
        .filter(|native| native.wanted == Wanted::Present);
    Ok(wanted
        .filter_map(|native| match native.object {
            NativeObject::PlanKey(key, _) => Some(key),
            _ => None,
        })
        .collect())
}

/// The meters that these keys share with others.
async fn customers_meters<'a>(
    state: &AdminState,
    keys: impl Iterator<Item = &'a KeySnapshot>,
) -> Result<HashMap<(Owner, PlanId), Meter>, StoreError> {
    let wanted: HashSet<(Owner, PlanId)> = keys.flat_map(shared).collect();
    let wanted: Vec<(Owner, PlanId)> = wanted.into_iter().collect();
    state.store.meters_of(&wanted).await
}
