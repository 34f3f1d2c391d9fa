//! Meters as usage is told of them: by whose they are, with what has moved to their history.

use std::collections::BTreeMap;

use latchkey_domain::{
    Nanos, Plan,
    meter::{Meter, Owner},
};
use latchkey_store::Told;

use super::{days::Days, view::DayView};
use crate::{AdminState, problem::Problem};

/// The keyId or customerId of an owner.
pub(super) fn name(owner: &Owner) -> String {
    match owner {
        Owner::Key(key) => key.to_string(),
        Owner::Customer(customer) => customer.as_str().to_owned(),
    }
}

/// The meters of these owners on a plan; whoever has none has used nothing.
///
/// # Errors
/// The store's.
pub(super) async fn of(
    state: &AdminState,
    plan: &Plan,
    owners: Vec<Owner>,
) -> Result<Vec<Told>, Problem> {
    let meters = state.store.meters(&owners, &plan.id).await?;
    let meters = meters.into_iter().map(Option::unwrap_or_default);
    let told = owners.into_iter().zip(meters);
    Ok(told.map(|(owner, meter)| on(plan, owner, meter)).collect())
}

/// A meter of a plan.
pub(super) fn on(plan: &Plan, owner: Owner, meter: Meter) -> Told {
    Told {
        owner,
        plan: plan.id.clone(),
        quota: plan.quota,
        meter,
    }
}

/// What was used on these days, by a name for each meter. Days that a meter no longer has are
/// read from its history: a few items for each meter that is used much and is asked about days
/// long ago, and nothing for all others.
///
/// # Errors
/// The store's.
pub(super) async fn usage(
    state: &AdminState,
    mut told: Vec<Told>,
    days: Days,
    now: Nanos,
    name: impl Fn(&Told) -> String,
) -> Result<BTreeMap<String, Vec<DayView>>, Problem> {
    state.store.add_history(&mut told, days.first).await?;
    let usage = |told: &Told| {
        let Days { first, last } = days;
        told.meter.usage(told.quota.as_ref(), first, last, now)
    };
    Ok(told.iter().map(|told| (name(told), usage(told))).collect())
}
