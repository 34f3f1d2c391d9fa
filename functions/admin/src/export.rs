//! `GET /v1/export`: the keys as a table (text/csv) of the columns that `POST /v1/import`
//! takes, in the order of their creation, in pages.
//!
//! No key value is in it, since none is kept. Their hashes are on request: who has them can
//! move the keys to another table, and can call with none of them. That they were handed out
//! is recorded, page by page.

use std::fmt::Write as _;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::LINK;
use latchkey_domain::Key;
use latchkey_store::{Cursor, KeyRecord, Page};

use crate::{
    AdminState,
    caller::Caller,
    csv::{Cell, answer, table},
    import::Column,
    paging::Paging,
    parameters::{FromParameters, Parameters, Query},
    problem::Problem,
};

/// Bytes of a page as Lambda's answer has it, with quotes and backslashes escaped: it passes
/// on 6 MB.
const MAX_PAGE_BYTES: usize = 4_000_000;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Export {
    paging: Paging,
    /// `hashes`: whether the values' hashes are wanted.
    hashes: bool,
}

impl FromParameters for Export {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            paging: Paging::read(parameters),
            hashes: parameters.take_flag("hashes"),
        }
    }
}

/// # Errors
/// [`Problem::Invalid`] for a cursor of another list; the store's.
pub(crate) async fn export(
    State(state): State<AdminState>,
    caller: Caller,
    Query(export): Query<Export>,
) -> Result<Response, Problem> {
    let (page, table) = fitting(&state, &export).await?;
    if export.hashes {
        let change = state.change_by(&caller)?;
        let told = [("keys", page.items.len().into())];
        state
            .store
            .record("keys.export", "export", &told, &change)
            .await?;
    }
    let mut response = answer(table);
    if let Some(cursor) = &page.cursor {
        let link = export.link(cursor).parse().map_err(|_| Problem::Internal)?;
        response.headers_mut().insert(LINK, link);
    }
    Ok(response.into_response())
}

impl Export {
    /// The next page (RFC 8288), at the same path.
    fn link(&self, cursor: &Cursor) -> String {
        let mut link = format!("<?limit={}", self.paging.limit);
        if self.hashes {
            link.push_str("&hashes=true");
        }
        // Writing to a text never fails.
        let _ = write!(link, "&cursor={}>; rel=\"next\"", cursor.encode());
        link
    }
}

/// A page that fits an answer: where it has no room for as many keys as were asked for, the
/// page ends earlier.
async fn fitting(
    state: &AdminState,
    export: &Export,
) -> Result<(Page<KeyRecord>, Vec<u8>), Problem> {
    let mut limit = export.paging.limit;
    loop {
        let page = state
            .store
            .keys(limit, export.paging.cursor.as_ref())
            .await?;
        let table = of(&page.items, export.hashes)?;
        let escaped = table.iter().filter(|byte| matches!(byte, b'"' | b'\\'));
        let size = table.len() + escaped.count();
        let fewer = u16::try_from(page.items.len() / 2).unwrap_or(limit);
        if size <= MAX_PAGE_BYTES || fewer == 0 {
            return Ok((page, table));
        }
        limit = fewer;
    }
}

/// Where the columns stand.
const COLUMNS: [Column; 14] = [
    Column::Name,
    Column::Description,
    Column::Enabled,
    Column::UsagePlanIds,
    Column::Id,
    Column::Prefix,
    Column::Last4,
    Column::CustomerId,
    Column::NotBefore,
    Column::ExpiresAt,
    Column::AllowedIps,
    Column::Routes,
    Column::Metadata,
    Column::NativeValue,
];

fn of(records: &[KeyRecord], hashes: bool) -> Result<Vec<u8>, Problem> {
    let mut header: Vec<&str> = COLUMNS.map(Column::name).to_vec();
    if hashes {
        header.push(Column::Sha256.name());
    }
    let rows = records.iter().map(|record| row(record, hashes));
    table(&header, rows).map_err(|error| {
        tracing::error!(%error, "a table was not written");
        Problem::Internal
    })
}

fn row(record: &KeyRecord, hashes: bool) -> Vec<Cell<'static>> {
    let mut row: Vec<Cell<'static>> = COLUMNS.map(|column| cell(record, column)).to_vec();
    if hashes {
        row.push(cell(record, Column::Sha256));
    }
    row
}

fn cell(record: &KeyRecord, column: Column) -> Cell<'static> {
    let key = &record.key;
    let text = match column {
        Column::Name => key.name.as_ref().map(|name| name.as_str().to_owned()),
        Column::Description => key
            .description
            .as_ref()
            .map(|text| text.as_str().to_owned()),
        Column::Enabled => Some(key.enabled.to_string()),
        Column::UsagePlanIds => list(record.plan_ids.iter()),
        Column::Id => Some(key.id.to_string()),
        Column::Prefix => key.prefix.as_ref().map(|prefix| prefix.as_str().to_owned()),
        Column::Last4 => Some(key.last4.clone()),
        Column::Sha256 => Some(key.hash.to_hex()),
        Column::CustomerId => key.customer_id.as_ref().map(|id| id.as_str().to_owned()),
        Column::NotBefore => key.not_before.map(|at| at.to_string()),
        Column::ExpiresAt => key.expires_at.map(|at| at.to_string()),
        Column::AllowedIps => list(key.allowed_ips.iter().flat_map(|rules| rules.networks())),
        // No rule at all would read back as every call.
        Column::Routes if key.routes.as_ref().is_some_and(Vec::is_empty) => Some("[]".to_owned()),
        Column::Routes => list(key.routes.iter().flatten()),
        Column::Metadata => metadata(key),
        Column::NativeValue => Some(key.native_value.as_str().to_owned()),
        Column::Key => None,
    };
    text.map_or(Cell::Empty, Cell::text)
}

/// A list with commas between its entries, as JSON where one has a comma itself.
fn list(entries: impl Iterator<Item = impl ToString>) -> Option<String> {
    let entries: Vec<String> = entries.map(|entry| entry.to_string()).collect();
    if entries.iter().any(|entry| entry.contains(',')) {
        return serde_json::to_string(&entries).ok();
    }
    (!entries.is_empty()).then(|| entries.join(","))
}

fn metadata(key: &Key) -> Option<String> {
    let entries: std::collections::BTreeMap<&str, &str> = key.metadata.iter().collect();
    (!entries.is_empty()).then(|| serde_json::to_string(&entries).ok())?
}
