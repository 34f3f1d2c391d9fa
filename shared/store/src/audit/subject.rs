//! What a change is of, as its record names it: `key_<id>`, `plan:<plan>`, `key_<id>:<plan>`
//! for an attachment, `customer:<customer>:<plan>` for a customer's allowance, and whatever
//! else has a name.

use latchkey_domain::{KeyId, PlanId};

/// Key, plan, or both, of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject<'a> {
    entity: &'a str,
    pub(super) key_id: Option<KeyId>,
    pub(super) plan_id: Option<PlanId>,
}

impl<'a> Subject<'a> {
    pub(super) fn of(entity: &'a str) -> Self {
        // No plan's id has a colon in it; a customer's may.
        let (owner, plan) = match entity.rsplit_once(':') {
            Some((owner, plan)) => (owner, Some(plan)),
            None => (entity, None),
        };
        let key_id: Option<KeyId> = owner.parse().ok();
        let of_plan = key_id.is_some() || owner == "plan" || owner.starts_with("customer:");
        Self {
            entity,
            key_id,
            plan_id: plan.filter(|_| of_plan).and_then(|plan| plan.parse().ok()),
        }
    }

    /// Under what its record is listed.
    pub(super) fn partition(&self) -> String {
        match (self.key_id, &self.plan_id) {
            (Some(key), _) => key_partition(key),
            (None, Some(plan)) => plan_partition(plan),
            (None, None) => format!("AUDIT#{}", self.entity),
        }
    }
}

pub(super) fn key_partition(key: KeyId) -> String {
    format!("AUDIT#{key}")
}

pub(super) fn plan_partition(plan: &PlanId) -> String {
    format!("AUDIT#plan:{plan}")
}

/// Bytes of a principal in a partition's name, of which DynamoDB takes 2,048. What is longer
/// than any ARN shares its partition with what begins in the same way.
const LONGEST: usize = 1_024;

/// Under what the records of a principal are listed.
pub(super) fn principal_partition(principal: &str) -> String {
    let end = (0..=principal.len().min(LONGEST))
        .rev()
        .find(|end| principal.is_char_boundary(*end));
    let (known, _) = principal.split_at(end.unwrap_or(0));
    format!("PRINCIPAL#{known}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "key_0123456789abcdef";

    #[test]
    fn an_entity_is_listed_under_its_key_or_its_plan() {
        let attachment = format!("{KEY}:gold");
        for (entity, key, plan, partition) in [
            (KEY, Some(KEY), None, "AUDIT#key_0123456789abcdef"),
            (
                &attachment,
                Some(KEY),
                Some("gold"),
                "AUDIT#key_0123456789abcdef",
            ),
            ("plan:gold", None, Some("gold"), "AUDIT#plan:gold"),
            ("customer:a:b:gold", None, Some("gold"), "AUDIT#plan:gold"),
            ("api:a1b2", None, None, "AUDIT#api:a1b2"),
            ("", None, None, "AUDIT#"),
        ] {
            let subject = Subject::of(entity);
            let text = |id: Option<String>| id.unwrap_or_default();
            assert_eq!(
                text(subject.key_id.map(|id| id.to_string())),
                key.unwrap_or_default()
            );
            let named = subject.plan_id.as_ref().map(ToString::to_string);
            assert_eq!(text(named), plan.unwrap_or_default(), "{entity}");
            assert_eq!(subject.partition(), partition);
        }
    }

    #[test]
    fn the_longest_principal_fits() {
        for principal in [
            "a".repeat(5_000),
            "é".repeat(5_000),
            "a".to_owned() + &"é".repeat(999),
        ] {
            let partition = principal_partition(&principal);
            assert!(
                (1_030..=2_048).contains(&partition.len()),
                "{}",
                partition.len()
            );
        }
        assert_eq!(principal_partition("arn:aws#é"), "PRINCIPAL#arn:aws#é");
    }
}
