//! The whole table as one enum, and its definition for an engine that has none yet.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
    },
};
use jiff::Timestamp;
use latchkey_domain::{CustomerId, KeyId, Month, PlanId, StageSelector, meter::Owner};

use crate::StoreError;

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
/// A key's SHA-256: the attribute that no audit record tells.
pub(crate) const HASH: &str = "hash";
/// Seconds since 1970 after which DynamoDB may delete an item.
pub(crate) const TTL: &str = "ttl";

/// Every kind of item, its key, and its life. `pk` and `sk` are strings, and so are the
/// keys of all [`INDEXES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    /// `KEY#<id> / KEY`: an API key, from its creation to its deletion. In `list` under
    /// `KEYS` by creation; in `owner` under `CUSTOMER#<id>` by creation.
    Key(KeyId),
    /// `KEY#<id> / PLAN#<plan>`: an attachment. In `list` under `PLAN#<plan>` by creation.
    Attachment(KeyId, &'a PlanId),
    /// `KEY#<id> / METER#<plan>` or `CUSTOMER#<id> / METER#<plan>`: what was used. Made with
    /// the first attachment; a key's is a tombstone for 400 days after the last one, a customer's
    /// stays. In no index, since a throttled index throttles the table.
    Meter(&'a Owner, &'a PlanId),
    /// `KEY#<id> / HISTORY#<plan>#<year>-<month>`, or with `CUSTOMER#<id>`: units by day that
    /// were moved there from the meter. For 400 days after the month's end, whatever becomes of
    /// the key and the plan.
    History(&'a Owner, &'a PlanId, Month),
    /// `PLANS / PLAN#<id>`: a usage plan, from its creation to its deletion.
    Plan(&'a PlanId),
    /// `CUSTOMER#<id> / PLAN#<plan>`: a customer that has or had a key on a plan whose allowance
    /// is the customer's. In `list` under `PLAN-CUSTOMERS#<plan>#<its creation>` by the first key.
    PlanCustomer(&'a CustomerId, &'a PlanId),
    /// `DELETIONS / PLAN#<plan>`: that a plan is being deleted with its attachments, and for
    /// whom. In `pending` by the instant from which somebody may go on; until the plan is gone.
    Deletion(&'a PlanId),
    /// `NATIVES / PLAN#<plan>`: a usage plan at API Gateway. As all that is there, in `list`
    /// under `NATIVE`, and in `pending` by its next attempt while it is not in step; until it
    /// is gone there.
    NativePlan(&'a PlanId),
    /// `KEY#<id> / NATIVE`: a key's twin at API Gateway, with its value where that opens
    /// nothing. In `owner` under `NATIVE#<its id there>`.
    NativeKey(KeyId),
    /// `KEY#<id> / NATIVE#<plan>`: a key on a usage plan at API Gateway.
    NativePlanKey(KeyId, &'a PlanId),
    /// `KEY#<id> / FLUSH`: the authorizer's results for a key that API Gateway is still to
    /// forget. In `pending`; until they are flushed.
    Flush(KeyId),
    /// `NATIVES / FLUSHED#<stage>`: when they were last flushed, for an hour.
    Flushed(&'a StageSelector),
    /// `RECONCILER / LOCK`: which reconciler runs, until when.
    Lock,
    /// `RECONCILER / DRIFT`: what it last found.
    Drift,
    /// `AUDIT#<year>-<month> / <time>#<id>`: one change, for good. In `list` under
    /// `AUDIT#<entity>` by time; in `owner` under `PRINCIPAL#<arn>` by time.
    Audit(Timestamp, &'a str),
    /// `IDEMPOTENCY#<hash> / ANSWER`: a request with an Idempotency-Key, named by the hash of
    /// it and its principal, and the sealed answer. For 24 hours, and gone some time later.
    Idempotency(&'a str),
}

impl Record<'_> {
    /// The item's `pk` and `sk`.
    pub fn key(&self) -> (String, String) {
        match self {
            Self::Key(id) => (key_partition(*id), "KEY".to_owned()),
            Self::Attachment(key, plan) => (key_partition(*key), format!("PLAN#{plan}")),
            Self::Meter(owner, plan) => (owner_partition(owner), format!("METER#{plan}")),
            // Before "KEY", so that no authorizer reads it.
            Self::History(owner, plan, month) => {
                (owner_partition(owner), format!("HISTORY#{plan}#{month}"))
            }
            Self::Plan(id) => (PLANS.to_owned(), format!("PLAN#{id}")),
            Self::PlanCustomer(customer, plan) => {
                (customer_partition(customer), format!("PLAN#{plan}"))
            }
            Self::Deletion(id) => (DELETIONS.to_owned(), format!("PLAN#{id}")),
            Self::NativePlan(id) => (NATIVES.to_owned(), format!("PLAN#{id}")),
            Self::NativeKey(id) => (key_partition(*id), "NATIVE".to_owned()),
            Self::NativePlanKey(key, plan) => (key_partition(*key), format!("NATIVE#{plan}")),
            // Before "KEY", so that no authorizer reads it.
            Self::Flush(id) => (key_partition(*id), "FLUSH".to_owned()),
            Self::Flushed(stage) => (NATIVES.to_owned(), format!("FLUSHED#{stage}")),
            Self::Lock => (RECONCILER.to_owned(), "LOCK".to_owned()),
            Self::Drift => (RECONCILER.to_owned(), "DRIFT".to_owned()),
            Self::Audit(at, id) => (format!("AUDIT#{}", at.strftime("%Y-%m")), sortable(*at, id)),
            Self::Idempotency(hash) => (format!("IDEMPOTENCY#{hash}"), "ANSWER".to_owned()),
        }
    }
}

pub(crate) const PLANS: &str = "PLANS";
pub(crate) const KEYS: &str = "KEYS";
const DELETIONS: &str = "DELETIONS";
const NATIVES: &str = "NATIVES";
const RECONCILER: &str = "RECONCILER";

pub(crate) fn key_partition(id: KeyId) -> String {
    format!("KEY#{}", id.as_bare())
}

fn owner_partition(owner: &Owner) -> String {
    match owner {
        Owner::Key(id) => key_partition(*id),
        Owner::Customer(id) => customer_partition(id),
    }
}

pub(crate) fn customer_partition(id: &CustomerId) -> String {
    format!("CUSTOMER#{}", id.as_str())
}

/// A text that sorts by time, then by `id`.
pub(crate) fn sortable(at: Timestamp, id: &str) -> String {
    format!("{:019}#{id}", at.as_nanosecond().max(0))
}

/// A global secondary index over whole items that have its two attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its partition key.
    pub partition: &'static str,
    /// Its sort key.
    pub sort: &'static str,
}

/// What a thing is listed under: all keys, a plan's keys, an entity's changes.
pub(crate) const LIST: Index = Index {
    name: "list",
    partition: "listPk",
    sort: "listSk",
};
/// Whose it is: a customer's keys, a principal's changes.
pub(crate) const OWNER: Index = Index {
    name: "owner",
    partition: "ownerPk",
    sort: "ownerSk",
};
/// What is not in step at API Gateway, and plans that are being deleted, by the instant of
/// the next attempt.
pub(crate) const PENDING: Index = Index {
    name: "pending",
    partition: "pendingPk",
    sort: "pendingSk",
};
/// All indexes. Items without the attributes are in none.
pub const INDEXES: [Index; 3] = [LIST, OWNER, PENDING];

/// Makes the table where there is none: for an embedded engine and for tests. A deployed
/// table comes from template.yaml; a test shows that both are the same.
///
/// # Errors
/// [`StoreError`] when the engine refuses.
pub async fn create_table(client: &Client, table: &str) -> Result<(), StoreError> {
    let unavailable = |error: &dyn std::fmt::Debug| StoreError::unavailable("CreateTable", error);
    let indexes = INDEXES
        .iter()
        .map(global_index)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| unavailable(&e))?;
    let names = [PK, SK].into_iter().chain(
        INDEXES
            .iter()
            .flat_map(|index| [index.partition, index.sort]),
    );
    let attributes = names
        .map(string_attribute)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| unavailable(&e))?;
    let created = client
        .create_table()
        .table_name(table)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(key_schema(PK, SK).map_err(|e| unavailable(&e))?))
        .set_global_secondary_indexes(Some(indexes))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await;
    match created {
        Ok(_) => {}
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), CreateTableError::ResourceInUseException(_)) =>
        {
            return Ok(());
        }
        Err(error) => return Err(unavailable(&error)),
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(TTL)
        .enabled(true)
        .build();
    let ttl = ttl.map_err(|e| unavailable(&e))?;
    let set = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(ttl)
        .send()
        .await;
    set.map(drop).map_err(|error| unavailable(&error))
}

type Built<T> = Result<T, aws_sdk_dynamodb::error::BuildError>;

fn string_attribute(name: &str) -> Built<AttributeDefinition> {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(ScalarAttributeType::S)
        .build()
}

fn key_schema(partition: &str, sort: &str) -> Built<Vec<KeySchemaElement>> {
    let element = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
    };
    Ok(vec![
        element(partition, KeyType::Hash)?,
        element(sort, KeyType::Range)?,
    ])
}

fn global_index(index: &Index) -> Built<GlobalSecondaryIndex> {
    GlobalSecondaryIndex::builder()
        .index_name(index.name)
        .set_key_schema(Some(key_schema(index.partition, index.sort)?))
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::All)
                .build(),
        )
        .build()
}
