//! An audit record as it is read, and which ones are asked for.

use jiff::Timestamp;
use latchkey_domain::{KeyId, PlanId};
use serde_json::Value;

use super::subject::{Subject, key_partition, plan_partition, principal_partition};
use crate::schema::{Index, LIST, OWNER};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Tells it apart.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub action: String,
    /// To what.
    pub entity: String,
    /// The key that it was done to, or whose attachment.
    pub key_id: Option<KeyId>,
    /// The plan that it was done to, or an attachment to it.
    pub plan_id: Option<PlanId>,
    /// By whom: an ARN.
    pub principal: String,
    /// From where.
    pub source_ip: Option<String>,
    /// How it was, where it was there.
    pub before: Option<Value>,
    /// How it is since, where it is there.
    pub after: Option<Value>,
}

/// Which records are asked for: those of which all holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Of this key and its attachments.
    pub key_id: Option<KeyId>,
    /// Of this plan; with a key, of the key's attachment to it.
    pub plan_id: Option<PlanId>,
    /// Of what has this name.
    pub entity: Option<String>,
    /// By this principal.
    pub principal: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// The partition that has all of them, where there is one.
    pub(super) fn place(&self) -> Option<(Index, String)> {
        if let Some(entity) = &self.entity {
            return Some((LIST, Subject::of(entity).partition()));
        }
        if let Some(key) = self.key_id {
            return Some((LIST, key_partition(key)));
        }
        if let Some(plan) = &self.plan_id {
            return Some((LIST, plan_partition(plan)));
        }
        let principal = self.principal.as_ref()?;
        Some((OWNER, principal_partition(principal)))
    }

    pub(super) fn takes(&self, record: &AuditRecord) -> bool {
        (self.key_id.is_none() || self.key_id == record.key_id)
            && (self.plan_id.is_none() || self.plan_id == record.plan_id)
            && self
                .entity
                .as_ref()
                .is_none_or(|entity| *entity == record.entity)
            && self
                .principal
                .as_ref()
                .is_none_or(|principal| *principal == record.principal)
    }
}
