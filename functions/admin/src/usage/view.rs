//! Usage as it is answered: API Gateway's shape.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::days::{Days, date_of};

/// Units used on a day, and what was left of the quota at its end; null without a quota.
pub(super) type DayView = (i64, Option<u64>);

/// Use of a plan by its keys, or of a key on its plans.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageView {
    #[serde(flatten)]
    of: Of,
    start_date: Date,
    end_date: Date,
    /// A day each from start to end, by keyId; for a key by planId.
    values: BTreeMap<String, Vec<DayView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// Whose.
#[derive(Debug, Serialize)]
pub(super) enum Of {
    #[serde(rename = "planId")]
    Plan(String),
    #[serde(rename = "keyId")]
    Key(String),
}

impl UsageView {
    pub(super) fn new(of: Of, days: Days, values: BTreeMap<String, Vec<DayView>>) -> Self {
        Self {
            of,
            start_date: date_of(days.first),
            end_date: date_of(days.last),
            values,
            cursor: None,
        }
    }

    /// The same with the cursor of the next page.
    pub(super) fn with_cursor(self, cursor: Option<String>) -> Self {
        Self { cursor, ..self }
    }
}
