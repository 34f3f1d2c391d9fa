//! Which key is on which plan.

use jiff::Timestamp;
use latchkey_domain::{
    Enforcement, Key, KeyId, NativeKeyValue, Plan, PlanId, Scope, StageSelector, TwinValue,
    meter::Owner,
};

use crate::{
    Change, Corrupt, Cursor, KeyRecord, Lost, NativeObject, Page, Record, Store, StoreError,
    Wanted,
    audit::Entry,
    item::{Draft, Fields, Item, key_of, text},
    key, meter, native,
    page::Listing,
    plan::{self, NewKeys},
    plan_customer,
    schema::{LIST, sortable},
    transaction::Transaction,
};

/// A key on a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The key.
    pub key_id: KeyId,
    /// The plan.
    pub plan_id: PlanId,
    /// Since when.
    pub created: Timestamp,
}

/// Why a key was not attached, or not detached.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Key or plan are no longer as they were read.
    #[error("the key or the plan has just changed")]
    Changed,
    /// It could not be carried out.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Lost> for AttachError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Condition(_) => Self::Changed,
            Lost::Store(error) => Self::Store(error),
        }
    }
}

impl Store {
    /// Puts a key on a plan, if both are still as they were read. What it had used on this
    /// plan before stands as it was. On a plan that API Gateway counts, a key without a twin
    /// there gets one of the value `twin`.
    ///
    /// # Errors
    /// [`AttachError`].
    pub async fn attach(
        &self,
        record: &KeyRecord,
        plan: &Plan,
        twin: &TwinValue,
        change: &Change,
    ) -> Result<Attachment, AttachError> {
        let key = &record.key;
        let transaction = key::change_plans(self.transaction(), record, ("ADD", &plan.id), change);
        let transaction = self
            .want_twin(transaction, key, (plan, twin), change)
            .await?;
        let on_plan = OnPlan::Wanted;
        self.attached(
            "attachment.create",
            transaction,
            key,
            (plan, on_plan),
            change,
        )
        .await
    }

    /// Adds to a transaction that a key which goes onto `plan` has a twin at API Gateway, where
    /// it needs one and has none.
    async fn want_twin<'a>(
        &self,
        transaction: Transaction<'a>,
        key: &Key,
        (plan, twin): (&Plan, &TwinValue),
        change: &Change,
    ) -> Result<Transaction<'a>, StoreError> {
        if plan.enforcement == Enforcement::DynamoDb || key.native_value == NativeKeyValue::Header {
            return Ok(transaction);
        }
        let known = self.native(&NativeObject::Key(key.id)).await?;
        let has_one = known.is_some_and(|native| native.wanted == Wanted::Present);
        Ok(match has_one {
            true => transaction,
            false => native::want_key(transaction, key.id, Some(twin), change),
        })
    }

    pub(crate) async fn attached(
        &self,
        action: &'static str,
        transaction: Transaction<'_>,
        key: &Key,
        (plan, on_plan): (&Plan, OnPlan),
        change: &Change,
    ) -> Result<Attachment, AttachError> {
        let item = to_item(key, plan, change);
        let entry = entry(action, key, &plan.id, None, Some(&item));
        attach_items(transaction, key, (plan, on_plan), change)
            .audit(change, &entry)
            .run()
            .await?;
        Ok(Attachment {
            key_id: key.id,
            plan_id: plan.id.clone(),
            created: change.at,
        })
    }

    /// Takes a key off a plan, if the key is still as it was read, and has the authorizer's
    /// results of the stages `flush` forgotten.
    ///
    /// # Errors
    /// [`AttachError`].
    pub async fn detach(
        &self,
        record: &KeyRecord,
        plan: &Plan,
        flush: &[StageSelector],
        change: &Change,
    ) -> Result<(), AttachError> {
        let attachment = Record::Attachment(record.key.id, &plan.id);
        let item = self.read_item(&attachment).await?;
        let item = item.ok_or(AttachError::Changed)?;
        let entry = entry(
            "attachment.delete",
            &record.key,
            &plan.id,
            Some(&item),
            None,
        );
        let transaction =
            key::change_plans(self.transaction(), record, ("DELETE", &plan.id), change);
        let transaction = detach_items(transaction, &record.key, plan, change);
        off_native_plan(transaction, &record.key, plan, change)
            .flush(record.key.id, flush, change)
            .audit(change, &entry)
            .run()
            .await?;
        Ok(())
    }

    /// Moves a key from one plan to another in one transaction, if all three are still as they
    /// were read: what it is on at any instant is one of both. The rest is as with
    /// [`Store::attach`] and [`Store::detach`]. Returns the key as it is then.
    ///
    /// # Errors
    /// [`AttachError`].
    pub async fn move_key(
        &self,
        record: &KeyRecord,
        (from, to): (&Plan, &Plan),
        twin: &TwinValue,
        flush: &[StageSelector],
        change: &Change,
    ) -> Result<KeyRecord, AttachError> {
        let key = &record.key;
        let after = record.moved(&from.id, &to.id, change.at);
        let (old, new) = (key::to_item(record), key::to_item(&after));
        let entry = Entry {
            action: "key.move",
            entity: key.id.to_string(),
            before: Some(&old),
            after: Some(&new),
        };
        let transaction = key::set_plans(self.transaction(), record, &after.plan_ids, change);
        let transaction = detach_items(transaction, key, from, change);
        let transaction = off_native_plan(transaction, key, from, change);
        let transaction = self.want_twin(transaction, key, (to, twin), change).await?;
        attach_items(transaction, key, (to, OnPlan::Wanted), change)
            .flush(key.id, flush, change)
            .audit(change, &entry)
            .run()
            .await?;
        Ok(after)
    }

    /// An attachment of a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn attachment(
        &self,
        key: KeyId,
        plan: &PlanId,
    ) -> Result<Option<Attachment>, StoreError> {
        let item = self.read_item(&Record::Attachment(key, plan)).await?;
        Ok(item.as_ref().map(from_item).transpose()?)
    }

    /// The keys of a plan in the order of their creation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn attachments(
        &self,
        plan: &PlanId,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Attachment>, StoreError> {
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

/// What API Gateway has of a key on a plan that it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnPlan {
    /// Nothing yet.
    Wanted,
    /// It has it already.
    Known,
}

