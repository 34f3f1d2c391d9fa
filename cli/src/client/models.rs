//! What the admin API answers, as far as it is shown. Fields that are not read here may come
//! and go; `--output json` shows an answer as it came.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Number;

/// One page of a list; there is no cursor on the last.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) cursor: Option<String>,
}

/// A usage plan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) quota: Option<Quota>,
    #[serde(default)]
    pub(crate) api_stages: Vec<ApiStage>,
    /// `key` or `customer`.
    pub(crate) scope: String,
    /// `dynamodb` or `apiGateway`.
    pub(crate) enforcement: String,
    pub(crate) api_gateway: Option<AtApiGateway>,
    /// It covers nothing any more, and its keys are taken off.
    #[serde(default)]
    pub(crate) deleting: bool,
    pub(crate) created_date: String,
    pub(crate) last_updated_date: String,
}

/// Requests a second.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Throttle {
    pub(crate) rate_limit: Number,
    /// Without one it is the rate, rounded up.
    pub(crate) burst_limit: Option<u64>,
}

/// Units in a period.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Quota {
    pub(crate) limit: u64,
    /// `HOUR`, `DAY`, `WEEK`, `MONTH` or `LIFETIME`.
    pub(crate) period: String,
}

/// A stage of an API that a plan covers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiStage {
    pub(crate) api_id: String,
    pub(crate) stage: String,
    /// By `"/path/METHOD"`.
    #[serde(default)]
    pub(crate) throttle: BTreeMap<String, Throttle>,
    /// By `"/path/METHOD"`.
    #[serde(default)]
    pub(crate) units: BTreeMap<String, u64>,
}

/// What API Gateway has of a plan or a key that it counts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct AtApiGateway {
    /// `pending`, `inSync` or `failed`.
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
}

/// An API key. Its value is in no answer but to its creation and rotation: [`Shown`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) prefix: Option<String>,
    pub(crate) last4: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) customer_id: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) not_before: Option<String>,
    pub(crate) expires_at: Option<String>,
    pub(crate) allowed_ips: Option<Vec<String>>,
    pub(crate) routes: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) plan_ids: Vec<String>,
    pub(crate) api_gateway: Option<AtApiGateway>,
    /// Left out where it is not known; null where it was never used.
    #[serde(default, deserialize_with = "told")]
    pub(crate) last_used_date: Option<Option<String>>,
    #[serde(default)]
    pub(crate) previous_values: Vec<PreviousValue>,
    pub(crate) created_date: String,
    pub(crate) last_updated_date: String,
}

/// A value that a rotation has replaced.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreviousValue {
    pub(crate) last4: String,
    pub(crate) expires_at: String,
}

/// A key with its value, which is answered this once.
#[derive(Clone, Deserialize)]
pub(crate) struct Shown {
    pub(crate) value: String,
    #[serde(flatten)]
    pub(crate) key: Key,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// A key on a plan.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attachment {
    pub(crate) plan_id: String,
    pub(crate) key_id: String,
    pub(crate) created_date: String,
    pub(crate) api_gateway: Option<AtApiGateway>,
}

/// Units by day: of a plan by its keys (or customers), of a key by its plans.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    pub(crate) start_date: String,
    pub(crate) end_date: String,
    /// `[used, remaining]` of each day; nothing remains to be told without a quota.
    pub(crate) values: BTreeMap<String, Vec<(i64, Option<u64>)>>,
    pub(crate) cursor: Option<String>,
}

/// What would be decided of a call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verified {
    /// `allow` or `deny`.
    pub(crate) decision: String,
    /// The first check that failed.
    pub(crate) reason: Option<String>,
    pub(crate) plan_id: Option<String>,
    pub(crate) key_id: Option<String>,
    /// Whether the value is one that a rotation has replaced.
    pub(crate) previous_value: Option<bool>,
    /// Seconds after which a call like this may pass.
    pub(crate) retry_after: Option<i64>,
    /// Units that would be left of the quota.
    pub(crate) quota_remaining: Option<u64>,
    pub(crate) checks: Vec<Check>,
}

/// One check, by the reason that its failure gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Check {
    pub(crate) name: String,
    /// `pass`, `fail` or `skipped`.
    pub(crate) outcome: String,
}

/// A change: who, what, before and after.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditRecord {
    pub(crate) id: String,
    pub(crate) at: String,
    /// Such as `key.create`.
    pub(crate) action: String,
    pub(crate) entity: String,
    pub(crate) key_id: Option<String>,
    pub(crate) plan_id: Option<String>,
    /// The caller's ARN.
    pub(crate) principal: String,
    pub(crate) source_ip: Option<String>,
    pub(crate) before: Option<serde_json::Value>,
    pub(crate) after: Option<serde_json::Value>,
}

/// What the reconciler last found.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Drift {
    /// None before the first look.
    pub(crate) scanned_date: Option<String>,
    pub(crate) total: u64,
    /// The first ones, where there are many.
    pub(crate) findings: Vec<DriftFinding>,
}

/// Something at API Gateway that was not as it should be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DriftFinding {
    pub(crate) object: String,
    pub(crate) plan_id: Option<String>,
    pub(crate) key_id: Option<String>,
    pub(crate) native_id: Option<String>,
    pub(crate) kind: String,
    pub(crate) detail: String,
    pub(crate) mended: bool,
}

/// What became of an imported table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportReport {
    #[serde(default)]
    pub(crate) dry_run: bool,
    pub(crate) rows: u64,
    pub(crate) created: u64,
    pub(crate) existing: u64,
    pub(crate) invalid: u64,
    pub(crate) not_written: u64,
    pub(crate) items: Vec<ImportedRow>,
}

/// One row of it.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportedRow {
    pub(crate) line: u64,
    pub(crate) key_id: Option<String>,
    /// `created`, `exists`, `invalid` or `notWritten`.
    pub(crate) status: String,
    /// A generated value, which is answered this once.
    pub(crate) value: Option<String>,
    #[serde(default)]
    pub(crate) errors: Vec<RowError>,
}

impl std::fmt::Debug for ImportedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.status)
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RowError {
    /// The column.
    pub(crate) field: Option<String>,
    pub(crate) detail: String,
}

/// Null is something that is told.
fn told<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_no_debug_print() {
        let shown: Shown = serde_json::from_str(
            r#"{"value":"lk_live_secret","id":"key_1","enabled":true,"createdDate":"","lastUpdatedDate":""}"#,
        )
        .unwrap();
        assert_eq!(shown.value, "lk_live_secret");
        assert!(!format!("{shown:?}").contains("secret"));
        let row: ImportedRow =
            serde_json::from_str(r#"{"line":1,"status":"created","value":"lk_live_secret"}"#)
                .unwrap();
        assert!(!format!("{row:?}").contains("secret"));
    }

    #[test]
    fn never_used_and_not_known_are_two_things() {
        let of = |more: &str| {
            let text = format!(
                r#"{{"id":"k","enabled":true,"createdDate":"","lastUpdatedDate":""{more}}}"#
            );
            serde_json::from_str::<Key>(&text).unwrap().last_used_date
        };
        assert_eq!(of(""), None);
        assert_eq!(of(r#","lastUsedDate":null"#), Some(None));
        assert_eq!(
            of(r#","lastUsedDate":"2026-11-26""#),
            Some(Some("2026-11-26".to_owned()))
        );
    }
}
