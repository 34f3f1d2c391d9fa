//! Parts of transactions that say what is wanted at API Gateway.

use aws_sdk_dynamodb::types::{AttributeValue, builders::UpdateBuilder};
use jiff::Timestamp;
use latchkey_domain::{KeyId, StageSelector, TwinValue};

use super::{
    CLAIM, NativeObject, NativeState, Wanted,
    item::{self, ATTEMPTS, DUE, REASON, REVISION, STAGES, STATE, TWIN, WANTED},
};
use crate::{
    Change, Lost, Store, StoreError,
    item::{FORMAT, key_of, number, text},
    transaction::Transaction,
};

/// Adds to a transaction that an object is wanted, or no longer. Whoever does it has
/// [`CLAIM`] for the first attempt.
pub(crate) fn want<'a>(
    transaction: Transaction<'a>,
    object: &NativeObject,
    wanted: Wanted,
    change: &Change,
) -> Transaction<'a> {
    transaction.update(|update| wanting(update, object, wanted, change, &[]))
}

/// The same of a key's twin, and its value where it is an internal one. A value that was
/// there before stays: API Gateway may know it.
pub(crate) fn want_key<'a>(
    transaction: Transaction<'a>,
    key: KeyId,
    twin: Option<&TwinValue>,
    change: &Change,
) -> Transaction<'a> {
    let object = NativeObject::Key(key);
    let twin = twin.map(|twin| (TWIN, "if_not_exists(#twin, :twin)", text(twin.expose())));
    transaction.update(|update| match twin {
        Some(twin) => wanting(update, &object, Wanted::Present, change, &[twin]),
        None => {
            let update = wanting(update, &object, Wanted::Present, change, &[]);
            // A key of this value was there before, with an internal twin.
            let expression = update.get_update_expression().clone().unwrap_or_default();
            update
                .update_expression(format!("{expression}, #twin"))
                .expression_attribute_names("#twin", TWIN)
        }
    })
}

impl Transaction<'_> {
    /// Adds that the authorizer's results of these stages are to go.
    pub(crate) fn flush(self, key: KeyId, stages: &[StageSelector], change: &Change) -> Self {
        if stages.is_empty() {
            return self;
        }
        let object = NativeObject::Flush(key);
        self.update(|update| {
            let update = wanting(update, &object, Wanted::Absent, change, &[]);
            let expression = update.get_update_expression().clone().unwrap_or_default();
            // Those of a change before may still be due.
            update
                .update_expression(format!("{expression} ADD #stages :stages"))
                .expression_attribute_names("#stages", STAGES)
                .expression_attribute_values(":stages", item::stages(stages))
        })
    }
}

impl Store {
    /// Has the authorizer's results of these stages forgotten, by themselves.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn flush(
        &self,
        key: KeyId,
        stages: &[StageSelector],
        change: &Change,
    ) -> Result<(), StoreError> {
        if stages.is_empty() {
            return Ok(());
        }
        match self.transaction().flush(key, stages, change).run().await {
            Ok(()) => Ok(()),
            Err(Lost::Store(error)) => Err(error),
            // It has no condition.
            Err(lost @ Lost::Condition(_)) => {
                Err(StoreError::unavailable("TransactWriteItems", &lost))
            }
        }
    }
}

/// Adds to a transaction that an object is there already and in step.
pub(crate) fn known<'a>(
    transaction: Transaction<'a>,
    object: &NativeObject,
    native_id: Option<&str>,
    at: Timestamp,
) -> Transaction<'a> {
    transaction.put_new(item::in_sync(object, native_id, at))
}

/// Adds to a transaction that nothing is known of an object: it goes with another one.
pub(crate) fn forget<'a>(transaction: Transaction<'a>, object: &NativeObject) -> Transaction<'a> {
    let key = key_of(&item::record(object));
    transaction.delete(|delete| delete.set_key(Some(key)))
}

/// `more`: attributes beside, each with how it is set; `:name` stands for its value.
fn wanting(
    update: UpdateBuilder,
    object: &NativeObject,
    wanted: Wanted,
    change: &Change,
    more: &[(&'static str, &str, AttributeValue)],
) -> UpdateBuilder {
    let due = change.at.checked_add(CLAIM).unwrap_or(change.at);
    let mut set = vec![format!(
        "#{REVISION} = if_not_exists(#{REVISION}, :zero) + :one"
    )];
    let mut update = update
        .set_key(Some(key_of(&item::record(object))))
        .expression_attribute_names(format!("#{REVISION}"), REVISION)
        .expression_attribute_names("#reason", REASON)
        .expression_attribute_values(":zero", number(0))
        .expression_attribute_values(":one", number(1));
    let attributes = [
        (FORMAT, number(1)),
        (WANTED, text(item::word(wanted))),
        (STATE, text(NativeState::Pending.as_str())),
        (ATTEMPTS, number(0)),
        (DUE, text(due.to_string())),
    ];
    let attributes = attributes
        .into_iter()
        .chain(item::identity(object))
        .chain(item::pending(object, due));
    for (at, (name, value)) in attributes.enumerate() {
        set.push(format!("#n{at} = :n{at}"));
        update = update
            .expression_attribute_names(format!("#n{at}"), name)
            .expression_attribute_values(format!(":n{at}"), value);
    }
    for (name, how, value) in more {
        set.push(format!("#{name} = {how}"));
        update = update
            .expression_attribute_names(format!("#{name}"), *name)
            .expression_attribute_values(format!(":{name}"), value.clone());
    }
    update.update_expression(format!("SET {} REMOVE #reason", set.join(", ")))
}
