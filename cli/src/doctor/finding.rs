//! Something that is wrong, and what to do.

use super::checks::Check;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) check: Check,
    /// On which resource.
    pub(super) resource: String,
    /// What is wrong, and what comes of it.
    pub(super) problem: String,
    /// What to do: a command, or where it is described.
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn new(
        check: Check,
        resource: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            check,
            resource: resource.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}
