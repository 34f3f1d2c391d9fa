//! Metrics as CloudWatch reads them from a function's log: one line of JSON in its Embedded
//! Metric Format (AWS, "Specification: Embedded metric format").

use serde_json::{Value, json};

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
    let there = || {
        metrics
            .iter()
            .filter(|(_, _, seen)| !matches!(seen, Seen::Each([])))
    };
    let defined: Vec<Value> = there()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit.as_str()}))
        .collect();
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": at_ms,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": defined,
            }],
        },
    });
    for (name, value) in dimensions {
        line[*name] = (*value).into();
    }
    for (name, _, seen) in there() {
        line[*name] = match seen {
            Seen::Sum(value) => (*value).into(),
            Seen::Each(values) => values.iter().take(MOST_VALUES).copied().collect(),
        };
    }
    line.to_string()
}

#[cfg(test)]
mod tests {
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
