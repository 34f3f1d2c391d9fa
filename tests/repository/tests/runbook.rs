//! The runbook, the alarms and the dashboard speak of the same things: each alarm has its heading
//! and each heading its alarm, and what they watch is what the functions write.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use latchkey_repository::document;
use yaml_rust2::{Yaml, YamlLoader};

fn template() -> Yaml {
    let text = document("template.yaml").unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

/// Properties of the resources of a type, by logical id.
fn resources(template: &Yaml, kind: &str) -> BTreeMap<String, Yaml> {
    let all = template["Resources"].as_hash().unwrap().iter();
    all.filter(|(_, resource)| resource["Type"].as_str() == Some(kind))
        .map(|(name, resource)| {
            let name = name.as_str().unwrap().to_owned();
            (name, resource["Properties"].clone())
        })
        .collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || *c == ' ');
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The headings of the chapter on alarms: its slug, and the alarm that its text begins with.
fn headings() -> BTreeMap<String, String> {
    let page = document("docs/runbook.md").unwrap();
    let (_, chapter) = page.split_once("\n## Alarms\n").unwrap();
    let (chapter, _) = chapter.split_once("\n## ").unwrap();
    let sections = chapter.split("\n### ").skip(1);
    sections
        .map(|section| {
            let (heading, text) = section.split_once("\n\n`").unwrap();
            (slug(heading), text.split('`').next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn each_alarm_has_its_heading_in_the_runbook_and_each_heading_its_alarm() {
    let mut named = BTreeMap::new();
    for (name, alarm) in resources(&template(), "AWS::CloudWatch::Alarm") {
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let (_, slug) = description.split_once(" docs/runbook.md#").unwrap();
        assert_eq!(named.insert(slug.to_owned(), name), None, "{slug} twice");
    }
    assert!(named.len() >= 10);
    assert_eq!(named, headings());
}

/// A metric's name and its dimensions, in order.
type Metric = (String, Vec<String>);

/// What the sources of both functions give to the writer of metrics: names stand beside units.
fn names_written() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in [
        "functions/authorizer/src/metrics.rs",
        "functions/reconciler/src/metrics.rs",
    ] {
        let text = document(source).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        let is_name = |word: &&str| {
            let mut bytes = word.bytes();
            bytes.next().is_some_and(|b| b.is_ascii_uppercase())
                && bytes.all(|b| b.is_ascii_alphabetic())
        };
        let quoted = text.split('"').skip(1).step_by(2);
        names.extend(quoted.filter(is_name).map(str::to_owned));
    }
    for dimension in ["TableName", "Plan", "Reason"] {
        assert!(names.remove(dimension), "{dimension}");
    }
    names
}

/// The metrics of the runbook's table, with all the dimensions that they have.
fn metrics_told() -> BTreeSet<Metric> {
    let page = document("docs/runbook.md").unwrap();
    let (_, chapter) = page.split_once("\n## Metrics\n").unwrap();
    let (chapter, _) = chapter.split_once("\n## ").unwrap();
    let rows = chapter.lines().filter(|line| line.starts_with("| `"));
    let mut told = BTreeSet::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for more in cells[3].split("; ") {
            let more = Some(more.trim_matches('`')).filter(|more| *more != "none");
            let dimensions = ["TableName"].into_iter().chain(more);
            let name = cells[1].trim_matches('`').to_owned();
            told.insert((name, dimensions.map(str::to_owned).collect()));
        }
    }
    told
}

#[test]
fn the_runbook_has_a_row_for_each_metric_that_is_written() {
    let told: BTreeSet<String> = metrics_told().into_iter().map(|(name, _)| name).collect();
    assert_eq!(told, names_written());
}

/// The metrics of Latchkey that an alarm watches.
fn watched(part: &Yaml, found: &mut BTreeSet<Metric>) {
    if let Some(fields) = part.as_hash() {
        if part["Namespace"].as_str() == Some("Latchkey") {
            let dimensions = part["Dimensions"].as_vec().unwrap().iter();
            let dimensions = dimensions.map(|one| one["Name"].as_str().unwrap().to_owned());
            let name = part["MetricName"].as_str().unwrap().to_owned();
            found.insert((name, dimensions.collect()));
        }
        fields.values().for_each(|field| watched(field, found));
    }
    let items = part.as_vec().into_iter().flatten();
    items.for_each(|item| watched(item, found));
}

/// The metrics of Latchkey that the dashboard shows: `["Latchkey",NAME,"TableName",...]`, and
/// searches by one more dimension.
fn shown(body: &str) -> BTreeSet<Metric> {
    let compact: String = body.split_whitespace().collect();
    let table = vec!["TableName".to_owned()];
    let plain = compact.split("[\"Latchkey\",\"").skip(1).map(|rest| {
        let (name, rest) = rest.split_once('"').unwrap();
        assert!(rest.starts_with(",\"TableName\",\"${Table}\""), "{name}");
        (name.to_owned(), table.clone())
    });
    let searched = compact.split("{Latchkey,TableName,").skip(1).map(|rest| {
        let (dimension, rest) = rest.split_once('}').unwrap();
        let name = rest.split("MetricName=\\\"").nth(1).unwrap();
        let name = name.split('\\').next().unwrap().to_owned();
        (name, vec!["TableName".to_owned(), dimension.to_owned()])
    });
    plain.chain(searched).collect()
}

#[test]
fn what_alarms_and_the_dashboard_watch_is_what_is_written() {
    let (template, told) = (template(), metrics_told());
    let mut all = BTreeSet::new();
    for alarm in resources(&template, "AWS::CloudWatch::Alarm").values() {
        watched(alarm, &mut all);
    }
    assert!(all.len() >= 5, "{all:?}");
    let dashboards = resources(&template, "AWS::CloudWatch::Dashboard");
    assert_eq!(dashboards.len(), 1);
    for dashboard in dashboards.values() {
        // A text, and beside it what is put in.
        let shown = shown(dashboard["DashboardBody"][0].as_str().unwrap());
        assert_eq!(shown, told, "the dashboard shows each metric");
    }
    let unknown: Vec<&Metric> = all.difference(&told).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The demo APIs have the formats that the runbook has.
#[test]
fn the_access_logs_of_the_demo_apis_are_the_runbook_s() {
    let page = document("docs/runbook.md").unwrap();
    let formats: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("{\"requestId\""))
        .collect();
    assert_eq!(formats.len(), 3);
    let folded = |format: &Yaml| -> String {
        let words = format.as_str().unwrap().split_whitespace();
        words.collect()
    };
    let template = template();
    let mut seen = 0;
    for (kind, settings, expected) in [
        ("AWS::ApiGateway::Stage", "AccessLogSetting", formats[0]),
        ("AWS::ApiGatewayV2::Stage", "AccessLogSettings", formats[1]),
    ] {
        for stage in resources(&template, kind).values() {
            if let Some(choices) = stage[settings].as_vec() {
                assert_eq!(folded(&choices[1]["Format"]), expected);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 3);
}
