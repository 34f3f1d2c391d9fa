//! What the process tells of its calls: a line for each decision, and metrics.

use std::{collections::BTreeSet, time::Duration};

use latchkey_authorizer::event::Kind;
use latchkey_domain::{KeyValue, Period, Quota, Reason};
use latchkey_runtime_api::{Ended, Function};
use serde_json::Value;

use crate::{
    event, world,
    world::{World, event_with, key, plan, value},
};

/// The lines of an output: decisions, and metrics.
fn told(output: &str) -> (Vec<Value>, Vec<Value>) {
    let lines = output.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let (metrics, lines): (Vec<Value>, Vec<Value>) =
        lines.partition(|line| line["_aws"].is_object());
    let is_decision = |line: &Value| line["message"] == "decision";
    (lines.into_iter().filter(is_decision).collect(), metrics)
}

async fn call(function: &Function, value: &KeyValue) {
    let event = event_with(Kind::RestRequest, value);
    function.invoke(event).await.unwrap();
}

async fn ended(function: Function) -> (Ended, Vec<Value>, Vec<Value>) {
    let ended = function.stop().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    let (decisions, metrics) = told(&ended.output);
    (ended, decisions, metrics)
}

/// A key on a plan with a quota of ten, and a function.
async fn with_a_quota(settings: &[(&str, &str)]) -> (World, KeyValue, Function) {
    let world = World::new().await;
    let quota = Quota::new(10, Period::Month).unwrap();
    let gold = plan("gold", Some(quota), None);
    world.put_plan(&gold).await;
    let value = value(1);
    world.put_key(&key(&value), &[&gold]).await;
    let function = world.function(settings).await;
    (world, value, function)
}

#[tokio::test]
async fn each_decision_is_one_line_with_the_fields_that_the_runbook_names() {
    let (_world, value, function) = with_a_quota(&[]).await;
    for _ in 0..12 {
        call(&function, &value).await;
    }
    function.invoke(b"{}".to_vec()).await.unwrap();
    let (_, decisions, _) = ended(function).await;
    let of = |decision: &str| -> Vec<&Value> {
        let lines = decisions.iter();
        lines.filter(|line| line["decision"] == decision).collect()
    };
    let (allowed, denied) = (of("allow"), of("deny"));
    assert_eq!((allowed.len(), denied.len()), (10, 3));
    let first = allowed[0];
    let expected = [
        ("customer_id", "acme".into()),
        ("plan_id", "gold".into()),
        ("units", 1.into()),
        ("quota_remaining", 9.into()),
        ("kind", "rest-request".into()),
        ("sample", 1.into()),
        ("key_id", value.presented().id.to_string().into()),
    ];
    for (field, value) in expected {
        assert_eq!(first[field], Value::clone(&value), "{field}");
    }
    assert_eq!(first["reason"], Value::Null);
    let reasons: Vec<&Value> = denied.iter().map(|line| &line["reason"]).collect();
    assert_eq!(
        reasons,
        ["quota_exceeded", "quota_exceeded", "malformed_event"]
    );
    let page = std::fs::read_to_string("../../docs/runbook.md").unwrap();
    for field in first.as_object().unwrap().keys() {
        assert!(page.contains(&format!("| `{field}` |")), "{field}");
    }
}

#[tokio::test]
async fn of_admitted_calls_as_many_are_logged_as_were_asked_for_and_of_refused_ones_all() {
    for (asked, logged) in [("1", 10), ("4", 3), ("100", 1), ("0", 0)] {
        let (_world, value, function) = with_a_quota(&[("LOG_ALLOWS", asked)]).await;
        for _ in 0..13 {
            call(&function, &value).await;
        }
        let (_, decisions, metrics) = ended(function).await;
        let (allowed, denied): (Vec<_>, Vec<_>) = decisions
            .iter()
            .partition(|line| line["decision"] == "allow");
        assert_eq!((allowed.len(), denied.len()), (logged, 3), "{asked}");
        let sample: u64 = asked.parse().unwrap();
        assert!(allowed.iter().all(|line| line["sample"] == sample));
        assert!(denied.iter().all(|line| line["sample"] == 1));
        assert_eq!(metrics[0]["Allowed"], 10, "metrics count each");
    }
}

