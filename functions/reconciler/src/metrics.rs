//! A run's numbers as CloudWatch metrics: one line of JSON in its Embedded Metric Format.

use std::io::{self, Write};

use jiff::Timestamp;
use latchkey_telemetry::emf::{self, Metric, Seen, Unit};

use crate::{Left, Outcome, Report};

/// Writes a run's line. One that had nothing to do tells what is left, so that an alarm sees each
/// minute what is tried once an hour; one that left the work to another tells nothing.
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
        Outcome::Busy => Ok(()),
        Outcome::Idle(left) => writeln!(to, "{}", line(&of_left(left), table, at)),
        Outcome::Ran(report) => writeln!(to, "{}", line(&of_report(report), table, at)),
    }
}

fn line(metrics: &[Metric<'_>], table: &str, at: Timestamp) -> String {
    emf::line(at.as_millisecond(), &[("TableName", table)], metrics)
}

// The names are relied on by alarms: add names, never rename.

fn of_left(left: &Left) -> Vec<Metric<'static>> {
    vec![
        ("Pending", Unit::Count, Seen::Sum(left.pending)),
        ("Failed", Unit::Count, Seen::Sum(left.failed)),
    ]
}

fn of_report(report: &Report) -> Vec<Metric<'static>> {
    let took = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX);
    let mut metrics = of_left(&report.left);
    metrics.extend([
        ("Attempts", Unit::Count, Seen::Sum(report.attempts)),
        ("Faults", Unit::Count, Seen::Sum(report.faults)),
        ("ControlPlaneCalls", Unit::Count, Seen::Sum(report.calls)),
        (
            "ControlPlaneThrottled",
            Unit::Count,
            Seen::Sum(report.throttled),
        ),
        ("RunDuration", Unit::Milliseconds, Seen::Sum(took)),
    ]);
    if let Some((found, mended)) = report.drift {
        metrics.push(("DriftFound", Unit::Count, Seen::Sum(found)));
        metrics.push(("DriftMended", Unit::Count, Seen::Sum(mended)));
    }
    metrics
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
            left: Left {
                pending: 3,
                failed: 1,
            },
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
    fn a_run_without_a_comparison_says_nothing_of_drift_and_a_busy_one_nothing_at_all() {
        let line = written(&Outcome::Ran(Report::default()));
        assert!(!line.contains("Drift"), "{line}");
        assert_eq!(written(&Outcome::Busy), "");
    }

    #[test]
    fn a_run_that_had_nothing_to_do_tells_what_is_left_and_nothing_else() {
        let left = Left {
            pending: 2,
            failed: 1,
        };
        let line: Value = serde_json::from_str(&written(&Outcome::Idle(left))).unwrap();
        let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array();
        let names: Vec<&Value> = metrics
            .unwrap()
            .iter()
            .map(|metric| &metric["Name"])
            .collect();
        assert_eq!(names, ["Pending", "Failed"]);
        assert_eq!((&line["Pending"], &line["Failed"]), (&2.into(), &1.into()));
        assert_eq!(line["TableName"], "keys");
    }
}
