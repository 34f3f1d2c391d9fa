//! Pages: at most 25 entries, whatever is asked for.

use serde_json::{Value, json};

use crate::call::Request;

/// The page that a request asks for, of entries in the order of their ids. A position is the
/// last id that was given, so that entries which come and go do not move the others.
pub(crate) fn page<T>(
    entries: impl Iterator<Item = (String, T)>,
    request: &Request,
    most: usize,
) -> (Vec<(String, T)>, Option<String>) {
    let asked = request.query("limit").and_then(|limit| limit.parse().ok());
    let size = asked.unwrap_or(25).clamp(1, most.max(1));
    let after = request.query("position").unwrap_or_default();
    let mut entries = entries.skip_while(|(id, _)| !after.is_empty() && id.as_str() <= after);
    let page: Vec<_> = entries.by_ref().take(size).collect();
    let more = entries.next().is_some();
    let position = page.last().filter(|_| more).map(|(id, _)| id.clone());
    (page, position)
}

/// A page as API Gateway writes it.
pub(crate) fn listed(page: Vec<(String, Value)>, position: Option<String>) -> Value {
    let item: Vec<Value> = page.into_iter().map(|(_, entry)| entry).collect();
    match position {
        Some(position) => json!({ "item": item, "position": position }),
        None => json!({ "item": item }),
    }
}
