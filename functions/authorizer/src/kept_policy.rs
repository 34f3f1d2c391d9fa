//! The policy that a key is answered with, kept as text with what is known of the key: a call
//! on the same stage has the same one. Keys without routes share theirs, which says no more than
//! the stage.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lambda_events::iam::IamPolicyDocument;
use latchkey_domain::Key;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    event::{Incoming, Kind, Target},
    policy::{self, PolicyError},
};

/// Stages whose policy is shared; keys of more have one each.
const STAGES: usize = 32;

/// What a key may call, on the stage that it was first used on: most are used on one alone. It
/// is right for one key as it was read, and is forgotten together with it.
#[derive(Debug, Default)]
pub struct KeptPolicy {
    kept: OnceLock<Arc<Kept>>,
    stages: Arc<Stages>,
}

/// Policies that open a whole stage, of the first stages that are called.
#[derive(Debug, Default)]
pub(crate) struct Stages(Mutex<Vec<Arc<Kept>>>);

#[derive(Debug)]
struct Kept {
    /// All that a policy is made from, beside the key's routes.
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
    /// Of a key of which no policy is known yet.
    pub(crate) fn of(stages: Arc<Stages>) -> Self {
        Self {
            kept: OnceLock::new(),
            stages,
        }
    }

    /// Opens what the key may call.
    pub(crate) fn allow(
        &self,
        incoming: &Incoming<'_>,
        key: &Key,
    ) -> Result<Policy<'_>, PolicyError> {
        let kept = self.kept.get();
        if let Some(kept) = kept.filter(|kept| kept.is_of(incoming)) {
            return Ok(Policy::Kept(&kept.text));
        }
        let document = policy::allow(incoming, key)?;
        if kept.is_none()
            && let Ok(text) = to_raw_value(&document)
        {
            let kept = Kept {
                target: incoming.target.clone(),
                is_connection: incoming.kind == Kind::WebSocket,
                text,
            };
            let kept = match policy::is_of_the_stage(incoming, key) {
                true => self.stages.share(kept, incoming),
                false => Arc::new(kept),
            };
            // Where another call was faster, its own stays.
            let _ = self.kept.set(kept);
        }
        Ok(Policy::New(document))
    }
}

impl Stages {
    /// The one that is there already, or else this one.
    fn share(&self, new: Kept, incoming: &Incoming<'_>) -> Arc<Kept> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.iter().find(|kept| kept.is_of(incoming)) {
            return kept.clone();
        }
        let new = Arc::new(new);
        if all.len() < STAGES {
            all.push(new.clone());
        }
        new
    }
}

impl Kept {
    fn is_of(&self, incoming: &Incoming<'_>) -> bool {
        self.target == incoming.target && self.is_connection == (incoming.kind == Kind::WebSocket)
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

    #[test]
    fn keys_without_routes_share_the_policy_of_a_stage_and_no_key_has_another_s_routes() {
        let stages = Arc::new(Stages::default());
        let call = |stage: usize| {
            let arn = format!("arn:aws:execute-api:eu-west-1:123456789012:a1/s{stage}/GET/x");
            to_raw_value(&json!({"type": "REQUEST", "methodArn": arn})).unwrap()
        };
        let ask = |stage: usize, routes: Option<&str>| {
            let event = call(stage);
            let incoming = event::read(event.get()).unwrap();
            let mut key = key();
            key.routes = routes.map(|route| vec![route.parse().unwrap()]);
            let kept = KeptPolicy::of(stages.clone());
            let fresh = serde_json::to_value(policy::allow(&incoming, &key).unwrap()).unwrap();
            for is_kept in [false, true] {
                assert_eq!(text(kept.allow(&incoming, &key)), (is_kept, fresh.clone()));
            }
            kept.kept.get().unwrap().clone()
        };
        for routes in [Some("GET /a"), Some("GET /b"), None, Some("GET /a"), None] {
            ask(0, routes);
        }
        assert!(Arc::ptr_eq(&ask(0, None), &ask(0, None)));
        assert!(!Arc::ptr_eq(
            &ask(0, Some("GET /a")),
            &ask(0, Some("GET /a"))
        ));
        for stage in 0..2 * STAGES {
            ask(stage, None);
        }
        assert_eq!(stages.0.lock().unwrap().len(), STAGES);
    }
}
