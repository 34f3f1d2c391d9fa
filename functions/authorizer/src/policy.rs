//! IAM policies: what a key may call on this API and stage.
//!
//! They never name what was called, so a policy that API Gateway keeps is right for the next
//! call too, and nothing of the caller's path stands in one. `*` crosses slashes there: a
//! rule's `{name}` opens more in a policy than in the rule, which is why every call is
//! decided by the rule and the policy only carries the answer.

use aws_lambda_events::iam::{IamPolicyDocument, IamPolicyEffect, IamPolicyStatement};
use latchkey_domain::{Key, Route};

use crate::event::{Incoming, Kind};

/// The longest ARN that API Gateway takes (AWS, "Output from a Lambda authorizer").
const MAX_ARN_LEN: usize = 512;

/// A policy that API Gateway would not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyError {
    #[error("an ARN in the policy has more than 512 characters")]
    ArnTooLong,
    #[error("the key has no route, so its policy would be empty")]
    NoRoute,
}

/// Opens what the key may call.
pub(crate) fn allow(incoming: &Incoming<'_>, key: &Key) -> Result<IamPolicyDocument, PolicyError> {
    let resources = match &key.routes {
        Some(routes) if incoming.kind != Kind::WebSocket => {
            let stage = incoming.target.stage_arn();
            let mut resources: Vec<String> = routes
                .iter()
                .map(|route| route_arn(&stage, route))
                .collect();
            resources.sort_unstable();
            resources.dedup();
            resources
        }
        _ => vec![everything(incoming)],
    };
    if resources.is_empty() {
        return Err(PolicyError::NoRoute);
    }
    policy(IamPolicyEffect::Allow, resources)
}

/// Closes the whole stage.
pub(crate) fn deny(incoming: &Incoming<'_>) -> Result<IamPolicyDocument, PolicyError> {
    policy(IamPolicyEffect::Deny, vec![everything(incoming)])
}

/// Closes everything: for an event that does not tell where it is from.
pub(crate) fn deny_everywhere() -> Result<IamPolicyDocument, PolicyError> {
    policy(IamPolicyEffect::Deny, vec!["*".to_owned()])
}

fn policy(
    effect: IamPolicyEffect,
    resources: Vec<String>,
) -> Result<IamPolicyDocument, PolicyError> {
    if resources.iter().any(|arn| arn.len() > MAX_ARN_LEN) {
        return Err(PolicyError::ArnTooLong);
    }
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = resources;
    let mut document = IamPolicyDocument::default();
    document.version = Some("2012-10-17".to_owned());
    document.statement = vec![statement];
    Ok(document)
}

fn everything(incoming: &Incoming<'_>) -> String {
    let stage = incoming.target.stage_arn();
    match incoming.kind {
        Kind::WebSocket => format!("{stage}/$connect"),
        _ => format!("{stage}/*"),
    }
}

fn route_arn(stage: &str, route: &Route) -> String {
    let mut arn = format!("{stage}/{}", route.method().unwrap_or("*"));
    for segment in route.segments() {
        arn.push('/');
        arn.push_str(if segment.starts_with('{') {
            "*"
        } else {
            segment
        });
    }
    arn
}
