//! What the reconciler keeps in the table: whose turn it is, and what it last found.
//!
//! One item says which run is at work, until when, and when all of API Gateway was last
//! compared; it also says when a usage plan was last changed there, since AWS allows one such
//! change in 20 seconds to all of an account together.

mod drift;

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use jiff::Timestamp;

use crate::{
    Change, Record, Store, StoreError,
    audit::Entry,
    error::held,
    item::{FORMAT, Fields, Item, key_of, number, text},
};

pub use drift::{Drift, Finding, FindingKind};

/// Of the run at work.
const HOLDER: &str = "holder";
/// Milliseconds since 1970, as all times of the item: conditions compare them.
const UNTIL: &str = "until";
const SCANNED: &str = "scannedAt";
const SCAN_TRIED: &str = "scanTriedAt";
const PLAN_CHANGED: &str = "planChangedAt";

/// What is known before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciling {
    /// Until when another run is at work; none where none is.
    pub until: Option<Timestamp>,
    /// When all of API Gateway was last compared.
    pub scanned: Option<Timestamp>,
    /// When a comparison was last begun that had no time to end.
    pub tried: Option<Timestamp>,
}

impl Store {
    /// Whether a run is at work, and when the last comparison was.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn reconciling(&self) -> Result<Reconciling, StoreError> {
        let Some(item) = self.read_item(&Record::Lock).await? else {
            return Ok(Reconciling::default());
        };
        let fields = Fields::of("lock", &item)?;
        let instant = |name: &str| -> Result<Option<Timestamp>, StoreError> {
            let at = fields.number_if_any(name)?;
            let read = |at| Timestamp::from_millisecond(at);
            let at = at.map(read).transpose();
            Ok(at.map_err(|error| fields.corrupt(name, error))?)
        };
        Ok(Reconciling {
            until: instant(UNTIL)?,
            scanned: instant(SCANNED)?,
            tried: instant(SCAN_TRIED)?,
        })
    }

    /// Takes the lock for the run `holder` until `until`. False where another run has it and
    /// its time is not over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_lock(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let update = self
            .lock_update()
            .update_expression("SET #holder = :holder, #until = :until, #v = :v")
            .condition_expression("attribute_not_exists(#holder) OR #until <= :now")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_names("#v", FORMAT)
            .expression_attribute_values(":holder", text(holder))
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":v", number(1));
        held("UpdateItem", update.send().await)
    }

    /// Gives the lock back, if the run `holder` still has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release_lock(&self, holder: &str) -> Result<(), StoreError> {
        let update = self
            .lock_update()
            .update_expression("REMOVE #holder, #until")
            .condition_expression("#holder = :holder")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":holder", text(holder));
        held("UpdateItem", update.send().await).map(drop)
    }

    /// Takes the turn to change a usage plan at API Gateway. False where somebody has changed
    /// one less than `gap` ago.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plan_turn(&self, now: Timestamp, gap: Duration) -> Result<bool, StoreError> {
        let before = now.checked_sub(gap).unwrap_or(now);
        let update = self
            .plan_changed(now)
            .condition_expression("attribute_not_exists(#changed) OR #changed <= :before")
            .expression_attribute_values(":before", number(before.as_millisecond()));
        held("UpdateItem", update.send().await)
    }

    /// Says that a usage plan was changed at API Gateway, by who keeps the rate by itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn plan_turn_taken(&self, now: Timestamp) -> Result<(), StoreError> {
        held("UpdateItem", self.plan_changed(now).send().await).map(drop)
    }

    /// Writes the audit record of something that is about to be mended at API Gateway: what
    /// was found and what is meant to be done, in words. Whether it was done is no part of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_mend(
        &self,
        action: &'static str,
        entity: &str,
        (found, intent): (&str, &str),
        change: &Change,
    ) -> Result<(), StoreError> {
        let words = |name: &str, words: &str| Item::from([(name.to_owned(), text(words))]);
        let (before, after) = (words("found", found), words("intent", intent));
        let entry = Entry {
            action,
            entity: entity.to_owned(),
            before: Some(&before),
            after: Some(&after),
        };
        self.put_record(&entry, change).await
    }

    /// Says that all of API Gateway was compared at `at`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn scan_done(&self, at: Timestamp) -> Result<(), StoreError> {
        self.scan_at(SCANNED, at).await
    }

    /// Says that a comparison begun at `at` had no time to end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn scan_tried(&self, at: Timestamp) -> Result<(), StoreError> {
        self.scan_at(SCAN_TRIED, at).await
    }

    async fn scan_at(&self, name: &'static str, at: Timestamp) -> Result<(), StoreError> {
        let update = self
            .lock_update()
            .update_expression("SET #scan = :at, #v = :v")
            .expression_attribute_names("#scan", name)
            .expression_attribute_names("#v", FORMAT)
            .expression_attribute_values(":at", number(at.as_millisecond()))
            .expression_attribute_values(":v", number(1));
        held("UpdateItem", update.send().await).map(drop)
    }

    fn plan_changed(&self, at: Timestamp) -> UpdateItemFluentBuilder {
        self.lock_update()
            .update_expression("SET #changed = :now, #v = :v")
            .expression_attribute_names("#changed", PLAN_CHANGED)
            .expression_attribute_names("#v", FORMAT)
            .expression_attribute_values(":now", number(at.as_millisecond()))
            .expression_attribute_values(":v", number(1))
    }

    fn lock_update(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(&Record::Lock)))
    }
}
