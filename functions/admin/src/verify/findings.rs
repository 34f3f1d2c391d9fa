//! Every check with its outcome, in the order in which they are made.

use latchkey_domain::{
    Case, KeyId, Nanos, Outcome, Plan, PlanId, Reading, Reason, Recognised, Request, examine,
    meter::{Meter, Verdict, peek},
    whole_seconds,
};
use serde::Serialize;

/// The decision and what it stands on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingsView {
    decision: &'static str,
    /// The first check that failed; null where none did.
    reason: Option<&'static str>,
    /// The plan that covers the call; null where it came to none.
    plan_id: Option<String>,
    /// The key, where the value is one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    /// Whether it is a value that a rotation has replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_value: Option<bool>,
    /// Whole seconds after which a call like this may pass, where waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<i64>,
    /// Units that would be left of the quota, where the plan has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_remaining: Option<u64>,
    checks: Vec<CheckView>,
}

/// A check, by the reason that its failure gives.
#[derive(Debug, Serialize)]
struct CheckView {
    name: &'static str,
    outcome: &'static str,
}

/// The outcome of each check, as far as they have come.
#[derive(Debug)]
pub(super) struct Findings {
    checks: Vec<(Reason, Outcome)>,
    plan: Option<PlanId>,
    shown: Option<(KeyId, Recognised)>,
    retry_after: Option<Nanos>,
    remaining: Option<u64>,
}

impl Findings {
    /// What is found of a text that can be no key value.
    pub(super) fn of_malformed_key() -> Self {
        let mut findings = Self::none();
        findings.set(Reason::MalformedKey, Outcome::Fail);
        findings
    }

    /// What is found before the meter is asked.
    pub(super) fn of(case: &Case<'_>) -> Self {
        let mut findings = Self::none();
        findings.set(Reason::MalformedKey, Outcome::Pass);
        for check in examine(case) {
            findings.set(check.reason, check.outcome);
        }
        findings.shown = case.key.and_then(|key| {
            let value = key.recognises(case.presented, case.now)?;
            Some((key.id, value))
        });
        findings
    }

    /// No check is made yet. Whether an event can be read and holds a key is not asked here.
    fn none() -> Self {
        const OF_EVENTS: [Reason; 3] = [
            Reason::MalformedEvent,
            Reason::MissingKey,
            Reason::Unavailable,
        ];
        let reasons = Reason::ALL.iter().copied();
        let asked = reasons.filter(|reason| !OF_EVENTS.contains(reason));
        Self {
            checks: asked.map(|reason| (reason, Outcome::Skipped)).collect(),
            plan: None,
            shown: None,
            retry_after: None,
            remaining: None,
        }
    }

    fn set(&mut self, reason: Reason, outcome: Outcome) {
        match self.checks.iter_mut().find(|(known, _)| *known == reason) {
            Some(check) => check.1 = outcome,
            None => self.checks.push((reason, outcome)),
        }
    }

    /// Whether a call on `plan` would be paid for. The quota is asked before the throttle.
    pub(super) fn ask_meter(
        &mut self,
        plan: &Plan,
        request: &Request,
        now: Reading,
        meter: Option<&Meter>,
    ) {
        self.plan = Some(plan.id.clone());
        let refused = match peek(plan.terms(request), now, meter) {
            Some(Verdict::Admitted { remaining }) => {
                self.remaining = remaining;
                None
            }
            Some(Verdict::Refused(refusal)) => {
                (self.retry_after, self.remaining) = (refusal.retry_after, refusal.remaining);
                Some(refusal.reason)
            }
            // The plan has changed after it was read.
            None => Some(Reason::Unavailable),
        };
        if matches!(refused, None | Some(Reason::Throttled)) {
            self.set(Reason::QuotaExceeded, Outcome::Pass);
        }
        match refused {
            Some(reason) => self.set(reason, Outcome::Fail),
            None => self.set(Reason::Throttled, Outcome::Pass),
        }
    }

    /// API Gateway counts: quota and throttle are not asked.
    pub(super) fn left_to_api_gateway(&mut self, plan: &Plan) {
        self.plan = Some(plan.id.clone());
    }

    pub(super) fn view(&self) -> FindingsView {
        let failed = self
            .checks
            .iter()
            .find(|(_, outcome)| *outcome == Outcome::Fail);
        let check = |(reason, outcome): &(Reason, Outcome)| CheckView {
            name: reason.as_str(),
            outcome: match outcome {
                Outcome::Pass => "pass",
                Outcome::Fail => "fail",
                Outcome::Skipped => "skipped",
            },
        };
        FindingsView {
            decision: if failed.is_some() { "deny" } else { "allow" },
            reason: failed.map(|(reason, _)| reason.as_str()),
            plan_id: self.plan.as_ref().map(ToString::to_string),
            key_id: self.shown.map(|(key, _)| key.to_string()),
            previous_value: self.shown.map(|(_, value)| value == Recognised::Previous),
            retry_after: self.retry_after.map(whole_seconds),
            quota_remaining: self.remaining,
            checks: self.checks.iter().map(check).collect(),
        }
    }
}
