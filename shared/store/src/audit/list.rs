//! Audit records, read: the newest first, in pages.
//!
//! A page begins below a record's time and id, which sort in the same way in every partition.
//! So a page has no gap and repeats nothing, whatever is written meanwhile: that is newer.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    place::Place,
    record::{AuditFilter, AuditRecord},
    subject::Subject,
};
use crate::{
    BadCursor, Corrupt, Cursor, Page, Store, StoreError,
    item::{Fields, Item, text},
    schema::{Index, PK, SK},
};

/// Queries that one page takes at most. A page that has not found enough by then is a short
/// one, with a cursor.
const QUERIES: usize = 24;
/// Records that a query reads at most, beyond what is still wanted.
const AT_LEAST: usize = 100;
/// Bytes of JSON after which a page ends: Lambda passes on 6 MB.
const MOST_BYTES: usize = 3_000_000;

impl Store {
    /// Audit records, the newest first. What has just been written may be missing for a moment
    /// from the lists by entity and by principal, which come from indexes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        limit: u16,
        cursor: Option<&Cursor>,
        now: Timestamp,
    ) -> Result<Page<AuditRecord>, StoreError> {
        let start = cursor.map(|cursor| cursor.position().ok_or(BadCursor));
        let mut place = Place::of(filter, start.transpose()?, now)?;
        let limit = usize::from(limit);
        let mut found: Vec<(AuditRecord, String)> = Vec::new();
        let mut bytes = 0;
        for _ in 0..QUERIES {
            let Some(partition) = place.next() else {
                break;
            };
            let wanted = limit + 1 - found.len();
            let (items, more) = self.audit_items(partition, &place, wanted).await?;
            for item in &items {
                let (record, sort) = from_item(item)?;
                place.below.clone_from(&sort);
                if filter.takes(&record) {
                    bytes += size(&record);
                    found.push((record, sort));
                }
                if found.len() > limit || (bytes > MOST_BYTES && found.len() > 1) {
                    // The last one only tells that there is more.
                    found.pop();
                    let behind = found.last().map(|(_, sort)| sort.as_str());
                    return Ok(page(found.iter(), behind));
                }
            }
            if !more {
                place.finish();
            }
        }
        let more = place.next().map(|_| place.below.as_str());
        Ok(page(found.iter(), more))
    }

    /// Some records of a partition, and whether it has more.
    async fn audit_items(
        &self,
        (index, partition): (Option<Index>, String),
        place: &Place,
        wanted: usize,
    ) -> Result<(Vec<Item>, bool), StoreError> {
        let (partition_name, sort_name) = index.map_or((PK, SK), |of| (of.partition, of.sort));
        // The record that the page before ended with is among them.
        let limit = i32::try_from(wanted.max(AT_LEAST) + 1).unwrap_or(i32::MAX);
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(index.map(|index| index.name.to_owned()))
            .set_consistent_read(index.is_none().then_some(true))
            .key_condition_expression(
                "#partition = :partition AND #sort BETWEEN :lowest AND :below",
            )
            .expression_attribute_names("#partition", partition_name)
            .expression_attribute_names("#sort", sort_name)
            .expression_attribute_values(":partition", text(partition))
            .expression_attribute_values(":lowest", text(&place.lowest))
            .expression_attribute_values(":below", text(&place.below))
            .scan_index_forward(false)
            .limit(limit);
        let answer = query
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("Query", &error))?;
        let mut items = answer.items.unwrap_or_default();
        let more = answer.last_evaluated_key.is_some();
        let at_bound = |item: &Item| item.get(SK) == Some(&text(&place.below));
        items.retain(|item| !at_bound(item));
        Ok((items, more))
    }
}

fn page<'a>(
    found: impl Iterator<Item = &'a (AuditRecord, String)>,
    behind: Option<&str>,
) -> Page<AuditRecord> {
    Page {
        items: found.map(|(record, _)| record.clone()).collect(),
        cursor: behind.map(Cursor::at_position),
    }
}

/// About as many bytes as it has as JSON.
fn size(record: &AuditRecord) -> usize {
    let side = |side: &Option<Value>| side.as_ref().map_or(0, |side| side.to_string().len());
    500 + record.principal.len() + side(&record.before) + side(&record.after)
}

/// A record and its sort key.
fn from_item(item: &Item) -> Result<(AuditRecord, String), Corrupt> {
    let fields = Fields::of("audit", item)?;
    let sort = fields.text(SK)?;
    let entity = fields.text("entity")?;
    let subject = Subject::of(entity);
    let side = |name: &str| -> Result<Option<Value>, Corrupt> {
        let side: Option<&HashMap<String, AttributeValue>> = fields.map(name)?;
        Ok(side.map(|side| super::told::shown(side, &subject)))
    };
    let record = AuditRecord {
        id: sort.split_once('#').map_or(sort, |(_, id)| id).to_owned(),
        at: fields.instant("at")?,
        action: fields.text("action")?.to_owned(),
        entity: entity.to_owned(),
        principal: fields.text("principal")?.to_owned(),
        source_ip: fields.text_if_any("sourceIp")?.map(str::to_owned),
        before: side("before")?,
        after: side("after")?,
        key_id: subject.key_id,
        plan_id: subject.plan_id,
    };
    Ok((record, sort.to_owned()))
}
