//! What was seen: all that the checks look at. What could not be seen is absent, and told.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use latchkey_gateway::{FoundApi, FoundAuthorizer, FoundMethod, FoundResponse, KeySource};
use latchkey_store::{Drift, Native, PlanRecord, TableHealth};
use serde_json::Value;

/// A deployed stack, and what of the account concerns it.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) stack: String,
    /// When it was looked at.
    pub(super) now: Timestamp,
    /// By how much this machine's clock is ahead of AWS's.
    pub(super) ahead: Option<SignedDuration>,
    pub(super) table: Table,
    pub(super) authorizer: Option<Function>,
    pub(super) admin: Option<Function>,
    pub(super) reconciler: Option<Function>,
    /// The state of the rule by which the reconciler runs.
    pub(super) schedule: Option<String>,
    /// APIs with the authorizer in front, and those that plans name whose calls API Gateway
    /// counts.
    pub(super) apis: Vec<Api>,
    pub(super) plans: Vec<PlanRecord>,
    /// What is not in step at API Gateway.
    pub(super) waiting: Vec<Native>,
    /// What the reconciler found when it last compared.
    pub(super) compared: Compared,
    /// The stack's own role for `credentials` of authorizers, by its name.
    pub(super) invoke_role: Option<String>,
    /// What could not be looked at, and why.
    pub(super) unseen: Vec<Unseen>,
}

/// The reconciler's last comparison of API Gateway with the table.
#[derive(Debug, Clone)]
pub(super) enum Compared {
    /// It could not be looked at.
    NotSeen,
    /// There was none yet.
    Never,
    Last(Drift),
}

/// The table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) health: Option<TableHealth>,
    pub(super) recovery: Option<bool>,
    pub(super) forgets: Option<bool>,
}

/// A Lambda function.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) arn: String,
    /// `Active` where it can be called.
    pub(super) state: String,
    pub(super) timeout_seconds: u64,
    pub(super) variables: BTreeMap<String, String>,
    /// Its resource policy's statements; none where it has no policy, or was not asked for it.
    pub(super) statements: Vec<Value>,
}

impl Function {
    /// The account's id.
    pub(super) fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }
}

/// An API.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) found: FoundApi,
    pub(super) key_source: KeySource,
    /// Those that ask Latchkey's function.
    pub(super) authorizers: Vec<FoundAuthorizer>,
    /// Of a REST API.
    pub(super) answers: Option<BTreeMap<String, FoundResponse>>,
    pub(super) methods: Vec<FoundMethod>,
    /// Of a REST API: what its stages serve, which is the definition of their last deployment.
    pub(super) stages: Vec<Stage>,
}

/// What a stage of a REST API serves.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) name: String,
    /// Those that ask Latchkey's function, with their names in the place of their ids.
    pub(super) authorizers: Vec<FoundAuthorizer>,
    pub(super) answers: Option<BTreeMap<String, FoundResponse>>,
}

impl Api {
    /// The API as one of its stages serves it.
    pub(super) fn served_by(&self, stage: &Stage) -> Self {
        Self {
            authorizers: stage.authorizers.clone(),
            answers: stage.answers.clone(),
            ..self.clone()
        }
    }

    /// For people.
    pub(super) fn label(&self) -> String {
        format!("API {} ({})", self.found.id, self.found.name)
    }

    /// Its methods behind Latchkey's authorizer.
    pub(super) fn behind(&self) -> impl Iterator<Item = &FoundMethod> {
        self.methods.iter().filter(|method| {
            let asked = method.authorizer.as_deref();
            self.authorizers.iter().any(|one| asked == Some(&one.id))
        })
    }
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unseen {
    pub(super) what: String,
    pub(super) why: String,
}
