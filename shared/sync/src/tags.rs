//! Whose something at API Gateway is.
//!
//! What Latchkey makes there carries the name of its table, which outlives the stack and is
//! unique in an account and Region, and the id of the plan or key that it is made for. By
//! that it is found again; what carries another table's name, or none, is never touched.

use std::collections::BTreeMap;

use latchkey_domain::{KeyId, PlanId};

const TABLE: &str = "latchkey:table";
const PLAN: &str = "latchkey:plan";
const KEY: &str = "latchkey:key";

/// The tags of what a table's plans and keys have at API Gateway.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a>(pub &'a str);

type Tags = BTreeMap<String, String>;

impl Owner<'_> {
    pub(crate) fn of_plan(self, plan: &PlanId) -> Tags {
        self.tags(PLAN, plan.to_string())
    }

    pub(crate) fn of_key(self, key: KeyId) -> Tags {
        self.tags(KEY, key.to_string())
    }

    fn tags(self, name: &str, id: String) -> Tags {
        Tags::from([(TABLE.to_owned(), self.0.to_owned()), (name.to_owned(), id)])
    }

    /// Whether it is some table's, this one's or another's.
    pub fn somebody_owns(tags: &Tags) -> bool {
        tags.contains_key(TABLE)
    }

    /// Whether it is this table's.
    pub fn owns(self, tags: &Tags) -> bool {
        tags.get(TABLE).is_some_and(|table| table == self.0)
    }

    /// The plan that it was made for.
    pub fn plan(self, tags: &Tags) -> Option<PlanId> {
        tags.get(PLAN).filter(|_| self.owns(tags))?.parse().ok()
    }

    /// The key that it was made for.
    pub fn key(self, tags: &Tags) -> Option<KeyId> {
        tags.get(KEY).filter(|_| self.owns(tags))?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_s_is_nobody_s() {
        let plan: PlanId = "gold".parse().unwrap();
        let tags = Owner("mine").of_plan(&plan);
        assert_eq!(Owner("mine").plan(&tags), Some(plan));
        assert_eq!(Owner("mine").key(&tags), None);
        assert_eq!(Owner("theirs").plan(&tags), None);
        assert!(!Owner("theirs").owns(&tags) && !Owner("mine").owns(&Tags::new()));
        assert!(Owner::somebody_owns(&tags) && !Owner::somebody_owns(&Tags::new()));
    }
}
