//! The audit: who changed what, with what was there before and after.

use askama::Template;
use axum::extract::{RawQuery, State};
use serde_json::Value;

use super::{
    App, Page,
    form::Form,
    frame::{Frame, html},
    search::search,
    words,
};
use crate::client::{AuditRecord, Path};

/// What can be filtered by: the admin API's own parameters.
const NAMES: &[&str] = &["keyId", "planId", "principal", "startDate", "endDate"];
/// The longest value that is shown of a field, in characters.
const LONGEST: usize = 200;

/// A change as it is shown.
pub(super) struct Entry {
    pub(super) at: String,
    pub(super) action: String,
    pub(super) entity: String,
    /// The page of what was changed, where it has one.
    pub(super) href: Option<String>,
    pub(super) principal: String,
    pub(super) source_ip: String,
    pub(super) fields: Vec<Changed>,
}

/// A field that is other than it was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) name: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

#[derive(Template)]
#[template(path = "console/audit.html")]
struct AuditPage {
    frame: Frame,
    form: Form,
    wrong: Option<String>,
    changes: Vec<Entry>,
    next: Option<String>,
    /// The address of the first page, on those after it.
    first: Option<String>,
}

/// GET /audit
pub(super) async fn list(State(console): App, RawQuery(query): RawQuery) -> Page {
    let found = search::<AuditRecord>(&console, "audit", NAMES, query.as_deref()).await?;
    let status = found.status;
    let shown = AuditPage {
        frame: Frame::of(&console, "/audit", "Audit"),
        form: found.form,
        wrong: found.wrong,
        changes: found.items.iter().map(entry).collect(),
        next: found.next,
        first: found.first,
    };
    Ok(html(status, &shown))
}

pub(super) fn entry(record: &AuditRecord) -> Entry {
    let page = |part, id: &Option<String>| id.as_ref().map(|id| Path::of(&[part, id]).to_string());
    Entry {
        at: words::when(&record.at),
        action: record.action.clone(),
        entity: record.entity.clone(),
        href: page("keys", &record.key_id).or_else(|| page("plans", &record.plan_id)),
        principal: record.principal.clone(),
        source_ip: record.source_ip.clone().unwrap_or_default(),
        fields: difference(record.before.as_ref(), record.after.as_ref()),
    }
}

/// The fields that are not the same, by their names: `quota.limit`.
fn difference(before: Option<&Value>, after: Option<&Value>) -> Vec<Changed> {
    let mut fields = Vec::new();
    compare(String::new(), before, after, &mut fields);
    fields
}

fn compare(name: String, before: Option<&Value>, after: Option<&Value>, into: &mut Vec<Changed>) {
    if before == after {
        return;
    }
    let object =
        |value: Option<&'_ Value>| value.is_none_or(|value| value.is_object() || value.is_null());
    let names = |value: Option<&Value>| -> Vec<String> {
        let fields = value.and_then(Value::as_object);
        fields.map_or_else(Vec::new, |fields| fields.keys().cloned().collect())
    };
    let mut inner = names(before);
    inner.extend(names(after));
    inner.sort_unstable();
    inner.dedup();
    if object(before) && object(after) && !inner.is_empty() {
        for field in inner {
            let of = |value: Option<&'_ Value>| value.and_then(|value| value.get(&field)).cloned();
            let named = if name.is_empty() {
                field.clone()
            } else {
                format!("{name}.{field}")
            };
            compare(named, of(before).as_ref(), of(after).as_ref(), into);
        }
        return;
    }
    let (before, after) = (before.and_then(said), after.and_then(said));
    if before != after {
        into.push(Changed {
            name,
            before,
            after,
        });
    }
}

/// A value in few words; none where nothing is said.
fn said(value: &Value) -> Option<String> {
    let mut text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
        text.push('…');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(name: &str, before: Option<&str>, after: Option<&str>) -> Changed {
        Changed {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    #[test]
    fn only_what_is_other_is_shown_by_its_name() {
        let before = json!({"name": "a", "quota": {"limit": 1, "period": "DAY"}, "enabled": true});
        let after = json!({"name": "a", "quota": {"limit": 2, "period": "DAY"}, "enabled": false});
        assert_eq!(
            difference(Some(&before), Some(&after)),
            [
                changed("enabled", Some("true"), Some("false")),
                changed("quota.limit", Some("1"), Some("2")),
            ]
        );
    }

    #[test]
    fn what_came_and_what_went_has_one_side() {
        let there = json!({"name": "a", "routes": ["GET /x"], "description": null});
        assert_eq!(
            difference(None, Some(&there)),
            [
                changed("name", None, Some("a")),
                changed("routes", None, Some(r#"["GET /x"]"#)),
            ]
        );
        assert_eq!(difference(Some(&there), Some(&json!(null))).len(), 2);
        assert_eq!(difference(Some(&there), Some(&there)), []);
    }
}
