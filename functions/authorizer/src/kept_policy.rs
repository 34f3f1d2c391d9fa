//! The policy that a key is answered with, kept as text with what is known of the key: a call
//! on the same stage has the same one.

use std::sync::OnceLock;

use aws_lambda_events::iam::IamPolicyDocument;
use latchkey_domain::Key;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    event::{Incoming, Kind, Target},
    policy::{self, PolicyError},
};

/// What a key may call, on the stage that it was first used on: most are used on one alone. It
/// is right for one key as it was read, and is forgotten together with it.
#[derive(Debug, Default)]
pub struct KeptPolicy(OnceLock<Kept>);

#[derive(Debug)]
struct Kept {
    /// All that a policy is made from, beside the key.
    target: Target,
    is_connection: bool,
    text: Box<RawValue>,
}

/// A policy in an answer.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Policy<'a> {
    /// One that was worked out before.
    Kept(&'a RawValue),
    /// One that is worked out for this call.
    New(IamPolicyDocument),
}

impl KeptPolicy {
    /// Opens what the key may call.
    pub(crate) fn allow(
        &self,
        incoming: &Incoming<'_>,
        key: &Key,
    ) -> Result<Policy<'_>, PolicyError> {
        if let Some(kept) = self.of(incoming) {
            return Ok(Policy::Kept(kept));
        }
        let document = policy::allow(incoming, key)?;
        if self.0.get().is_none()
            && let Ok(text) = to_raw_value(&document)
        {
            // Where another call was faster, its own stays.
            let _ = self.0.set(Kept {
                target: incoming.target.clone(),
                is_connection: incoming.kind == Kind::WebSocket,
                text,
            });
        }
        Ok(Policy::New(document))
    }

    fn of(&self, incoming: &Incoming<'_>) -> Option<&RawValue> {
        let kept = self.0.get()?;
        let is_same = kept.target == incoming.target
            && kept.is_connection == (incoming.kind == Kind::WebSocket);
        is_same.then_some(&*kept.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{answer::samples::key, event};

    fn text(policy: Result<Policy<'_>, PolicyError>) -> (bool, Value) {
        let policy = policy.unwrap();
        let is_kept = matches!(policy, Policy::Kept(_));
        (is_kept, serde_json::to_value(policy).unwrap())
    }

    #[test]
    fn a_policy_is_kept_for_its_stage_and_never_told_of_another() {
        let kept = KeptPolicy::default();
        let stage = "arn:aws:execute-api:eu-west-1:123456789012:a1b2/prod";
        let mut key = key();
        for routes in [None, Some(vec!["GET /orders/{id}".parse().unwrap()])] {
            key.routes = routes;
            let kept = KeptPolicy::default();
            for (call, is_kept) in [
                (format!("{stage}/GET/orders/7"), false),
                (format!("{stage}/GET/orders/8"), true),
                (format!("{stage}/$connect"), false),
                (stage.replace("aws:", "aws-cn:") + "/GET/x", false),
                (stage.replace("eu-west-1", "eu-west-2") + "/GET/x", false),
                (stage.replace("9012", "9013") + "/GET/x", false),
                (stage.replace("a1b2", "a1b3") + "/GET/x", false),
                (stage.replace("prod", "prod2") + "/GET/x", false),
                (stage.replace("prod", "pro") + "/GET/x", false),
                (format!("{stage}/POST/"), true),
            ] {
                let event = to_raw_value(&json!({"type": "REQUEST", "methodArn": call})).unwrap();
                let incoming = event::read(event.get()).unwrap();
                let fresh = serde_json::to_value(policy::allow(&incoming, &key).unwrap());
                let told = text(kept.allow(&incoming, &key));
                assert_eq!(told, (is_kept, fresh.unwrap()), "{call}");
            }
        }
        key.routes = Some(vec![]);
        let event = to_raw_value(&json!({"type": "REQUEST", "methodArn": format!("{stage}/GET/")}));
        let event = event.unwrap();
        let incoming = event::read(event.get()).unwrap();
        assert_eq!(
            kept.allow(&incoming, &key).err(),
            Some(PolicyError::NoRoute)
        );
    }
}
