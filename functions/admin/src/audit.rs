//! `GET /v1/audit`: who changed what and when, and how it was before and after; the newest
//! first, in pages.
//!
//! A key's list has its own changes, its attachments and moves, and what was granted to it. A
//! plan's has its own changes and, with scope `customer`, what was granted to its customers:
//! which keys came and went stands with the keys; `keyId` and `planId` together tell it of one.
//! A page may be short, or even empty, and have a cursor: one request looks at a bounded number
//! of months and records.

use axum::{Json, extract::State};
use jiff::Timestamp;
use latchkey_domain::{KeyId, PlanId};
use latchkey_store::{AuditFilter, AuditRecord, Page};
use serde::Serialize;
use serde_json::Value;

use crate::{
    AdminState,
    faults::Fault,
    paging::{PageView, Paging, digest_of},
    parameters::{FromParameters, Parameters, Query},
    problem::Problem,
    usage::{midnight, read_day},
};

/// Which records are asked for, and which page of them.
#[derive(Debug)]
pub(crate) struct Audit {
    filter: AuditFilter,
    paging: Paging,
}

impl FromParameters for Audit {
    fn read(parameters: &mut Parameters) -> Self {
        let from = parameters.take("startDate", read_start);
        let until = parameters.take("endDate", read_end);
        let key_id = parameters.take("keyId", |text| {
            let id: Result<KeyId, _> = text.parse();
            id.map_err(|_| "must be a key id: key_ and 16 characters of 0-9 A-Z a-z".to_owned())
        });
        let plan_id = parameters.take("planId", |text| {
            let id: Result<PlanId, _> = text.parse();
            id.map_err(|_| "must be a plan id: 1 to 64 characters of A-Z a-z 0-9 _ -".to_owned())
        });
        let entity = parameters.take("entity", |text| named(text, "an entity as items name it"));
        let principal = parameters.take("principal", |text| named(text, "an ARN"));
        Self {
            filter: AuditFilter {
                key_id,
                plan_id,
                entity,
                principal,
                from,
                until,
            },
            paging: Paging::read(parameters),
        }
    }
}

/// The longest entity has a customer's and a plan's id; no principal is longer than an ARN.
const LONGEST: usize = 2_048;

fn named(text: &str, what: &str) -> Result<String, String> {
    let fits = (1..=LONGEST).contains(&text.len());
    fits.then(|| text.to_owned())
        .ok_or_else(|| format!("must be {what}, 1 to {LONGEST} bytes"))
}

const MOMENT: &str = "must be a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z";

/// The first instant of a day, or an instant.
fn read_start(text: &str) -> Result<Timestamp, String> {
    read_day(text)
        .map(midnight)
        .or_else(|_| text.parse())
        .map_err(|_| MOMENT.to_owned())
}

/// The instant behind a day or an instant: both are among what is asked for.
fn read_end(text: &str) -> Result<Timestamp, String> {
    if let Ok(day) = read_day(text) {
        return Ok(midnight(day.saturating_add(1)));
    }
    let at: Timestamp = text.parse().map_err(|_| MOMENT.to_owned())?;
    let behind = at.checked_add(jiff::SignedDuration::from_nanos(1));
    Ok(behind.unwrap_or(at))
}

/// A change, as it is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditView {
    id: String,
    /// Exact: not cut to the millisecond as other times are.
    at: Timestamp,
    action: String,
    entity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_id: Option<String>,
    principal: String,
    source_ip: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id,
            at: record.at,
            action: record.action,
            entity: record.entity,
            key_id: record.key_id.map(|id| id.to_string()),
            plan_id: record.plan_id.map(|id| id.to_string()),
            principal: record.principal,
            source_ip: record.source_ip,
            before: record.before,
            after: record.after,
        }
    }
}

/// # Errors
/// [`Problem::Invalid`], for a cursor of another list or of other filters too.
pub(crate) async fn audit(
    State(state): State<AdminState>,
    Query(Audit { filter, paging }): Query<Audit>,
) -> Result<Json<PageView<AuditView>>, Problem> {
    if let (Some(from), Some(until)) = (filter.from, filter.until)
        && from >= until
    {
        let fault = Fault::parameter("startDate", "must not be later than endDate");
        return Err(Problem::fault(fault));
    }
    let digest = digest_of(&format!("{filter:?}"));
    let cursor = paging.cursor.map(|cursor| cursor.of_narrowed(&digest));
    let cursor = cursor
        .transpose()
        .map_err(latchkey_store::StoreError::from)?;
    let now = state.clock.now().timestamp();
    let page = state
        .store
        .audit(&filter, paging.limit, cursor.as_ref(), now)
        .await?;
    let page = Page {
        items: page.items,
        cursor: page.cursor.map(|cursor| cursor.narrowed(&digest)),
    };
    Ok(Json(PageView::of(page, AuditView::from)))
}