/// Conditions that [`attach_items`] adds.
const ATTACH_ITEMS: usize = 3;

/// To which plan, by its place, the item `at` of some [`attach_items`] belongs: only the
/// first three of a plan have conditions that may fail.
pub(crate) fn plan_of_item(plans: &[&Plan], at: usize) -> Option<usize> {
    let mut first = 0;
    for (place, plan) in plans.iter().enumerate() {
        first += ATTACH_ITEMS
            + usize::from(plan.scope == Scope::Customer)
            + usize::from(plan.enforcement == Enforcement::ApiGateway);
        if at < first {
            return Some(place);
        }
    }
    None
}

/// The attachment, the plan's count, the meter, whose it is where that is a customer and, where
/// API Gateway counts, what is wanted there.
pub(crate) fn attach_items<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    (plan, on_plan): (&Plan, OnPlan),
    change: &Change,
) -> Transaction<'a> {
    let owner = Owner::of(key, plan).unwrap_or(Owner::Key(key.id));
    let transaction = transaction.put_new(to_item(key, plan, change));
    let transaction = plan::count_attached(transaction, &NewKeys::one(key, plan));
    let transaction = open_meter(transaction, &owner, plan, change);
    on_native_plan(transaction, key, (plan, on_plan), change)
}

/// The owner's meter on a plan and, where that is a customer, whose it is.
pub(crate) fn open_meter<'a>(
    transaction: Transaction<'a>,
    owner: &Owner,
    plan: &Plan,
    change: &Change,
) -> Transaction<'a> {
    let transaction = meter::open(transaction, owner, plan, change);
    match owner {
        Owner::Key(_) => transaction,
        Owner::Customer(customer) => plan_customer::note(transaction, customer, plan, change),
    }
}

/// The attachment and, where API Gateway counts, what is wanted there: what several keys that
/// are attached together have each for itself.
pub(crate) fn put<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    plan: &Plan,
    change: &Change,
) -> Transaction<'a> {
    let transaction = transaction.put_new(to_item(key, plan, change));
    on_native_plan(transaction, key, (plan, OnPlan::Wanted), change)
}

fn on_native_plan<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    (plan, on_plan): (&Plan, OnPlan),
    change: &Change,
) -> Transaction<'a> {
    if plan.enforcement == Enforcement::DynamoDb {
        return transaction;
    }
    let object = NativeObject::PlanKey(key.id, plan.id.clone());
    match on_plan {
        OnPlan::Wanted => native::want(transaction, &object, Wanted::Present, change),
        OnPlan::Known => native::known(transaction, &object, None, change.at),
    }
}

/// What is wanted at API Gateway of a key that goes off a plan and stays.
fn off_native_plan<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    plan: &Plan,
    change: &Change,
) -> Transaction<'a> {
    if plan.enforcement == Enforcement::DynamoDb {
        return transaction;
    }
    let object = NativeObject::PlanKey(key.id, plan.id.clone());
    native::want(transaction, &object, Wanted::Absent, change)
}

/// The attachment, the plan's count and, where it is the key's own, the meter.
pub(crate) fn detach_items<'a>(
    transaction: Transaction<'a>,
    key: &Key,
    plan: &Plan,
    change: &Change,
) -> Transaction<'a> {
    let item = key_of(&Record::Attachment(key.id, &plan.id));
    let transaction = transaction.delete(|delete| {
        delete
            .set_key(Some(item))
            .condition_expression("attribute_exists(pk)")
    });
    let transaction = plan::count_detached(transaction, key, &plan.id);
    match Owner::of(key, plan) {
        Some(owner @ Owner::Key(_)) => meter::end(transaction, &owner, &plan.id, change),
        _ => transaction,
    }
}

fn entry<'a>(
    action: &'static str,
    key: &Key,
    plan: &PlanId,
    before: Option<&'a Item>,
    after: Option<&'a Item>,
) -> Entry<'a> {
    Entry {
        action,
        entity: format!("{}:{plan}", key.id),
        before,
        after,
    }
}

pub(crate) fn list_partition(plan: &PlanId) -> String {
    format!("PLAN#{plan}")
}

fn to_item(key: &Key, plan: &Plan, change: &Change) -> Item {
    Draft::new(&Record::Attachment(key.id, &plan.id))
        .set("keyId", text(key.id.to_string()))
        .set("planId", text(plan.id.as_str()))
        .set("createdDate", text(change.at.to_string()))
        .set(LIST.partition, text(list_partition(&plan.id)))
        // Where the key stays however often it comes and goes, so that a list has it once.
        .set(LIST.sort, text(sortable(key.created, key.id.as_bare())))
        .done()
}

pub(crate) fn from_item(item: &Item) -> Result<Attachment, Corrupt> {
    let fields = Fields::of("attachment", item)?;
    Ok(Attachment {
        key_id: fields.parsed("keyId")?,
        plan_id: fields.parsed("planId")?,
        created: fields.instant("createdDate")?,
    })
}
