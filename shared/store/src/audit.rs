//! Audit records: written in the transaction of the change that they tell of.
//!
//! A record is found by its time, in the partition of its month; by its principal; and by
//! what it is of. There the records of a key are those of the key itself and of each of its
//! attachments, what was granted to it included. Those of a plan are of the plan itself and,
//! where customers share its allowance, of what was granted to them.

mod list;
mod place;
mod record;
mod subject;
mod told;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use self::{subject::Subject, told::told};
use crate::{
    Change, Record, Store, StoreError,
    item::{Draft, Item, number, text},
    schema::{LIST, OWNER, sortable},
};

pub use self::record::{AuditFilter, AuditRecord};

impl Store {
    /// Writes the audit record of a change that touches no item: one that was made at API
    /// Gateway. `after` says what is so from then on: texts, numbers and flags.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record(
        &self,
        action: &'static str,
        entity: &str,
        after: &[(&str, Value)],
        change: &Change,
    ) -> Result<(), StoreError> {
        let told = |(name, value): &(&str, Value)| ((*name).to_owned(), attribute(value));
        let after: Item = after.iter().map(told).collect();
        let entry = Entry {
            action,
            entity: entity.to_owned(),
            before: None,
            after: Some(&after),
        };
        self.put_record(&entry, change).await
    }

    /// Writes an audit record that goes with no other item.
    pub(crate) async fn put_record(
        &self,
        entry: &Entry<'_>,
        change: &Change,
    ) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(entry.item(change)));
        let sent = put.send().await;
        sent.map(drop)
            .map_err(|error| StoreError::from_sdk("PutItem", &error))
    }
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Number(given) => number(given),
        Value::Bool(given) => AttributeValue::Bool(*given),
        Value::String(given) => text(given),
        other => text(other.to_string()),
    }
}

/// One change of one entity.
pub(crate) struct Entry<'a> {
    pub(crate) action: &'static str,
    pub(crate) entity: String,
    pub(crate) before: Option<&'a Item>,
    pub(crate) after: Option<&'a Item>,
}

impl Entry<'_> {
    /// The item that tells of it.
    pub(crate) fn item(&self, change: &Change) -> Item {
        let moment = sortable(change.at, &change.id);
        Draft::new(&Record::Audit(change.at, &change.id))
            .set("action", text(self.action))
            .set("entity", text(&self.entity))
            .set("principal", text(&change.principal))
            .set_some("sourceIp", change.source_ip.as_ref().map(text))
            .set("at", text(change.at.to_string()))
            .set_some("before", self.before.map(told))
            .set_some("after", self.after.map(told))
            .set(LIST.partition, text(Subject::of(&self.entity).partition()))
            .set(LIST.sort, text(&moment))
            .set(
                OWNER.partition,
                text(subject::principal_partition(&change.principal)),
            )
            .set(OWNER.sort, text(moment))
            .done()
    }
}
