//! One line for each refusal, and for admitted calls as many as were asked for: ids and reasons,
//! never a key value, a header or a path. docs/runbook.md says what its fields are, and queries
//! rely on them: add fields, never rename.

use latchkey_domain::{CustomerId, KeyId, Nanos, PlanId, Reason, method_in_log};

use crate::{
    answer::{Decided, WITHOUT_STORE},
    event::Incoming,
};

/// A decision in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecisionLog {
    /// Whether the call may pass.
    pub allowed: bool,
    /// Why not.
    pub reason: Option<Reason>,
    /// Whether it passes though the table gave no answer.
    pub without_store: bool,
    /// The kind of event.
    pub kind: Option<&'static str>,
    /// The API.
    pub api_id: Option<String>,
    /// Its stage.
    pub stage: Option<String>,
    /// The method; `other` where it is none that a rule can name.
    pub method: Option<&'static str>,
    /// The key, once its value was shown to be right.
    pub key_id: Option<KeyId>,
    /// Whose key it is.
    pub customer_id: Option<CustomerId>,
    /// The plan that was charged, or refused.
    pub plan_id: Option<PlanId>,
    /// What a call like this costs on the plan.
    pub units: Option<u64>,
    /// Units left of the quota.
    pub quota_remaining: Option<u64>,
    /// How long it took, in microseconds.
    pub duration_us: i64,
}

impl DecisionLog {
    /// What was called: of an event that nothing else is read of any more.
    pub(crate) fn describe(&mut self, incoming: Incoming<'_>) {
        self.kind = Some(incoming.kind.as_str());
        self.method = Some(method_in_log(&incoming.request.method));
        self.api_id = Some(incoming.request.stage.api_id);
        self.stage = Some(incoming.request.stage.stage);
    }

    pub(crate) fn refused(&mut self, reason: Reason) {
        self.allowed = false;
        self.reason = Some(reason);
    }

    pub(crate) fn decided(&mut self, decided: &Decided<'_>) {
        let (key, plan, remaining) = match *decided {
            Decided::Allowed {
                key,
                plan,
                remaining,
                without_store,
                ..
            } => {
                self.allowed = true;
                self.without_store = without_store;
                (Some(key), Some(plan), remaining)
            }
            Decided::Refused {
                reason,
                key,
                plan,
                remaining,
                ..
            } => {
                self.refused(reason);
                (key, plan, remaining)
            }
        };
        self.key_id = key.map(|key| key.id);
        self.customer_id = key.and_then(|key| key.customer_id.clone());
        self.plan_id = plan.map(|plan| plan.id.clone());
        self.quota_remaining = remaining;
    }

    pub(crate) fn took(&mut self, duration: Nanos) {
        self.duration_us = duration / 1_000;
    }

    /// Why it is refused, or passes though nobody could be asked.
    fn reason(&self) -> Option<&'static str> {
        let of_allowed = (self.allowed && self.without_store).then_some(WITHOUT_STORE);
        self.reason.map(Reason::as_str).or(of_allowed)
    }

    /// Writes the line. Of calls that the table admitted one in `sample` is written.
    pub fn emit(&self, sample: u64) {
        tracing::info!(
            decision = if self.allowed { "allow" } else { "deny" },
            reason = self.reason(),
            key_id = self.key_id.map(display),
            customer_id = self.customer_id.as_ref().map(|id| id.as_str()),
            plan_id = self.plan_id.as_ref().map(|id| id.as_str()),
            units = self.units,
            quota_remaining = self.quota_remaining,
            api_id = self.api_id,
            stage = self.stage,
            method = self.method,
            kind = self.kind,
            duration_us = self.duration_us,
            sample = if self.allowed && !self.without_store {
                sample
            } else {
                1
            },
            "decision"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing::Level;

    use super::*;

    /// What is written, for a test to read.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(log: &DecisionLog) -> String {
        let lines = Written::default();
        let to = lines.clone();
        let subscriber = latchkey_telemetry::json(Level::INFO, move || to.clone());
        tracing::subscriber::with_default(subscriber, || log.emit(1));
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_admitted_call_is_one_line_as_long_as_docs_cost_reckons() {
        let log = DecisionLog {
            allowed: true,
            kind: Some("rest-request"),
            api_id: Some("a1b2c3d4e5".to_owned()),
            stage: Some("production".to_owned()),
            method: Some("GET"),
            key_id: Some("key_ayHlZ5Lgs9xZNmDS".parse().unwrap()),
            customer_id: Some("customer-1234".parse().unwrap()),
            plan_id: Some("professional".parse().unwrap()),
            units: Some(1),
            quota_remaining: Some(9_876_543),
            duration_us: 412,
            ..DecisionLog::default()
        };
        let line = written(&log);
        let reckoned = include_str!("../../../tests/fixtures/decision.json");
        let without_time = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let time = line.as_object_mut().unwrap().remove("timestamp");
            (time.map(|time| time.as_str().unwrap().len()), line)
        };
        assert_eq!(without_time(&line), without_time(reckoned));
        assert_eq!(line.len(), reckoned.len());
    }
}
