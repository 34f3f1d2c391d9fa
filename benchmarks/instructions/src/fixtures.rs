//! What all benchmarks have: events, a plan, and who changes the table.

use jiff::Timestamp;
use latchkey_domain::{Period, Plan, PlanStage, Quota, StageSelector, Throttle};
use latchkey_store::Change;
use serde_json::{Value, json};

use crate::Outcome;

/// A call of an HTTP API, payload format 2.0, with this value in the header: 600 bytes.
///
/// # Errors
/// Where the event is none.
pub fn event(value: &str) -> Outcome<String> {
    of_http(include_str!("../../event.json"), value)
}

/// All that a REST API sends, as `tests/fixtures` has it, with this value: 2.3 KB.
///
/// # Errors
/// Where the event is none.
pub fn whole_rest_event(value: &str) -> Outcome<String> {
    let event = include_str!("../../../tests/fixtures/events/rest-request.json");
    let mut event: Value = serde_json::from_str(event)?;
    event["headers"]["X-Api-Key"] = value.into();
    event["multiValueHeaders"]["X-Api-Key"] = json!([value]);
    Ok(event.to_string())
}

/// The same of an HTTP API: 1.2 KB.
///
/// # Errors
/// Where the event is none.
pub fn whole_http_event(value: &str) -> Outcome<String> {
    let event = include_str!("../../../tests/fixtures/events/http-2.0.json");
    of_http(event, value)
}

fn of_http(event: &str, value: &str) -> Outcome<String> {
    let mut event: Value = serde_json::from_str(event)?;
    event["headers"]["x-api-key"] = value.into();
    event["identitySource"] = json!([value]);
    Ok(event.to_string())
}

/// A plan of so many units a month, on every stage, whose throttle nothing here reaches.
///
/// # Errors
/// Where the id is none, or the quota.
pub fn plan(id: &str, units: u64, made: Timestamp) -> Outcome<Plan> {
    Ok(Plan {
        throttle: Some(Throttle::new("100000".parse()?, Some(100_000))?),
        quota: Some(Quota::new(units, Period::Month)?),
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*")?,
            methods: vec![],
        }],
        ..Plan::new(id.parse()?, id.parse()?, made)
    })
}

/// A change of the table by a benchmark.
pub fn change(id: &str, at: Timestamp) -> Change {
    Change {
        at,
        id: id.to_owned(),
        principal: "benchmark".to_owned(),
        source_ip: None,
        receipt: None,
    }
}
