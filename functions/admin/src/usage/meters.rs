//! Meters of a plan by whose they are, as usage names them.

use latchkey_domain::{
    Plan,
    meter::{Meter, Owner},
};

use crate::{AdminState, problem::Problem};

/// The keyId or customerId of an owner.
pub(super) fn name(owner: &Owner) -> String {
    match owner {
        Owner::Key(key) => key.to_string(),
        Owner::Customer(customer) => customer.as_str().to_owned(),
    }
}

/// The meters of these owners on a plan, by name; whoever has none has used nothing.
///
/// # Errors
/// The store's.
pub(super) async fn of(
    state: &AdminState,
    plan: &Plan,
    owners: &[Owner],
) -> Result<Vec<(String, Meter)>, Problem> {
    let meters = state.store.meters(owners, &plan.id).await?;
    let meters = meters.into_iter().map(Option::unwrap_or_default);
    Ok(owners.iter().map(name).zip(meters).collect())
}
