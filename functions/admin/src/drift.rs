//! `GET /v1/drift`: where the reconciler last found API Gateway other than Latchkey had left it.

use axum::{Json, extract::State};
use latchkey_store::{Drift, Finding};
use serde::Serialize;

use crate::{
    AdminState,
    moment::Moment,
    parameters::{NoParameters, Query},
    problem::Problem,
};

/// What was found; before the first look there is neither a date nor a finding.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DriftView {
    #[serde(skip_serializing_if = "Option::is_none")]
    scanned_date: Option<Moment>,
    /// The first ones, where there are many.
    findings: Vec<FindingView>,
    total: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingView {
    object: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    native_id: Option<String>,
    kind: &'static str,
    detail: String,
    mended: bool,
}

impl From<Option<Drift>> for DriftView {
    fn from(drift: Option<Drift>) -> Self {
        let total = drift.as_ref().map_or(0, |drift| drift.total);
        let scanned_date = drift.as_ref().map(|drift| Moment(drift.scanned));
        let findings = drift.map(|drift| drift.findings).unwrap_or_default();
        Self {
            scanned_date,
            findings: findings.into_iter().map(FindingView::from).collect(),
            total,
        }
    }
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            object: match (&finding.plan_id, &finding.key_id) {
                (Some(_), Some(_)) => "planKey",
                (None, Some(_)) => "key",
                _ => "plan",
            },
            plan_id: finding.plan_id.map(|id| id.to_string()),
            key_id: finding.key_id.map(|id| id.to_string()),
            native_id: finding.native_id,
            kind: finding.kind.as_str(),
            detail: finding.detail,
            mended: finding.mended,
        }
    }
}

/// # Errors
/// [`Problem::Unavailable`].
pub(crate) async fn drift(
    State(state): State<AdminState>,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Json<DriftView>, Problem> {
    Ok(Json(state.store.drift().await?.into()))
}
