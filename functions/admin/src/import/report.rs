//! What became of a table, row by row.

use latchkey_domain::{KeyId, KeyValue, PlanId};
use serde::Serialize;

use super::columns::Column;
use crate::faults::{Fault, Faults};

/// Faults of a row that are told: a thousand rows must fit an answer.
const TOLD: usize = 5;

/// The answer.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    rows: usize,
    created: usize,
    existing: usize,
    invalid: usize,
    not_written: usize,
    items: Vec<Item>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    /// Its key was made.
    Created,
    /// Its key is there, with this value and on these plans.
    Exists,
    /// It cannot be written as it is.
    Invalid,
    /// Nothing is wrong with it, and it was not written, or not wholly.
    NotWritten,
}

/// One row.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) line: u64,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "id")]
    pub(super) key_id: Option<KeyId>,
    pub(super) status: Status,
    /// A generated value, which is answered this once.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub(super) value: Option<KeyValue>,
    /// Plans that a key which was there was put on.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "ids")]
    pub(super) attached: Vec<PlanId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<Wrong>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {:?}", self.line, self.status)
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wrong {
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    detail: String,
}

impl Wrong {
    /// What concerns no single column.
    pub(super) fn whole(detail: impl Into<String>) -> Self {
        Self {
            field: None,
            detail: detail.into(),
        }
    }

    /// What concerns a column.
    pub(super) fn of(column: Column, detail: impl Into<String>) -> Self {
        Self {
            field: Some(column.name().to_owned()),
            detail: detail.into(),
        }
    }

    /// The same as it is told of fields of `POST /v1/keys`.
    pub(super) fn all_of(faults: &Faults) -> Vec<Self> {
        let wrong = |fault: &Fault| Self {
            field: fault.field().map(column_name),
            detail: fault.detail().to_owned(),
        };
        faults.told().iter().take(TOLD).map(wrong).collect()
    }

    /// The same as a fault of the request.
    pub(super) fn at_line(&self, line: u64) -> Fault {
        Fault::line(line, self.field.clone(), self.detail.clone())
    }
}

fn column_name(field: &str) -> String {
    match Column::of_field(field) {
        Some(column) => column.name().to_owned(),
        None => field.to_owned(),
    }
}

impl Report {
    pub(super) fn of(items: Vec<Item>, dry_run: bool) -> Self {
        let count = |status| items.iter().filter(|item| item.status == status).count();
        Self {
            dry_run,
            rows: items.len(),
            created: count(Status::Created),
            existing: count(Status::Exists),
            invalid: count(Status::Invalid),
            not_written: count(Status::NotWritten),
            items,
        }
    }
}

fn id<S: serde::Serializer>(id: &Option<KeyId>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

fn exposed<S: serde::Serializer>(
    value: &Option<KeyValue>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_str(value.expose()),
        None => serializer.serialize_none(),
    }
}

fn ids<S: serde::Serializer>(ids: &[PlanId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(PlanId::as_str))
}
