//! `latchkey audit`: who changed what, and when.

use serde_json::Value;

use super::{Cell, Machine, Options, Session, column, options::Listing, output::Sheet};
use crate::{
    client::{AuditRecord, Query},
    failure::Failure,
};

/// Who changed what, and when, latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
All filters that are given must hold. Examples:
  latchkey audit --limit 20
  latchkey audit --key key_5gHXWJaVoGxMBrDn --start-date 2026-11-01 --output json")]
pub(crate) struct Arguments {
    /// Changes of this key, and of its plans
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Changes of this plan
    #[arg(long, value_name = "ID")]
    plan: Option<String>,
    /// Changes of this entity, as ENTITY names it
    #[arg(long)]
    entity: Option<String>,
    /// Changes by this caller
    #[arg(long, value_name = "ARN")]
    principal: Option<String>,
    /// Changes from this day or instant on
    #[arg(long, value_name = "DATE")]
    start_date: Option<String>,
    /// Changes until this day or instant, inclusive
    #[arg(long, value_name = "DATE")]
    end_date: Option<String>,
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    options: Options,
}

/// # Errors
/// [`Failure`].
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let session = Session::open(&arguments.options, machine).await?;
    let filters = Query::default()
        .with("keyId", arguments.key)
        .with("planId", arguments.plan)
        .with("entity", arguments.entity)
        .with("principal", arguments.principal)
        .with("startDate", arguments.start_date)
        .with("endDate", arguments.end_date);
    let records = session.items(&["v1", "audit"], &filters, arguments.listing);
    session.printer.list(&sheet(), &records.await?)
}

fn sheet() -> Sheet<AuditRecord> {
    Sheet {
        columns: vec![
            column("AT", "at"),
            column("ACTION", "action"),
            column("ENTITY", "entity"),
            column("CHANGE", "change"),
            column("BY", "principal"),
            column("FROM", "sourceIp"),
        ],
        row: Box::new(|record: &AuditRecord| {
            vec![
                Cell::instant(&record.at),
                Cell::text(&record.action),
                Cell::text(&record.entity),
                Cell::List(changes(record.before.as_ref(), record.after.as_ref())),
                Cell::text(&record.principal),
                Cell::of(record.source_ip.as_ref(), Cell::text),
            ]
        }),
    }
}

/// `enabled: true → false` for each field that is another. What came or went as a whole is told
/// by the action.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
    let (Some(before), Some(after)) = (fields(before), fields(after)) else {
        return Vec::new();
    };
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let text = |value: Option<&Value>| value.map_or_else(|| "–".to_owned(), Value::to_string);
    let told = names.into_iter().filter_map(|name| {
        let (before, after) = (before.get(name), after.get(name));
        let is_other = before != after && name != "lastUpdatedDate";
        is_other.then(|| format!("{name}: {} → {}", text(before), text(after)))
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_names_the_fields_that_are_others() {
        let before = json!({"enabled": true, "name": "a", "lastUpdatedDate": "1"});
        let after = json!({"enabled": false, "name": "a", "quota": 5, "lastUpdatedDate": "2"});
        assert_eq!(
            changes(Some(&before), Some(&after)),
            ["enabled: true → false", "quota: – → 5"]
        );
        assert!(changes(None, Some(&after)).is_empty());
    }
}
