//! Usage plans.

mod item;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use latchkey_domain::{Enforcement, Key, NativeKeyValue, Plan, PlanId};

use self::item::{ATTACHED, DELETING, INTERNAL, KEYS, VERSION, from_item};
pub(crate) use self::item::{to_item, with_count};

use crate::{
    Change, Corrupt, Cursor, Lost, NativeObject, Page, Record, Store, StoreError, Wanted,
    audit::Entry,
    item::{Fields, key_of, number},
    native,
    page::Listing,
    schema::PLANS,
    transaction::{Transaction, assign},
};

/// A plan and the number of keys on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRecord {
    /// The plan.
    pub plan: Plan,
    /// Keys attached.
    pub keys: u64,
    /// Keys among them whose twin at API Gateway has an internal value: it must open nothing,
    /// so the plan's stages must be ones where it does not.
    pub internal: u64,
    /// Attachments that were ever made: the same number later means that no key came.
    pub attached: u64,
}

/// Why a plan was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeletePlanError {
    /// Keys are on it, or it was changed, after it was read.
    #[error("the plan has just changed")]
    Changed,
    /// It could not be carried out.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a plan.
    ///
    /// # Errors
    /// [`Lost`] where its id is taken.
    pub async fn create_plan(&self, plan: &Plan, change: &Change) -> Result<(), Lost> {
        let item = to_item(plan);
        let entry = Entry {
            action: "plan.create",
            entity: entity(&plan.id),
            before: None,
            after: Some(&item),
        };
        let transaction = self
            .transaction()
            .put_new(with_count(item.clone()))
            .audit(change, &entry);
        want_native(transaction, plan, Wanted::Present, change)
            .run()
            .await
    }

    /// A plan, as it is now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plan(&self, id: &PlanId) -> Result<Option<PlanRecord>, StoreError> {
        let item = self.read_item(&Record::Plan(id)).await?;
        Ok(item.as_ref().map(from_item).transpose()?)
    }

    /// Several plans, each named once, as they are now, in no order; those that are not there
    /// are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plans_by_id(&self, ids: &[PlanId]) -> Result<Vec<PlanRecord>, StoreError> {
        let keys = ids.iter().map(|id| key_of(&Record::Plan(id)));
        let items = self.read_items(keys).await?;
        Ok(items.iter().map(from_item).collect::<Result<_, _>>()?)
    }

    /// Plans in the order of their ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plans(
        &self,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<PlanRecord>, StoreError> {
        let listing = Listing {
            index: None,
            partition: PLANS,
            limit,
            cursor,
        };
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true);
        listing.run(query, from_item).await
    }

    /// Changes a plan to `after`, whose version is a later one, if it is still as `before`.
    /// Where the API stages that it covers, its scope or its enforcement change, no key may have come since:
    /// whoever changes them has looked at each key, or that there is none.
    ///
    /// # Errors
    /// [`Lost`] where it is not.
    pub async fn update_plan(
        &self,
        before: &PlanRecord,
        after: &Plan,
        change: &Change,
    ) -> Result<(), Lost> {
        let transaction = changed("plan.update", self.transaction(), (before, after), change);
        let transaction = match (before.plan.enforcement, after.enforcement) {
            (Enforcement::ApiGateway, Enforcement::DynamoDb) => {
                want_native(transaction, &before.plan, Wanted::Absent, change)
            }
            _ => want_native(transaction, after, Wanted::Present, change),
        };
        transaction.run().await
    }

    /// Deletes a plan that no key is on, if it is still as `plan`, and with it the record of
    /// its deletion where that is under way.
    ///
    /// # Errors
    /// [`DeletePlanError`].
    pub async fn delete_plan(&self, plan: &Plan, change: &Change) -> Result<(), DeletePlanError> {
        let old = to_item(plan);
        let entry = Entry {
            action: "plan.delete",
            entity: entity(&plan.id),
            before: Some(&old),
            after: None,
        };
        let transaction = self
            .transaction()
            .delete(|delete| {
                delete
                    .set_key(Some(key_of(&Record::Plan(&plan.id))))
                    .condition_expression("#version = :version AND #keys = :none")
                    .expression_attribute_names("#version", VERSION)
                    .expression_attribute_names("#keys", KEYS)
                    .expression_attribute_values(":version", number(plan.version))
                    .expression_attribute_values(":none", number(0))
            })
            .audit(change, &entry);
        let transaction = match plan.deleting {
            true => transaction
                .delete(|delete| delete.set_key(Some(key_of(&Record::Deletion(&plan.id))))),
            false => transaction,
        };
        let deleted = want_native(transaction, plan, Wanted::Absent, change)
            .run()
            .await;
        deleted.map_err(|lost| match lost {
            Lost::Condition(_) => DeletePlanError::Changed,
            Lost::Store(error) => error.into(),
        })
    }
}

/// The condition that a plan is as it was read, and not on its way out: nothing of such a plan
/// changes any more.
const UNCHANGED: &str = "#version = :version AND attribute_not_exists(#gone)";

