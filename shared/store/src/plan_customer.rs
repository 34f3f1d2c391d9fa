//! The customers of a plan whose allowance is the customer's: those with a key on it, now or
//! before. Their meters are in no index, so this is how all of them are found.

use latchkey_domain::{CustomerId, Plan};

use crate::{
    Change, Corrupt, Cursor, Page, Record, Store, StoreError,
    item::{FORMAT, Fields, Item, key_of, number, text},
    page::Listing,
    schema::{LIST, sortable},
    transaction::Transaction,
};

impl Store {
    /// The customers that have or had a key on a plan with scope `customer`, in the order in
    /// which the first of each came. One that has just come may be missing for a moment: the
    /// list comes from an index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plan_customers(
        &self,
        plan: &Plan,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<CustomerId>, StoreError> {
        let partition = list_partition(plan);
        let listing = Listing {
            index: Some(LIST),
            partition: &partition,
            limit,
            cursor,
        };
        listing
            .run(self.client.query().table_name(&self.table), from_item)
            .await
    }
}

/// Adds to a transaction that a customer has a key on a plan. Where it had one before, only the
/// list is another one: that of the plan as it was last made.
pub(crate) fn note<'a>(
    transaction: Transaction<'a>,
    customer: &CustomerId,
    plan: &Plan,
    change: &Change,
) -> Transaction<'a> {
    const SET: &str = "SET #v = :v, #customer = :customer, #plan = :plan, #list = :list, #place = if_not_exists(#place, :place), #created = if_not_exists(#created, :now)";
    transaction.update(|update| {
        update
            .set_key(Some(key_of(&Record::PlanCustomer(customer, &plan.id))))
            .update_expression(SET)
            .expression_attribute_names("#v", FORMAT)
            .expression_attribute_names("#customer", "customerId")
            .expression_attribute_names("#plan", "planId")
            .expression_attribute_names("#list", LIST.partition)
            .expression_attribute_names("#place", LIST.sort)
            .expression_attribute_names("#created", "createdDate")
            .expression_attribute_values(":v", number(1))
            .expression_attribute_values(":customer", text(customer.as_str()))
            .expression_attribute_values(":plan", text(plan.id.as_str()))
            .expression_attribute_values(":list", text(list_partition(plan)))
            .expression_attribute_values(":place", text(sortable(change.at, customer.as_str())))
            .expression_attribute_values(":now", text(change.at.to_string()))
    })
}

/// A plan that is made again under its id has a list of its own: who was on the one before is
/// none of its customers.
fn list_partition(plan: &Plan) -> String {
    format!(
        "PLAN-CUSTOMERS#{}#{}",
        plan.id,
        plan.created.as_millisecond()
    )
}

fn from_item(item: &Item) -> Result<CustomerId, Corrupt> {
    Fields::of("plan's customer", item)?.parsed("customerId")
}
