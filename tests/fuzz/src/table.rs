//! Tables of keys (CSV) for `POST /v1/import`.

use http::Method;
use serde_json::Value;

use crate::{
    admin::{send, tells_no_value, with_values},
    text,
};

/// A table: told what it would do, and done. What was only told has written nothing, both say
/// the same of each row, and no error tells a value.
pub fn table(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let table = with_values(text);
    let post = |query: &str| {
        let target = format!("/v1/import{query}");
        send(Method::POST, &target, "text/csv", table.clone())
    };
    let told = post("?dryRun=true");
    assert_eq!(told.writes, 0, "a dry run has written");
    let done = post("");
    let valid = post("?onError=valid");
    let statuses = |answer: Value| -> Vec<(Value, bool)> {
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        let is_wrong = |item: &Value| item["status"] == "INVALID" || item["status"] == "invalid";
        items
            .iter()
            .map(|item| (item["line"].clone(), is_wrong(item)))
            .collect()
    };
    let rows = statuses(told.json());
    assert_eq!(rows, statuses(valid.json()), "{table:?}");
    assert_eq!(told.status, valid.status);
    if told.status == 200 {
        let has_wrong = rows.iter().any(|(_, is_wrong)| *is_wrong);
        assert_eq!(
            done.status.is_success(),
            !has_wrong,
            "{table:?}: {}",
            told.text
        );
    }
    for answer in [told, valid] {
        for item in answer.json()["items"].as_array().into_iter().flatten() {
            tells_no_value(&item["errors"].to_string());
        }
    }
}