/// Adds to a transaction that a plan is `after`, if it is still as `before`, and the audit
/// record of it.
pub(crate) fn changed<'a>(
    action: &'static str,
    transaction: Transaction<'a>,
    (before, after): (&PlanRecord, &Plan),
    change: &Change,
) -> Transaction<'a> {
    let (old, new) = (to_item(&before.plan), to_item(after));
    let entry = Entry {
        action,
        entity: entity(&before.plan.id),
        before: Some(&old),
        after: Some(&new),
    };
    let old_plan = &before.plan;
    let keys_matter = !old_plan.has_all_stages_of(after)
        || (old_plan.scope, old_plan.enforcement) != (after.scope, after.enforcement);
    let update = |update: UpdateBuilder| {
        let update = assign(update, &old, &new)
            .set_key(Some(key_of(&Record::Plan(&before.plan.id))))
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#gone", DELETING)
            .expression_attribute_values(":version", number(before.plan.version));
        if !keys_matter {
            return update.condition_expression(UNCHANGED);
        }
        update
            .condition_expression(format!("{UNCHANGED} AND {}", still(before.attached)))
            .expression_attribute_names("#attached", ATTACHED)
            .expression_attribute_values(":attached", number(before.attached))
    };
    transaction.update(update).audit(change, &entry)
}

/// The condition that no key has come. Plans of the first release are without the count, until
/// a key comes.
fn still(attached: u64) -> &'static str {
    match attached {
        0 => "(attribute_not_exists(#attached) OR #attached = :attached)",
        _ => "#attached = :attached",
    }
}

/// Adds to a transaction what is wanted at API Gateway of a plan that it counts.
fn want_native<'a>(
    transaction: Transaction<'a>,
    plan: &Plan,
    wanted: Wanted,
    change: &Change,
) -> Transaction<'a> {
    match plan.enforcement {
        Enforcement::DynamoDb => transaction,
        Enforcement::ApiGateway => native::want(
            transaction,
            &NativeObject::Plan(plan.id.clone()),
            wanted,
            change,
        ),
    }
}

/// Keys that come to a plan together.
#[derive(Debug)]
pub(crate) struct NewKeys<'a> {
    plan: &'a Plan,
    pub(crate) keys: u32,
    internal: u32,
}

impl<'a> NewKeys<'a> {
    /// None yet.
    pub(crate) fn on(plan: &'a Plan) -> Self {
        Self {
            plan,
            keys: 0,
            internal: 0,
        }
    }

    /// One.
    pub(crate) fn one(key: &Key, plan: &'a Plan) -> Self {
        let mut one = Self::on(plan);
        one.add(key);
        one
    }

    /// One more.
    pub(crate) fn add(&mut self, key: &Key) {
        self.keys += 1;
        self.internal += u32::from(is_internal(key));
    }
}

/// Adds to a transaction that a plan has these keys more, if it is still as it was read.
pub(crate) fn count_attached<'a>(
    transaction: Transaction<'a>,
    new: &NewKeys<'_>,
) -> Transaction<'a> {
    transaction.update(|update| {
        update
            .set_key(Some(key_of(&Record::Plan(&new.plan.id))))
            .condition_expression(UNCHANGED)
            .expression_attribute_names("#gone", DELETING)
            .update_expression(
                "SET #internal = if_not_exists(#internal, #keys) + :internal ADD #keys :more, #attached :more",
            )
            .expression_attribute_names("#attached", ATTACHED)
            .expression_attribute_names("#internal", INTERNAL)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_names("#keys", KEYS)
            .expression_attribute_values(":version", number(new.plan.version))
            .expression_attribute_values(":more", number(new.keys))
            .expression_attribute_values(":internal", number(new.internal))
    })
}

/// Adds to a transaction that a plan has one key less.
pub(crate) fn count_detached<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    plan: &PlanId,
) -> Transaction<'a> {
    transaction.update(|update| {
        update
            .set_key(Some(key_of(&Record::Plan(plan))))
            .condition_expression("#keys > :none")
            .update_expression(
                "SET #internal = if_not_exists(#internal, #keys) + :internal ADD #keys :less",
            )
            .expression_attribute_names("#internal", INTERNAL)
            .expression_attribute_names("#keys", KEYS)
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":less", number(-1))
            .expression_attribute_values(":internal", number(-i8::from(is_internal(key))))
    })
}

fn is_internal(key: &Key) -> bool {
    key.native_value == NativeKeyValue::Internal
}

/// Adds to a transaction that a plan is as it was read.
pub(crate) fn unchanged<'a>(transaction: Transaction<'a>, plan: &Plan) -> Transaction<'a> {
    transaction.check(|check| {
        check
            .set_key(Some(key_of(&Record::Plan(&plan.id))))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":version", number(plan.version))
    })
}

/// The set of plan ids in an attribute.
pub(crate) fn ids(fields: &Fields<'_>, name: &str) -> Result<BTreeSet<PlanId>, Corrupt> {
    let ids = fields.set(name)?.iter().map(|id| id.parse());
    ids.collect::<Result<_, _>>()
        .map_err(|error: latchkey_domain::Invalid| fields.corrupt(name, error))
}

pub(crate) fn entity(id: &PlanId) -> String {
    format!("plan:{id}")
}
