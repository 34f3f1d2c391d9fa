//! A run's numbers as CloudWatch metrics: one line of JSON in its Embedded Metric Format.

use std::io::{self, Write};

use jiff::Timestamp;
use latchkey_telemetry::emf::{self, Seen, Unit};

use crate::{Outcome, Report};

/// Writes the line of a run that did something; of others nothing.
///
/// # Errors
/// The writer's.
pub fn write_metrics(
    outcome: &Outcome,
    table: &str,
    at: Timestamp,
    to: &mut impl Write,
) -> io::Result<()> {
    match outcome {
        Outcome::Idle | Outcome::Busy => Ok(()),
        Outcome::Ran(report) => writeln!(to, "{}", line(report, table, at)),
    }
}

/// The names are relied on by alarms: add names, never rename.
fn line(report: &Report, table: &str, at: Timestamp) -> String {
    let took = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
    let mut metrics = vec![
        ("Pending", Unit::Count, Seen::Sum(report.pending)),
        ("Failed", Unit::Count, Seen::Sum(report.failed)),
        ("Attempts", Unit::Count, Seen::Sum(report.attempts)),
        ("Faults", Unit::Count, Seen::Sum(report.faults)),
        ("ControlPlaneCalls", Unit::Count, Seen::Sum(report.calls)),
        (
            "ControlPlaneThrottled",
            Unit::Count,
            Seen::Sum(report.throttled),
        ),
        ("RunDuration", Unit::Milliseconds, Seen::Sum(took)),
    ];
    if let Some((found, mended)) = report.drift {
        metrics.push(("DriftFound", Unit::Count, Seen::Sum(found)));
        metrics.push(("DriftMended", Unit::Count, Seen::Sum(mended)));
    }
    emf::line(at.as_millisecond(), &[("TableName", table)], &metrics)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;

    fn written(outcome: &Outcome) -> String {
        let mut text = Vec::new();
        write_metrics(
            outcome,
            "keys",
            Timestamp::from_second(5).unwrap(),
            &mut text,
        )
        .unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_run_that_did_something_is_one_line_that_defines_what_it_holds() {
        let report = Report {
            pending: 3,
            failed: 1,
            attempts: 7,
            faults: 0,
            drift: Some((2, 1)),
            calls: 20,
            throttled: 4,
            took: Duration::from_millis(1_500),
        };
        let text = written(&Outcome::Ran(report));
        assert_eq!(text.lines().count(), 1);
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], 5_000);
        let defined = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(defined["Namespace"], "Latchkey");
        assert_eq!(line[defined["Dimensions"][0][0].as_str().unwrap()], "keys");
        let metrics = defined["Metrics"].as_array().unwrap();
        let values: Vec<u64> = metrics
            .iter()
            .map(|metric| line[metric["Name"].as_str().unwrap()].as_u64().unwrap())
            .collect();
        assert_eq!(values, [3, 1, 7, 0, 20, 4, 1_500, 2, 1]);
    }

    #[test]
    fn a_run_without_a_comparison_says_nothing_of_drift_and_an_idle_one_nothing_at_all() {
        let line = written(&Outcome::Ran(Report::default()));
        assert!(!line.contains("Drift"), "{line}");
        assert_eq!(written(&Outcome::Idle) + &written(&Outcome::Busy), "");
    }
}
