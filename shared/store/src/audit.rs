//! Audit records: written in the transaction of the change that they tell of.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::{
    Change, Record, Store, StoreError,
    item::{Draft, FORMAT, Item, text},
    schema::{HASH, LIST, OWNER, PK, SK, sortable},
};

/// What is told of an item: all but its keys and its secret's hash.
const HIDDEN: [&str; 8] = [
    PK,
    SK,
    FORMAT,
    LIST.partition,
    LIST.sort,
    OWNER.partition,
    OWNER.sort,
    HASH,
];

impl Store {
    /// Writes the audit record of a change that touches no item: one that was made at API
    /// Gateway. `after` says in words what is so from then on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record(
        &self,
        action: &'static str,
        entity: &str,
        after: &[(&str, String)],
        change: &Change,
    ) -> Result<(), StoreError> {
        let told = |(name, value): &(&str, String)| ((*name).to_owned(), text(value));
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

/// What is told of an item, at whatever depth.
fn told(item: &Item) -> AttributeValue {
    let fields = item
        .iter()
        .filter(|(name, _)| !HIDDEN.contains(&name.as_str()));
    AttributeValue::M(
        fields
            .map(|(name, value)| (name.clone(), told_value(value)))
            .collect(),
    )
}

fn told_value(value: &AttributeValue) -> AttributeValue {
    match value {
        AttributeValue::M(within) => told(within),
        AttributeValue::L(list) => AttributeValue::L(list.iter().map(told_value).collect()),
        other => other.clone(),
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
            .set(LIST.partition, text(format!("AUDIT#{}", self.entity)))
            .set(LIST.sort, text(&moment))
            .set(
                OWNER.partition,
                text(format!("PRINCIPAL#{}", change.principal)),
            )
            .set(OWNER.sort, text(moment))
            .done()
    }
}
