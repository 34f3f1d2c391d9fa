//! What API Gateway has already and Latchkey takes over: usage plans, keys, keys on plans.
//!
//! Each is one transaction, which writes the record of Latchkey's own and, where API Gateway
//! goes on counting, that what is wanted there is there. Nothing is wanted that is not, so no
//! call of the control plane follows.

use std::collections::BTreeSet;

use latchkey_domain::{Enforcement, Key, KeyId, Plan};

use crate::{
    AttachError, Attachment, Change, CreateKeyError, KeyRecord, Lost, NativeObject, Store,
    StoreError,
    attachment::OnPlan,
    audit::Entry,
    item::text,
    key::{change_plans, to_item},
    meter, native, plan,
    schema::{PK, SK, key_partition},
};

impl Store {
    /// Makes a plan that API Gateway has already, under this id.
    ///
    /// # Errors
    /// [`Lost`] where its id is taken.
    pub async fn adopt_plan(
        &self,
        plan: &Plan,
        native_id: &str,
        change: &Change,
    ) -> Result<(), Lost> {
        let item = plan::to_item(plan);
        let entry = Entry {
            action: "plan.adopt",
            entity: plan::entity(&plan.id),
            before: None,
            after: Some(&item),
        };
        let transaction = self
            .transaction()
            .put_new(plan::with_count(item.clone()))
            .audit(change, &entry);
        let transaction = match plan.enforcement {
            Enforcement::DynamoDb => transaction,
            Enforcement::ApiGateway => {
                let object = NativeObject::Plan(plan.id.clone());
                native::known(transaction, &object, Some(native_id), change.at)
            }
        };
        transaction.run().await
    }

    /// Makes a key that API Gateway has already, with its value in the header. With a
    /// `native_id` API Gateway's key of this id follows it from then on.
    ///
    /// # Errors
    /// [`CreateKeyError`].
    pub async fn adopt_key(
        &self,
        key: &Key,
        native_id: Option<&str>,
        change: &Change,
    ) -> Result<(), CreateKeyError> {
        let item = to_item(&KeyRecord {
            key: key.clone(),
            plan_ids: BTreeSet::new(),
        });
        let entry = Entry {
            action: "key.adopt",
            entity: key.id.to_string(),
            before: None,
            after: Some(&item),
        };
        let mut transaction = self
            .transaction()
            .put_new(item.clone())
            .audit(change, &entry);
        if native_id.is_some() {
            let native = NativeObject::Key(key.id);
            transaction = native::known(transaction, &native, native_id, change.at);
        }
        transaction.run().await.map_err(|lost| match lost {
            Lost::Condition(_) => CreateKeyError::Taken(key.id),
            Lost::Store(error) => error.into(),
        })
    }

    /// Puts a key on a plan that it is on at API Gateway already, if both are still as they
    /// were read. `native_id` is that of API Gateway's key where it is to follow from then on
    /// and did not before.
    ///
    /// # Errors
    /// [`AttachError`].
    pub async fn adopt_attachment(
        &self,
        record: &KeyRecord,
        plan: &Plan,
        native_id: Option<&str>,
        change: &Change,
    ) -> Result<Attachment, AttachError> {
        let mut transaction = change_plans(self.transaction(), record, ("ADD", &plan.id), change);
        if native_id.is_some() {
            let native = NativeObject::Key(record.key.id);
            transaction = native::known(transaction, &native, native_id, change.at);
        }
        let on_plan = OnPlan::Known;
        self.attached(
            "attachment.adopt",
            transaction,
            &record.key,
            (plan, on_plan),
            change,
        )
        .await
    }

    /// Whether a key of this id, which is not there now, was on a plan before: it was deleted
    /// less than 400 days ago.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn left_meters(&self, id: KeyId) -> Result<bool, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :meter)")
            .filter_expression("attribute_exists(#off)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_names("#off", meter::OFF)
            .expression_attribute_values(":pk", text(key_partition(id)))
            .expression_attribute_values(":meter", text("METER#"));
        let answer = query.send().await;
        let answer = answer.map_err(|error| StoreError::from_sdk("Query", &error))?;
        Ok(!answer.items().is_empty())
    }
}
