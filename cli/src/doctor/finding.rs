//! Something that is wrong, and what to do.

use super::{
    checks::Check,
    facts::{Api, Stage},
};

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

    /// The same of what a stage serves, where the API is defined otherwise.
    pub(super) fn served_by(self, api: &Api, stage: &Stage) -> Self {
        let (id, name) = (&api.found.id, &stage.name);
        Self {
            problem: format!(
                "stage {name} serves what the API was before its last change: {}",
                self.problem
            ),
            remedy: format!(
                "deploy the API to the stage: aws apigateway create-deployment --rest-api-id {id} --stage-name {name}, or by the stack that it belongs to"
            ),
            ..self
        }
    }
}
