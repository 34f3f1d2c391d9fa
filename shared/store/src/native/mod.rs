//! What is wanted at API Gateway, and how far it has come.
//!
//! A usage plan that API Gateway counts has a *native* plan there, a key on it a native key,
//! and each attachment a native usage plan key. Each has one record here, written in the
//! transaction of the change that wants it: so nothing is forgotten, whatever fails after.
//! While a record is not in step it stands in the index `pending` by the instant from which
//! the next attempt may be made. Whoever makes it moves that instant on first, which keeps
//! others away meanwhile ([`Store::claim`]), and then says what came of it
//! ([`Store::settle`]).

mod item;
mod settle;
mod want;

use std::time::Duration;

use jiff::Timestamp;
use latchkey_domain::{KeyId, PlanId, StageSelector, TwinValue};

use crate::{
    Cursor, Page, Record, Store, StoreError,
    error::held,
    item::{Item, key_of, text},
    page::Listing,
    schema::{LIST, OWNER, PENDING},
};

pub(crate) use self::item::twin;
pub use self::settle::{Id, Settled};
pub(crate) use self::want::{forget, known, want, want_key};

/// Something of Latchkey's that API Gateway has too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NativeObject {
    /// A usage plan.
    Plan(PlanId),
    /// A key's twin.
    Key(KeyId),
    /// A key on a plan.
    PlanKey(KeyId, PlanId),
    /// The authorizer's results that are kept for a key's stages, which are to go.
    Flush(KeyId),
}

impl NativeObject {
    fn record(&self) -> Record<'_> {
        match self {
            Self::Plan(plan) => Record::NativePlan(plan),
            Self::Key(key) => Record::NativeKey(*key),
            Self::PlanKey(key, plan) => Record::NativePlanKey(*key, plan),
            Self::Flush(key) => Record::Flush(*key),
        }
    }
}

impl std::fmt::Display for NativeObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plan(plan) => write!(f, "plan:{plan}"),
            Self::Key(key) => write!(f, "{key}"),
            Self::PlanKey(key, plan) => write!(f, "{key}:{plan}"),
            Self::Flush(key) => write!(f, "flush:{key}"),
        }
    }
}

/// Whether it is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// As the plan or the key says.
    Present,
    /// Not at all.
    Absent,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NativeState {
    /// It is being tried, or waits for its turn.
    Pending,
    /// API Gateway has what is wanted.
    InSync,
    /// API Gateway refuses; it is tried again, less and less often.
    Failed,
}

impl NativeState {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InSync => "inSync",
            Self::Failed => "failed",
        }
    }
}

/// The record of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    /// Which.
    pub object: NativeObject,
    /// What is wanted.
    pub wanted: Wanted,
    /// Its id at API Gateway, where it is known.
    pub native_id: Option<String>,
    /// How far it has come.
    pub state: NativeState,
    /// Why it is not in step.
    pub reason: Option<String>,
    /// Counts the changes of what is wanted.
    pub revision: u64,
    /// When the next attempt may be made.
    pub due: Timestamp,
    /// Attempts since it was last in step.
    pub attempts: u32,
    /// A native key's value where it is an internal one.
    pub twin: Option<TwinValue>,
    /// The stages of a flush.
    pub stages: Vec<StageSelector>,
}

/// How long whoever wants something has for the first attempt: longer than the admin API's
/// function may run.
pub const CLAIM: Duration = Duration::from_secs(30);

impl Store {
    /// The record of an object, as it is now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn native(&self, object: &NativeObject) -> Result<Option<Native>, StoreError> {
        let item = self.read_item(&object.record()).await?;
        Ok(item.as_ref().map(item::from_item).transpose()?)
    }

    /// The records of several objects, each named once, in no order; those that are not
    /// there are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn natives(&self, objects: &[NativeObject]) -> Result<Vec<Native>, StoreError> {
        let keys = objects.iter().map(|object| key_of(&object.record()));
        read_all(&self.read_items(keys).await?)
    }

    /// The native key of this id, if it is one of this table's. It comes from an index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn key_of_native(&self, native_id: &str) -> Result<Option<KeyId>, StoreError> {
        let partition = item::native_id_partition(native_id);
        let listing = Listing {
            index: Some(OWNER),
            partition: &partition,
            limit: 1,
            cursor: None,
        };
        let query = self.client.query().table_name(&self.table);
        let page = listing.run(query, item::from_item).await?;
        Ok(page.items.first().and_then(|native| match native.object {
            NativeObject::Key(key) => Some(key),
            _ => None,
        }))
    }

    /// All that is not in step and may be tried at `now`, longest due first. It comes from
    /// an index. A record that cannot be read is logged and left out, so that it holds up no
    /// other: a page may be short, or empty, and not the last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pending(
        &self,
        now: Timestamp,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Native>, StoreError> {
        let listing = Listing {
            index: Some(PENDING),
            partition: item::PENDING_PARTITION,
            limit,
            cursor,
        };
        let query = self.client.query().table_name(&self.table);
        let read = |item: &Item| Ok::<_, StoreError>(item::readable(item));
        let found = listing.run(query, read).await?;
        let mut page = Page {
            items: found.items.into_iter().flatten().collect::<Vec<Native>>(),
            cursor: found.cursor,
        };
        if let Some(first) = page.items.iter().position(|native| native.due > now) {
            page.items.truncate(first);
            page.cursor = None;
        }
        Ok(page)
    }

    /// Every plan, key and usage plan key that Latchkey knows of at API Gateway. It comes
    /// from an index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn all_natives(
        &self,
        limit: u16,
        cursor: Option<&Cursor>,
    ) -> Result<Page<Native>, StoreError> {
        let listing = Listing {
            index: Some(LIST),
            partition: item::LIST_PARTITION,
            limit,
            cursor,
        };
        let query = self.client.query().table_name(&self.table);
        listing.run(query, item::from_item).await
    }

    /// Whether the authorizer's results of a stage are to be flushed now: not where somebody
    /// has done it later than `since`. From then on they count as flushed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn may_flush(
        &self,
        stage: &StageSelector,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = key_of(&Record::Flushed(stage));
        item.extend(item::flushed(now));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#at) OR #at <= :since")
            .expression_attribute_names("#at", item::FLUSHED_AT)
            .expression_attribute_values(":since", text(item::moment(since)));
        held("PutItem", put.send().await)
    }
}

fn read_all(items: &[Item]) -> Result<Vec<Native>, StoreError> {
    Ok(items
        .iter()
        .map(item::from_item)
        .collect::<Result<_, _>>()?)
}
