//! A key as it is printed.

use jiff::Timestamp;

use super::super::{
    Cell, Session, column,
    output::{Detail, Sheet},
};
use crate::{
    client::{Answer, Key},
    failure::Failure,
};

/// What a list of keys has of each.
pub(super) fn sheet(session: &Session) -> Sheet<Key> {
    let now = session.clock.now().timestamp();
    Sheet {
        columns: vec![
            column("ID", "id"),
            column("NAME", "name"),
            column("CUSTOMER", "customerId"),
            column("ENDS IN", "last4"),
            column("STATE", "state"),
            column("PLANS", "planIds"),
            column("EXPIRES", "expiresAt"),
            column("CREATED", "createdDate"),
        ],
        row: Box::new(move |key: &Key| {
            vec![
                Cell::text(&key.id),
                Cell::of(key.name.as_ref(), Cell::text),
                Cell::of(key.customer_id.as_ref(), Cell::text),
                Cell::of(key.last4.as_ref(), Cell::text),
                state(key, now),
                Cell::List(key.plan_ids.clone()),
                Cell::of(key.expires_at.as_ref(), Cell::day),
                Cell::day(&key.created_date),
            ]
        }),
    }
}

/// The same, with the day of the last use, where that is told.
pub(super) fn sheet_with_use(session: &Session) -> Sheet<Key> {
    let Sheet { mut columns, row } = sheet(session);
    columns.push(column("LAST USED", "lastUsedDate"));
    Sheet {
        columns,
        row: Box::new(move |key: &Key| {
            let mut cells = row(key);
            cells.push(last_used(key));
            cells
        }),
    }
}

/// One key.
pub(super) fn print(session: &Session, answer: &Answer) -> Result<(), Failure> {
    let now = session.clock.now().timestamp();
    let etag = answer.etag.as_deref();
    let details = |key: &Key| details(key, now, etag);
    session.printer.one(&sheet(session), &answer.body, details)
}

fn details(key: &Key, now: Timestamp, etag: Option<&str>) -> Vec<Detail> {
    let mut details = vec![
        ("ID", Cell::text(&key.id)),
        ("NAME", Cell::of(key.name.as_ref(), Cell::text)),
        (
            "DESCRIPTION",
            Cell::of(key.description.as_ref(), Cell::text),
        ),
        ("CUSTOMER", Cell::of(key.customer_id.as_ref(), Cell::text)),
        ("STATE", state(key, now)),
        ("VALUE", value(key)),
    ];
    for previous in &key.previous_values {
        let until = Cell::instant(&previous.expires_at);
        let text = format!("…{}, works until {}", previous.last4, until.short());
        details.push(("FORMER VALUE", Cell::text(text)));
    }
    let of_list = |entries: &[String]| match entries {
        [] => Cell::Bad("none".to_owned()),
        entries => Cell::List(entries.to_vec()),
    };
    details.extend([
        ("PLANS", of_list(&key.plan_ids)),
        (
            "NOT BEFORE",
            Cell::of(key.not_before.as_ref(), Cell::instant),
        ),
        ("EXPIRES", Cell::of(key.expires_at.as_ref(), Cell::instant)),
        ("ALLOWED IPS", Cell::of(key.allowed_ips.as_deref(), of_list)),
        ("ROUTES", Cell::of(key.routes.as_deref(), of_list)),
    ]);
    let entries = key.metadata.iter();
    details.extend(entries.map(|(name, text)| ("METADATA", Cell::text(format!("{name}={text}")))));
    details.extend([
        (
            "API GATEWAY",
            Cell::of(key.api_gateway.as_ref(), super::super::native),
        ),
        ("LAST USED", last_used(key)),
        ("CREATED", Cell::instant(&key.created_date)),
        ("UPDATED", Cell::instant(&key.last_updated_date)),
        ("ETAG", Cell::of(etag, Cell::text)),
    ]);
    details
}

/// `lk_live_…x7Qd`.
fn value(key: &Key) -> Cell {
    let prefix = key.prefix.as_ref().map(|prefix| format!("{prefix}_"));
    Cell::of(key.last4.as_ref(), |last4| {
        Cell::text(format!("{}…{last4}", prefix.unwrap_or_default()))
    })
}

fn last_used(key: &Key) -> Cell {
    match &key.last_used_date {
        None => Cell::Empty,
        Some(None) => Cell::text("never"),
        Some(Some(day)) => Cell::instant(day),
    }
}

/// The names of `--state`.
fn state(key: &Key, now: Timestamp) -> Cell {
    let at = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
    if !key.enabled {
        Cell::Bad("disabled".to_owned())
    } else if at(&key.expires_at).is_some_and(|at| at <= now) {
        Cell::Bad("expired".to_owned())
    } else if at(&key.not_before).is_some_and(|at| now < at) {
        Cell::Bad("notYetValid".to_owned())
    } else {
        Cell::Good("enabled".to_owned())
    }
}
