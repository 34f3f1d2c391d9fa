//! Changes of several items at once.

use std::time::Duration;

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        ConditionCheck, Delete, Put, TransactWriteItem, Update,
        builders::{ConditionCheckBuilder, DeleteBuilder, UpdateBuilder},
    },
};
use backon::{ExponentialBuilder, Retryable};

use crate::{
    Change, Store, StoreError,
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
}

impl Store {
    pub(crate) fn transaction(&self) -> Transaction<'_> {
        Transaction {
            store: self,
            items: Vec::new(),
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

    /// The audit record of the change.
    pub(crate) fn audit(self, change: &Change, entry: &Entry<'_>) -> Self {
        self.put_new(entry.item(change))
    }

    fn push(mut self, item: Result<TransactWriteItem, BuildError>) -> Self {
        self.items.push(item);
        self
    }

    /// Writes all or nothing. A transaction that meets another one, or no capacity, is tried
    /// again for about a second; a repeat after a lost answer is told apart by the SDK's request token.
    pub(crate) async fn run(self) -> Result<(), Lost> {
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
                Some(Cancelled::Condition(at)) => Err(Lost::Condition(at)),
                _ => Err(StoreError::from_sdk("TransactWriteItems", &error).into()),
            },
        }
    }
}

enum Cancelled {
    Condition(usize),
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
        let coded = |code: &str| {
            cancelled
                .cancellation_reasons()
                .iter()
                .position(|r| r.code() == Some(code))
        };
        // Whatever the reason, nothing of it was applied.
        const PASSING: [&str; 3] = [
            "TransactionConflict",
            "ThrottlingError",
            "ProvisionedThroughputExceeded",
        ];
        coded("ConditionalCheckFailed")
            .map(Self::Condition)
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
    use aws_sdk_dynamodb::types::{CancellationReason, error::TransactionCanceledException};

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
            let lost = cancelled(&[code, "None", "ConditionalCheckFailed"]);
            assert!(matches!(lost, Some(Cancelled::Condition(2))), "{code}");
        }
        assert!(cancelled(&["None", "ValidationError"]).is_none());
    }
}