#[tokio::test]
async fn at_its_end_the_process_writes_the_metrics_of_its_calls() {
    let (_world, value, function) = with_a_quota(&[]).await;
    for _ in 0..12 {
        call(&function, &value).await;
    }
    function
        .invoke(event("rest-request-arn-only"))
        .await
        .unwrap();
    let (_, _, metrics) = ended(function).await;
    metrics.iter().for_each(is_embedded_metric_format);
    let table = &metrics[0];
    assert_eq!(
        (&table["Allowed"], &table["Refused"]),
        (&10.into(), &3.into())
    );
    assert_eq!(table["KeysNearQuota"], 1);
    assert_eq!(table["KeyCacheMisses"], 1);
    assert!(table["StoreWrites"].as_u64() > Some(0), "{table}");
    let of = |dimension: &str, value: &str, metric: &str| {
        let line = metrics.iter().find(|line| line[dimension] == value);
        line.and_then(|line| line[metric].as_u64())
    };
    assert_eq!(
        of("Reason", Reason::QuotaExceeded.as_str(), "Refused"),
        Some(2)
    );
    assert_eq!(
        of("Reason", Reason::MissingKey.as_str(), "Refused"),
        Some(1)
    );
    assert_eq!(of("Plan", "gold", "Allowed"), Some(10));
    assert_eq!(of("Plan", "gold", "Refused"), Some(2));
}

#[tokio::test]
async fn no_line_of_decisions_or_metrics_tells_a_value() {
    let (_world, known, function) = with_a_quota(&[("LOG_LEVEL", "trace")]).await;
    let made_up = value(9);
    for value in [&known, &made_up] {
        call(&function, value).await;
    }
    let (ended, decisions, metrics) = ended(function).await;
    assert_eq!(decisions.len(), 2);
    assert!(!metrics.is_empty());
    for value in [&known, &made_up] {
        assert!(!ended.output.contains(value.expose()), "{}", ended.output);
    }
    let text = format!("{decisions:?}");
    assert!(
        !text.contains(&made_up.presented().id.to_string()),
        "{text}"
    );
}

#[tokio::test]
async fn metrics_can_be_turned_off() {
    let (_world, value, function) = with_a_quota(&[("METRICS", "off")]).await;
    call(&function, &value).await;
    let (_, decisions, metrics) = ended(function).await;
    assert_eq!((decisions.len(), metrics.len()), (1, 0));
}

/// What the specification of the format asks of a line (AWS, "Specification: Embedded metric
/// format", its schema and its limits).
fn is_embedded_metric_format(line: &Value) {
    const UNITS: [&str; 3] = ["Count", "Microseconds", "Milliseconds"];
    let aws = &line["_aws"];
    let written = Duration::from_millis(aws["Timestamp"].as_u64().unwrap());
    assert!(written > Duration::from_secs(1_700_000_000), "{line}");
    let directives = aws["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty());
    for directive in directives {
        let namespace = directive["Namespace"].as_str().unwrap();
        assert!((1..=255).contains(&namespace.len()), "{line}");
        for set in directive["Dimensions"].as_array().unwrap() {
            let names = set.as_array().unwrap();
            assert!((1..=30).contains(&names.len()), "{line}");
            for name in names {
                let value = line[name.as_str().unwrap()].as_str().unwrap();
                assert!((1..=1024).contains(&value.len()), "{line}");
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()), "{line}");
        let mut names = BTreeSet::new();
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!(names.insert(name), "{name} twice");
            assert!(UNITS.contains(&metric["Unit"].as_str().unwrap()), "{line}");
            match &line[name] {
                Value::Number(_) => {}
                Value::Array(values) => {
                    assert!((1..=100).contains(&values.len()), "{line}");
                    assert!(values.iter().all(Value::is_number), "{line}");
                }
                other => panic!("{name} is {other}"),
            }
        }
    }
    assert!(line.to_string().len() < 256 * 1024);
}

#[tokio::test]
async fn a_busy_process_writes_metrics_that_cloudwatch_takes_before_a_line_is_full() {
    let world = world().await;
    let function = world.function(&[("LEASE_MAX", "1")]).await;
    let value = crate::support::generated();
    for _ in 0..150 {
        call(&function, &value).await;
    }
    let (_, before_its_end) = told(&function.output());
    assert!(!before_its_end.is_empty());
    let (_, _, metrics) = ended(function).await;
    metrics.iter().for_each(is_embedded_metric_format);
    let latencies = metrics
        .iter()
        .filter_map(|line| line["StoreLatency"].as_array());
    assert_eq!(
        latencies.map(Vec::len).sum::<usize>(),
        151,
        "150 writes and a read"
    );
}
