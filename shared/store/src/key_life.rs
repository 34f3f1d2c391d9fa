//! A key's beginning, its sight from the authorizer, and its end: what concerns it together
//! with its attachments and meters.

use std::collections::BTreeMap;

use latchkey_domain::{
    Enforcement, Key, KeyId, NativeKeyValue, Plan, PlanId, StageSelector, TwinValue, meter::Meter,
};

use crate::{
    Change, KeyRecord, Lost, NativeObject, Record, Store, StoreError, Wanted,
    attachment::{self, OnPlan},
    audit::Entry,
    item::{key_of, number, text},
    key::{REVISION, from_item, to_item},
    meter, native,
    schema::{PK, SK, key_partition},
};

/// A key with all that a decision needs of its partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySnapshot {
    /// The key and its plans.
    pub record: KeyRecord,
    /// Its own meters, by plan. A customer's shared ones are not in it.
    pub meters: BTreeMap<PlanId, Meter>,
    /// The value of its twin at API Gateway, where that is an internal one.
    pub twin: Option<TwinValue>,
}

/// Why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// Another key has this value, or had it before a rotation.
    #[error("a key of this value exists: {0}")]
    Taken(KeyId),
    /// The plan was changed or deleted after it was read.
    #[error("plan {0} has just changed")]
    PlanChanged(PlanId),
    /// It could not be carried out.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a key on `plans`, which must be as they are now. All or nothing. Where API Gateway
    /// counts one of them, the key gets a twin there: of its own value, or of the value `twin`.
    ///
    /// # Errors
    /// [`CreateKeyError`].
    pub async fn create_key(
        &self,
        key: &Key,
        plans: &[&Plan],
        twin: &TwinValue,
        change: &Change,
    ) -> Result<(), CreateKeyError> {
        let plan_ids = plans.iter().map(|plan| plan.id.clone()).collect();
        let item = to_item(&KeyRecord {
            key: key.clone(),
            plan_ids,
        });
        let entry = Entry {
            action: "key.create",
            entity: key.id.to_string(),
            before: None,
            after: Some(&item),
        };
        let mut transaction = self
            .transaction()
            .put_new(item.clone())
            .audit(change, &entry);
        for plan in plans {
            let on_plan = (*plan, OnPlan::Wanted);
            transaction = attachment::attach_items(transaction, key, on_plan, change);
        }
        let counted = |plan: &&Plan| plan.enforcement == Enforcement::ApiGateway;
        transaction = match key.native_value {
            NativeKeyValue::Header => native::want_key(transaction, key.id, None, change),
            NativeKeyValue::Internal if plans.iter().any(counted) => {
                native::want_key(transaction, key.id, Some(twin), change)
            }
            NativeKeyValue::Internal => transaction,
        };
        transaction.run().await.map_err(|lost| match lost {
            Lost::Condition(0) => CreateKeyError::Taken(key.id),
            Lost::Condition(at) => {
                let plan = attachment::plan_of_item(plans, at.saturating_sub(2));
                match plan.and_then(|place| plans.get(place)) {
                    Some(plan) => CreateKeyError::PlanChanged(plan.id.clone()),
                    None => StoreError::unavailable("TransactWriteItems", &lost).into(),
                }
            }
            Lost::Store(error) => error.into(),
        })
    }

    /// A key with its meters in one read: what an authorizer needs at first sight.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn key_snapshot(&self, id: KeyId) -> Result<Option<KeySnapshot>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk >= :first")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(key_partition(id)))
            .expression_attribute_values(":first", text("KEY"));
        let answer = query
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Query", &error))?;
        let mut record = None;
        let mut meters = BTreeMap::new();
        let mut twin = None;
        for item in answer.items() {
            match item
                .get(SK)
                .and_then(|sk| sk.as_s().ok())
                .map(String::as_str)
            {
                Some("KEY") => record = Some(from_item(item)?),
                Some("NATIVE") => twin = native::twin(item)?,
                Some(sk) => {
                    if let Some(plan) = sk.strip_prefix("METER#").and_then(|id| id.parse().ok()) {
                        meters.insert(plan, meter::from_item(item)?);
                    }
                }
                None => {}
            }
        }
        Ok(record.map(|record| KeySnapshot {
            record,
            meters,
            twin,
        }))
    }

    /// Deletes a key, its attachments, and ends its meters, if it is still as `record`. Its
    /// twin at API Gateway is to go, and the authorizer's results of the stages `flush` too.
    ///
    /// # Errors
    /// [`Lost`] where it is not.
    pub async fn delete_key(
        &self,
        record: &KeyRecord,
        plans: &[&Plan],
        flush: &[StageSelector],
        change: &Change,
    ) -> Result<(), Lost> {
        // Whether it has a twin changes only with its revision.
        let twin = NativeObject::Key(record.key.id);
        let has_twin = self.native(&twin).await?.is_some();
        let old = to_item(record);
        let entry = Entry {
            action: "key.delete",
            entity: record.key.id.to_string(),
            before: Some(&old),
            after: None,
        };
        let mut transaction = self
            .transaction()
            .delete(|delete| {
                delete
                    .set_key(Some(key_of(&Record::Key(record.key.id))))
                    .condition_expression("#rev = :rev")
                    .expression_attribute_names("#rev", REVISION)
                    .expression_attribute_values(":rev", number(record.key.revision))
            })
            .audit(change, &entry);
        for plan in plans {
            transaction = attachment::detach_items(transaction, &record.key, plan, change);
            if plan.enforcement == Enforcement::ApiGateway {
                // It goes with the twin.
                let on_plan = NativeObject::PlanKey(record.key.id, plan.id.clone());
                transaction = native::forget(transaction, &on_plan);
            }
        }
        if has_twin {
            transaction = native::want(transaction, &twin, Wanted::Absent, change);
        }
        transaction.flush(record.key.id, flush, change).run().await
    }
}
