//! The authorizer's line of a decision (docs/runbook.md), read.

use jiff::Timestamp;
use serde::Deserialize;

use super::decision::Decision;

#[derive(Deserialize)]
struct Line {
    message: String,
    timestamp: Option<Timestamp>,
    decision: String,
    reason: Option<String>,
    key_id: Option<String>,
    customer_id: Option<String>,
    plan_id: Option<String>,
    quota_remaining: Option<u64>,
    api_id: Option<String>,
    stage: Option<String>,
    method: Option<String>,
    sample: Option<u64>,
}

/// The decision that a line of the log tells, written at `at` where it does not say itself when;
/// none where it is another line.
pub(super) fn read(text: &str, at: Timestamp) -> Option<Decision> {
    let line: Line = serde_json::from_str(text).ok()?;
    if line.message != "decision" {
        return None;
    }
    let place = line.api_id.zip(line.stage);
    Some(Decision {
        at: line.timestamp.unwrap_or(at),
        allowed: line.decision == "allow",
        status: None,
        reason: line.reason,
        method: line.method,
        called: place.map(|(api, stage)| format!("{api}/{stage}")),
        key_id: line.key_id,
        customer_id: line.customer_id,
        plan_id: line.plan_id,
        left: line.quota_remaining,
        sample: line.sample.unwrap_or(1),
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use latchkey_authorizer::DecisionLog;
    use latchkey_domain::Reason;
    use tracing::{Level, subscriber::with_default};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The line that the authorizer itself writes.
    fn written(log: &DecisionLog) -> String {
        let lines = Lines::default();
        let to = lines.clone();
        let subscriber = latchkey_telemetry::json(Level::INFO, move || to.clone());
        with_default(subscriber, || log.emit(100));
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_the_authorizer_writes_is_read_again() {
        let log = DecisionLog {
            reason: Some(Reason::QuotaExceeded),
            api_id: Some("a1".to_owned()),
            stage: Some("prod".to_owned()),
            method: Some("GET"),
            key_id: "key_d28szqiWOYaewqqa".parse().ok(),
            customer_id: "acme".parse().ok(),
            plan_id: "gold".parse().ok(),
            units: Some(2),
            quota_remaining: Some(1),
            ..DecisionLog::default()
        };
        let refused = read(&written(&log), Timestamp::UNIX_EPOCH).unwrap();
        assert_ne!(refused.at, Timestamp::UNIX_EPOCH);
        let line = refused.to_string();
        let told = line
            .split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(
            told,
            "deny quota_exceeded GET a1/prod key_d28szqiWOYaewqqa acme gold 1 left"
        );
        assert_eq!(refused.sample, 1);

        let admitted = DecisionLog {
            allowed: true,
            reason: None,
            ..log
        };
        let admitted = read(&written(&admitted), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            (admitted.allowed, admitted.reason, admitted.sample),
            (true, None, 100)
        );
    }

    #[test]
    fn a_decision_of_nobody_s_is_read_too() {
        let refused = read(&written(&DecisionLog::default()), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(
            (refused.allowed, refused.key_id, refused.called),
            (false, None, None)
        );
    }

    #[test]
    fn other_lines_are_none() {
        for text in [
            "START RequestId: 1 Version: $LATEST\n",
            r#"{"level":"ERROR","message":"the table did not answer"}"#,
            r#"{"message":"something else","decision":"allow"}"#,
        ] {
            assert_eq!(read(text, Timestamp::UNIX_EPOCH), None, "{text}");
        }
    }
}
