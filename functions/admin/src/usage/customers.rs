//! Use of a plan with scope `customer`: of all keys of a customer together, by customer. Which
//! key used how much of it nobody counts.

use latchkey_domain::{CustomerId, Plan, meter::Owner};
use latchkey_store::Told;

use super::{days::Days, meters};
use crate::{AdminState, paging::Paging, problem::Problem};

/// The meter of one customer, also of one whose keys have all been taken off the plan.
///
/// # Errors
/// [`Problem::CustomerNotAttached`] for one who never had a key on it.
pub(super) async fn one(
    state: &AdminState,
    plan: &Plan,
    customer: &CustomerId,
) -> Result<Vec<Told>, Problem> {
    let owner = Owner::Customer(customer.clone());
    let meter = state.store.meter(&owner, &plan.id).await?;
    let meter = meter.ok_or(Problem::CustomerNotAttached)?;
    Ok(vec![meters::on(plan, owner, meter)])
}

/// The meters of a page of the plan's customers, and where the next one begins. A customer
/// stays in the list when its last key is taken off: what it has used is still to be told.
pub(super) async fn page(
    state: &AdminState,
    plan: &Plan,
    days: Days,
    paging: &Paging,
) -> Result<(Vec<Told>, Option<String>), Problem> {
    let cursor = paging.cursor.as_ref();
    let page = state
        .store
        .plan_customers(plan, days.customers(paging.limit), cursor)
        .await?;
    let owners: Vec<Owner> = page.items.into_iter().map(Owner::Customer).collect();
    Ok((
        meters::of(state, plan, owners).await?,
        page.cursor.map(|cursor| cursor.encode()),
    ))
}
