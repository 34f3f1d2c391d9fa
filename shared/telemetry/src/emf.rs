//! Metrics as CloudWatch reads them from a function's log: one line of JSON in its Embedded
//! Metric Format (AWS, "Specification: Embedded metric format").
//!
//! The line is text that this module puts together itself: its keys and values are names and
//! whole numbers, and a function whose binary has a budget need not link more for them.

use std::fmt::Write as _;

/// Where all of Latchkey's metrics are found.
pub const NAMESPACE: &str = "Latchkey";
/// What CloudWatch takes of one metric in one line.
pub const MOST_VALUES: usize = 100;

/// What a metric's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Microseconds => "Microseconds",
        }
    }
}

/// What was seen of one metric.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// One number.
    Sum(u64),
    /// Each number by itself, so that percentiles can be told: [`MOST_VALUES`] of them at most,
    /// later ones are left out. None of them is no metric.
    Each(&'a [u64]),
}

/// A name that alarms rely on, and what was seen.
pub type Metric<'a> = (&'static str, Unit, Seen<'a>);

/// One line, without its end. `at_ms` is milliseconds since 1970; all metrics have all
/// `dimensions`, whose values are any text.
pub fn line(at_ms: i64, dimensions: &[(&str, &str)], metrics: &[Metric<'_>]) -> String {
    let is_there = |metric: &&Metric<'_>| !matches!(metric.2, Seen::Each([]));
    let mut text = String::with_capacity(256 + 96 * metrics.len());
    // Writing to a text does not fail.
    let _ = write!(
        text,
        r#"{{"_aws":{{"Timestamp":{at_ms},"CloudWatchMetrics":[{{"Namespace":"{NAMESPACE}","Dimensions":[["#
    );
    for (at, (name, _)) in dimensions.iter().enumerate() {
        separate(&mut text, at);
        quote(&mut text, name);
    }
    text.push_str(r#"]],"Metrics":["#);
    for (at, (name, unit, _)) in metrics.iter().filter(is_there).enumerate() {
        separate(&mut text, at);
        let unit = unit.as_str();
        let _ = write!(text, r#"{{"Name":"{name}","Unit":"{unit}"}}"#);
    }
    text.push_str("]}]}");
    for (name, value) in dimensions {
        text.push(',');
        quote(&mut text, name);
        text.push(':');
        quote(&mut text, value);
    }
    for (name, _, seen) in metrics.iter().filter(is_there) {
        let _ = write!(text, r#","{name}":"#);
        match seen {
            Seen::Sum(value) => {
                let _ = write!(text, "{value}");
            }
            Seen::Each(values) => {
                text.push('[');
                for (at, value) in values.iter().take(MOST_VALUES).enumerate() {
                    separate(&mut text, at);
                    let _ = write!(text, "{value}");
                }
                text.push(']');
            }
        }
    }
    text.push('}');
    text
}

fn separate(text: &mut String, at: usize) {
    if at > 0 {
        text.push(',');
    }
}

/// A string of JSON (RFC 8259).
fn quote(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\0'..='\x1f' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(dimensions: &[(&str, &str)], metrics: &[Metric<'_>]) -> Value {
        let line = line(5_000, dimensions, metrics);
        assert_eq!(line.lines().count(), 1);
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_line_defines_what_it_holds() {
        let metrics = [
            ("Calls", Unit::Count, Seen::Sum(3)),
            ("Took", Unit::Microseconds, Seen::Each(&[1, 2])),
            ("Nothing", Unit::Count, Seen::Each(&[])),
        ];
        let expected = json!({
            "_aws": {
                "Timestamp": 5_000,
                "CloudWatchMetrics": [{
                    "Namespace": "Latchkey",
                    "Dimensions": [["TableName", "Plan"]],
                    "Metrics": [
                        {"Name": "Calls", "Unit": "Count"},
                        {"Name": "Took", "Unit": "Microseconds"},
                    ],
                }],
            },
            "TableName": "keys",
            "Plan": "gold",
            "Calls": 3,
            "Took": [1, 2],
        });
        let dimensions = [("TableName", "keys"), ("Plan", "gold")];
        assert_eq!(read(&dimensions, &metrics), expected);
    }

    #[test]
    fn a_value_of_any_text_stays_one_string() {
        for text in ["a\"b", "a\\", "a\nb\u{0}\u{1f}", "\u{2028}é"] {
            assert_eq!(read(&[("TableName", text)], &[])["TableName"], text);
        }
    }

    #[test]
    fn a_metric_has_no_more_values_than_cloudwatch_takes() {
        let values: Vec<u64> = (0..250).collect();
        let line = read(&[], &[("Took", Unit::Milliseconds, Seen::Each(&values))]);
        assert_eq!(line["Took"].as_array().unwrap().len(), MOST_VALUES);
    }
}
