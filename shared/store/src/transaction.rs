//! Changes of several items at once.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
        builders::{ConditionCheckBuilder, DeleteBuilder, UpdateBuilder},
    },
};
use backon::{ExponentialBuilder, Retryable};

use crate::{
    Change, Receipt, Store, StoreError,
    audit::Entry,
    item::Item,
    schema::{PK, SK},
};

/// A change met another state than the one that it was made from.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The condition of this item, counted in the order of the transaction, did not hold.
    #[error("another change came first (item {0})")]
    Condition(usize),
    /// It could not be carried out.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Items to write together.
pub(crate) struct Transaction<'a> {
    store: &'a Store,
    items: Vec<Result<TransactWriteItem, BuildError>>,
    /// Written last, so that it moves no other item's place.
    receipt: Option<Receipt>,
}

impl Store {
    pub(crate) fn transaction(&self) -> Transaction<'_> {
        Transaction {
            store: self,
            items: Vec::new(),
            receipt: None,
        }
    }
}

impl Transaction<'_> {
    pub(crate) fn put_new(self, item: Item) -> Self {
        let put = Put::builder()
            .table_name(&self.store.table)
            .set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build();
        self.push(put.map(|put| TransactWriteItem::builder().put(put).build()))
    }

    pub(crate) fn update(self, build: impl FnOnce(UpdateBuilder) -> UpdateBuilder) -> Self {
        let update = build(Update::builder().table_name(&self.store.table)).build();
        self.push(update.map(|update| TransactWriteItem::builder().update(update).build()))
    }

    pub(crate) fn delete(self, build: impl FnOnce(DeleteBuilder) -> DeleteBuilder) -> Self {
        let delete = build(Delete::builder().table_name(&self.store.table)).build();
        self.push(delete.map(|delete| TransactWriteItem::builder().delete(delete).build()))
    }

    pub(crate) fn check(
        self,
        build: impl FnOnce(ConditionCheckBuilder) -> ConditionCheckBuilder,
    ) -> Self {
        let check = build(ConditionCheck::builder().table_name(&self.store.table)).build();
        self.push(check.map(|check| TransactWriteItem::builder().condition_check(check).build()))
    }

    /// The audit record of the change, and with it the answer to be kept.
    pub(crate) fn audit(mut self, change: &Change, entry: &Entry<'_>) -> Self {
        self.receipt = change.receipt.clone();
        self.put_new(entry.item(change))
    }

    fn push(mut self, item: Result<TransactWriteItem, BuildError>) -> Self {
        self.items.push(item);
        self
    }

    /// Writes all or nothing. A transaction that meets another one, or no capacity, is tried
    /// again for about a second; a repeat after a lost answer is told apart by the SDK's request token.
    pub(crate) async fn run(mut self) -> Result<(), Lost> {
        let receipt = self.receipt.take();
        let own = self.items.len();
        if let Some(receipt) = receipt {
            self = self.update(|update| receipt.write(update));
        }
        let unavailable =
            |error: &dyn std::fmt::Debug| StoreError::unavailable("TransactWriteItems", error);
        let items = self
            .items
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unavailable(&error))?;
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(10))
            .with_max_delay(Duration::from_millis(250))
            .with_max_times(8)
            .with_jitter();
        let send = || {
            self.store
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .send()
        };
        let sent = send
            .retry(backoff)
            .when(|error| matches!(Cancelled::of(error), Some(Cancelled::Passing)))
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match Cancelled::of(&error) {
                // Whatever else did not hold: it is no longer our turn.
                Some(Cancelled::Condition { last, .. }) if last == own => {
                    Err(StoreError::Superseded.into())
                }
                Some(Cancelled::Condition { first, .. }) => Err(Lost::Condition(first)),
                _ => Err(StoreError::from_sdk("TransactWriteItems", &error).into()),
            },
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Cancelled {
    /// The first and the last item whose condition did not hold.
    Condition { first: usize, last: usize },
    /// Another transaction was in the way, or there was no capacity: worth another try.
    Passing,
}

impl Cancelled {
    fn of<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Self> {
        let TransactWriteItemsError::TransactionCanceledException(cancelled) =
            error.as_service_error()?
        else {
            return None;
        };
        let reasons = || cancelled.cancellation_reasons().iter();
        let coded = |code: &str| reasons().position(|reason| reason.code() == Some(code));
        // Whatever the reason, nothing of it was applied.
        const PASSING: [&str; 3] = [
            "TransactionConflict",
            "ThrottlingError",
            "ProvisionedThroughputExceeded",
        ];
        let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
        let (first, last) = (reasons().position(failed), reasons().rposition(failed));
        first
            .zip(last)
            .map(|(first, last)| Self::Condition { first, last })
            .or_else(|| PASSING.into_iter().find_map(coded).map(|_| Self::Passing))
    }
}

/// Sets what `new` has, removes what only `old` has, and leaves alone what neither knows.
pub(crate) fn assign(mut update: UpdateBuilder, old: &Item, new: &Item) -> UpdateBuilder {
    let key = |name: &str| name == PK || name == SK;
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for (at, (name, value)) in new.iter().filter(|(name, _)| !key(name)).enumerate() {
        set.push(format!("#s{at} = :s{at}"));
        update = update
            .expression_attribute_names(format!("#s{at}"), name)
            .expression_attribute_values(format!(":s{at}"), value.clone());
    }
    for (at, name) in old
        .keys()
        .filter(|name| !new.contains_key(*name))
        .enumerate()
    {
        remove.push(format!("#r{at}"));
        update = update.expression_attribute_names(format!("#r{at}"), name);
    }
    let remove = if remove.is_empty() {
        String::new()
    } else {
        format!(" REMOVE {}", remove.join(", "))
    };
    update.update_expression(format!("SET {}{remove}", set.join(", ")))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    fn cancelled(codes: &[&str]) -> Option<Cancelled> {
        let reason = |code: &&str| CancellationReason::builder().code(*code).build();
        let reasons = codes.iter().map(reason).collect();
        let exception = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons))
            .build();
        let error = TransactWriteItemsError::TransactionCanceledException(exception);
        Cancelled::of(&SdkError::service_error(error, ()))
    }

    #[test]
    fn what_passes_is_tried_again_and_a_lost_condition_is_not() {
        for code in [
            "TransactionConflict",
            "ThrottlingError",
            "ProvisionedThroughputExceeded",
        ] {
            let tried_again = matches!(cancelled(&["None", code]), Some(Cancelled::Passing));
            assert!(tried_again, "{code}");
            let condition = "ConditionalCheckFailed";
            let lost = cancelled(&[code, "None", condition, condition]);
            let both = Cancelled::Condition { first: 2, last: 3 };
            assert_eq!(lost, Some(both), "{code}");
        }
        assert!(cancelled(&["None", "ValidationError"]).is_none());
    }
}
