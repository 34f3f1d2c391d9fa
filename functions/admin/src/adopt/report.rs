//! The answer: what was done with each plan and key, or would be. It never holds a key value.

use latchkey_domain::{KeyId, PlanId};
use latchkey_gateway::{NativeKeyId, NativePlanId};
use serde::Serialize;

/// Lines of an answer, which Lambda hands on up to 6 MB.
const MOST: usize = 5_000;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Outcome {
    /// It would be taken over.
    Adopt,
    /// It was taken over now.
    Adopted,
    /// It was taken over before.
    Unchanged,
    /// It cannot be, and was left alone.
    Skipped,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanLine {
    usage_plan_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan_id: Option<String>,
    name: String,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Its keys that are on the plan here, or would be.
    keys: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyLine {
    api_key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A key that is taken over, on a plan that is, and cannot be on it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentLine {
    usage_plan_id: String,
    api_key_id: String,
    key_id: String,
    outcome: Outcome,
    reason: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    dry_run: bool,
    plans: Vec<PlanLine>,
    keys: Vec<KeyLine>,
    attachments: Vec<AttachmentLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl Report {
    pub(super) fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            plans: Vec::new(),
            keys: Vec::new(),
            attachments: Vec::new(),
            cursor: None,
        }
    }

    fn lines(&self) -> usize {
        self.plans.len() + self.keys.len() + self.attachments.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines() == 0
    }

    /// Whether the next line belongs in the next answer.
    pub(super) fn is_full(&self) -> bool {
        self.lines() >= MOST
    }

    /// What something is that was not as it is to be.
    pub(super) fn adopted(&self) -> Outcome {
        if self.dry_run {
            Outcome::Adopt
        } else {
            Outcome::Adopted
        }
    }

    pub(super) fn with_cursor(self, cursor: String) -> Self {
        Self {
            cursor: Some(cursor),
            ..self
        }
    }

    pub(super) fn plan(
        &mut self,
        (native, name): (&NativePlanId, &str),
        plan: &PlanId,
        outcome: Outcome,
        keys: u64,
    ) {
        self.plans.push(PlanLine {
            usage_plan_id: native.to_string(),
            plan_id: Some(plan.to_string()),
            name: name.to_owned(),
            outcome,
            reason: None,
            keys,
        });
    }

    /// `keys`: how many are on it at API Gateway.
    pub(super) fn plan_skipped(
        &mut self,
        native: &NativePlanId,
        name: &str,
        reason: String,
        keys: u64,
    ) {
        self.plans.push(PlanLine {
            usage_plan_id: native.to_string(),
            plan_id: None,
            name: name.to_owned(),
            outcome: Outcome::Skipped,
            reason: Some(reason),
            keys,
        });
    }

    pub(super) fn key(
        &mut self,
        native: &NativeKeyId,
        key: Option<KeyId>,
        name: Option<&str>,
        became: Result<Outcome, String>,
    ) {
        let (outcome, reason) = match became {
            Ok(outcome) => (outcome, None),
            Err(reason) => (Outcome::Skipped, Some(reason)),
        };
        self.keys.push(KeyLine {
            api_key_id: native.to_string(),
            key_id: key.map(|key| key.to_string()),
            name: name.map(str::to_owned),
            outcome,
            reason,
        });
    }

    pub(super) fn attachment_skipped(
        &mut self,
        plan: &NativePlanId,
        native: &NativeKeyId,
        key: KeyId,
        reason: String,
    ) {
        self.attachments.push(AttachmentLine {
            usage_plan_id: plan.to_string(),
            api_key_id: native.to_string(),
            key_id: key.to_string(),
            outcome: Outcome::Skipped,
            reason,
        });
    }
}
