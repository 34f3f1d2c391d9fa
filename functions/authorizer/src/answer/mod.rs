//! What a decision is to API Gateway: a policy, a simple response, or an error.
//!
//! API Gateway turns the error whose text is exactly `Unauthorized` into 401, any other
//! error into 500, a Deny into 403 or, on REST APIs, into what the gateway response
//! `ACCESS_DENIED` makes of it with the help of the context. HTTP APIs know no
//! `Unauthorized`: there every refusal is a Deny. Absent things are left out, since a null
//! anywhere is a 500; context values are strings. A call that API Gateway counts by a plan of
//! its own is answered with the value that it knows the key by, and only there.

mod context;
#[cfg(test)]
pub(crate) mod samples;
mod way;

use std::fmt;

use lambda_runtime::Diagnostic;
use latchkey_domain::{Key, KeyId, Nanos, Plan, Reason};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use self::{
    context::{Context, Id},
    way::{Way, is_of_a_known_key, way},
};
use crate::{
    event::{Incoming, Kind, MalformedEvent},
    kept_policy::{KeptPolicy, Policy},
    policy::{self, PolicyError},
    settings::{HttpResponse, Settings},
    usage_identifier::UsageIdentifier,
};

/// The longest answer that API Gateway takes (Service Quotas L-20859C74), in bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024;
/// The reason of a call that passes though the table gave no answer, with
/// `ON_STORE_FAILURE=allow`. The name never changes.
pub const WITHOUT_STORE: &str = "store_failure";
/// `principalId` may not be empty, and a caller without a key has no id.
const NOBODY: &str = "anonymous";

/// What is answered for.
#[derive(Debug, Clone, Copy)]
pub enum Decided<'a> {
    /// The call passes.
    Allowed {
        /// The key that was shown.
        key: &'a Key,
        /// What it may call, where that was worked out before.
        policy: &'a KeptPolicy,
        /// The plan that it was charged to.
        plan: &'a Plan,
        /// Units left of the quota, where there is one.
        remaining: Option<u64>,
        /// By what API Gateway counts the call, where the plan is one that it counts.
        counted_by: Option<&'a UsageIdentifier>,
        /// Whether it passes though the table gave no answer.
        without_store: bool,
    },
    /// The call is refused.
    Refused {
        /// Why.
        reason: Reason,
        /// The key, where its value was shown.
        key: Option<&'a Key>,
        /// The plan whose limit was reached.
        plan: Option<&'a Plan>,
        /// Time until the same call may pass.
        retry_after: Option<Nanos>,
        /// Units left of the quota, where there is one.
        remaining: Option<u64>,
    },
}

/// An answer that is an error of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// 401 on REST and WebSocket APIs. Its text is the whole error message.
    Unauthorized,
    /// No decision could be made: 5xx on every API, and nothing is cached.
    Unavailable,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthorized => "Unauthorized",
            Self::Unavailable => "Unavailable",
        })
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.to_string(),
            error_message: failure.to_string(),
        }
    }
}

/// The answer as JSON text, which goes out as it is: so its size is known.
///
/// # Errors
/// [`Failure`], which is an answer too; also where API Gateway would not take the answer.
pub fn answer(
    incoming: &Incoming<'_>,
    decided: &Decided<'_>,
    settings: &Settings,
) -> Result<Box<RawValue>, Failure> {
    let simple = is_simple(incoming.kind, settings);
    let (principal, context) = match *decided {
        Decided::Allowed {
            key,
            plan,
            remaining,
            without_store,
            ..
        } => {
            let context = Context {
                key: Some(key),
                plan: Some(plan),
                reason: without_store.then_some(WITHOUT_STORE),
                retry_after: None,
                remaining,
            };
            (Some(key), context)
        }
        Decided::Refused {
            reason,
            key,
            plan,
            retry_after,
            remaining,
        } => {
            match way(reason, incoming.kind, settings.deny_for) {
                Way::Unauthorized => return Err(Failure::Unauthorized),
                Way::Unavailable => return Err(Failure::Unavailable),
                Way::Deny => {}
            }
            let shown = is_of_a_known_key(reason);
            let context = Context {
                key: key.filter(|_| shown),
                plan: plan.filter(|_| shown),
                reason: Some(reason.as_str()),
                retry_after,
                remaining,
            };
            (context.key, context)
        }
    };
    let answer = match decided {
        _ if simple => Ok(Answer::Simple {
            is_authorized: matches!(decided, Decided::Allowed { .. }),
            context,
        }),
        Decided::Allowed {
            key,
            policy,
            counted_by,
            ..
        } => policy
            .allow(incoming, key)
            .map(|policy| Answer::policy(principal, policy, context, *counted_by)),
        Decided::Refused { .. } => policy::deny(incoming)
            .map(|document| Answer::policy(principal, Policy::New(document), context, None)),
    };
    sent(answer, principal)
}

/// The answer to an event that cannot be understood.
///
/// # Errors
/// [`Failure`], which is an answer too.
pub fn malformed(event: MalformedEvent, settings: &Settings) -> Result<Box<RawValue>, Failure> {
    let Some(kind) = event.kind else {
        return Err(Failure::Unauthorized);
    };
    match way(Reason::MalformedEvent, kind, settings.deny_for) {
        Way::Unauthorized => Err(Failure::Unauthorized),
        Way::Unavailable => Err(Failure::Unavailable),
        Way::Deny => {
            let context = Context {
                reason: Some(Reason::MalformedEvent.as_str()),
                ..Context::default()
            };
            let answer = if is_simple(kind, settings) {
                Ok(Answer::Simple {
                    is_authorized: false,
                    context,
                })
            } else {
                policy::deny_everywhere()
                    .map(|document| Answer::policy(None, Policy::New(document), context, None))
            };
            sent(answer, None)
        }
    }
}

/// Simple responses exist for payload format 2.0 only.
fn is_simple(kind: Kind, settings: &Settings) -> bool {
    kind == Kind::HttpV2 && settings.http_response == HttpResponse::Simple
}

/// `aws_lambda_events` has both, but its types write a null for each thing that is absent, which
/// API Gateway answers with a 500. The policy itself is of its type.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Answer<'a> {
    Policy {
        principal_id: Principal,
        policy_document: Policy<'a>,
        context: Context<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        usage_identifier_key: Option<&'a str>,
    },
    Simple {
        is_authorized: bool,
        context: Context<'a>,
    },
}

impl<'a> Answer<'a> {
    fn policy(
        key: Option<&Key>,
        policy_document: Policy<'a>,
        context: Context<'a>,
        counted_by: Option<&'a UsageIdentifier>,
    ) -> Self {
        Self::Policy {
            principal_id: Principal(key.map(|key| key.id)),
            policy_document,
            context,
            usage_identifier_key: counted_by.map(UsageIdentifier::expose),
        }
    }
}

/// The key's id, or [`NOBODY`].
struct Principal(Option<KeyId>);

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(id) => Id(*id).serialize(to),
            None => to.serialize_str(NOBODY),
        }
    }
}

/// An answer that API Gateway would not take locks its caller out without a word, so the
/// log says which key has outgrown it. Keys are checked for it when they are written.
fn sent(
    answer: Result<Answer<'_>, PolicyError>,
    key: Option<&Key>,
) -> Result<Box<RawValue>, Failure> {
    let key_id = key.map(|key| tracing::field::display(key.id));
    let answer = answer.map_err(|error| {
        tracing::error!(key_id, %error, "no policy");
        Failure::Unavailable
    })?;
    let json = to_raw_value(&answer).map_err(|error| {
        tracing::error!(key_id, %error, "the answer is no JSON");
        Failure::Unavailable
    })?;
    if json.get().len() > MAX_ANSWER_BYTES {
        let bytes = json.get().len();
        tracing::error!(
            key_id,
            bytes,
            "the answer is larger than API Gateway's 8 KB"
        );
        return Err(Failure::Unavailable);
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{samples::*, *};
    use crate::event;

    fn settings(deny_for: &str, http_response: &str) -> Settings {
        let set = |name: &str| match name {
            "TABLE_NAME" => Some("keys".to_owned()),
            "DENY_FOR" => Some(deny_for.to_owned()),
            "HTTP_RESPONSE" => Some(http_response.to_owned()),
            _ => None,
        };
        Settings::read(set).unwrap()
    }

    fn answered(kind: Kind, decided: &Decided<'_>, settings: &Settings) -> Result<Value, Failure> {
        let event = samples::event(kind);
        let answer = answer(&event::read(event.get()).unwrap(), decided, settings)?;
        Ok(serde_json::from_str(answer.get()).unwrap())
    }

    fn refused(reason: Reason) -> Decided<'static> {
        Decided::Refused {
            reason,
            key: None,
            plan: None,
            retry_after: None,
            remaining: None,
        }
    }

    #[test]
    fn an_allowed_call() {
        let (mut key, plan, kept) = (key(), plan(), KeptPolicy::default());
        key.metadata.insert("tier", "1").unwrap();
        let allowed = Decided::Allowed {
            key: &key,
            policy: &kept,
            plan: &plan,
            remaining: Some(999),
            counted_by: None,
            without_store: false,
        };
        let answers = |kind| {
            ["policy", "simple"]
                .map(|response| answered(kind, &allowed, &settings("limits", response)).unwrap())
        };
        for kind in Kind::ALL {
            let [policy, simple] = answers(kind);
            insta::assert_json_snapshot!(format!("allowed_{}", kind.as_str()), policy);
            if kind == Kind::HttpV2 {
                insta::assert_json_snapshot!("allowed_http-2.0_simple", simple);
            } else {
                assert_eq!(simple, policy, "only 2.0 has simple responses");
            }
        }
    }

    #[test]
    fn a_limit_that_was_reached() {
        let (key, plan) = (key(), plan());
        let refused = Decided::Refused {
            reason: Reason::QuotaExceeded,
            key: Some(&key),
            plan: Some(&plan),
            retry_after: Some(1_000_000_001),
            remaining: Some(0),
        };
        for kind in [Kind::RestRequest, Kind::HttpV2, Kind::WebSocket] {
            let answer = answered(kind, &refused, &settings("limits", "policy")).unwrap();
            insta::assert_json_snapshot!(format!("quota_exceeded_{}", kind.as_str()), answer);
        }
        let simple = answered(Kind::HttpV2, &refused, &settings("limits", "simple")).unwrap();
        insta::assert_json_snapshot!("quota_exceeded_http-2.0_simple", simple);
    }

    #[test]
    fn a_caller_who_has_not_shown_the_key_learns_nothing_of_it() {
        let (key, plan) = (key(), plan());
        let refused = Decided::Refused {
            reason: Reason::UnknownKey,
            key: Some(&key),
            plan: Some(&plan),
            retry_after: None,
            remaining: None,
        };
        let answer = answered(Kind::HttpV1, &refused, &settings("all", "policy")).unwrap();
        assert_eq!(answer["principalId"], "anonymous");
        assert_eq!(
            answer["context"],
            serde_json::json!({"reason": "unknown_key"})
        );
    }

    #[test]
    fn an_event_that_cannot_be_understood_is_denied() {
        let malformed = |kind| {
            let answer = malformed(MalformedEvent { kind }, &settings("all", "simple"));
            answer.map(|answer| answer.get().to_owned())
        };
        assert_eq!(malformed(None), Err(Failure::Unauthorized));
        assert_eq!(malformed(Some(Kind::RestToken)), Err(Failure::Unauthorized));
        let simple = r#"{"isAuthorized":false,"context":{"reason":"malformed_event"}}"#;
        assert_eq!(malformed(Some(Kind::HttpV2)).as_deref(), Ok(simple));
        let policy: Value = serde_json::from_str(&malformed(Some(Kind::HttpV1)).unwrap()).unwrap();
        let statement = &policy["policyDocument"]["Statement"][0];
        assert_eq!(
            (&statement["Effect"], &statement["Resource"][0]),
            (&"Deny".into(), &"*".into())
        );
    }

    #[test]
    fn an_error_has_its_word_and_nothing_else() {
        for (failure, text) in [
            (Failure::Unauthorized, "Unauthorized"),
            (Failure::Unavailable, "Unavailable"),
        ] {
            let diagnostic = Diagnostic::from(failure);
            assert_eq!(diagnostic.error_message, text);
        }
    }

    #[test]
    fn no_answer_holds_a_null_or_an_empty_principal() {
        let (mut key, plan, kept) = (key(), plan(), KeptPolicy::default());
        (key.name, key.customer_id) = (None, None);
        let mut cases: Vec<Decided<'_>> =
            Reason::ALL.iter().map(|reason| refused(*reason)).collect();
        cases.push(Decided::Allowed {
            key: &key,
            policy: &kept,
            plan: &plan,
            remaining: None,
            counted_by: None,
            without_store: false,
        });
        for (decided, kind) in cases.iter().flat_map(|d| Kind::ALL.map(|kind| (d, kind))) {
            for settings in [settings("limits", "policy"), settings("all", "simple")] {
                let Ok(answer) = answered(kind, decided, &settings) else {
                    continue;
                };
                assert!(!answer.to_string().contains("null"), "{answer}");
                let context = answer["context"].as_object().unwrap();
                assert!(context.values().all(Value::is_string), "{answer}");
                assert!(
                    answer["isAuthorized"].is_boolean() || answer["principalId"] != "",
                    "{answer}"
                );
            }
        }
    }

    #[test]
    fn an_answer_over_8_kb_does_not_go_out() {
        let (mut key, plan) = (key(), plan());
        let rule = |at: usize| format!("GET /{at}/{}", "x".repeat(100)).parse().unwrap();
        let fits = |key: &Key| {
            let allowed = Decided::Allowed {
                key,
                policy: &KeptPolicy::default(),
                plan: &plan,
                remaining: None,
                counted_by: None,
                without_store: false,
            };
            answered(Kind::RestRequest, &allowed, &settings("limits", "policy")).is_ok()
        };
        key.routes = Some((0..40).map(rule).collect());
        assert!(fits(&key));
        key.routes = Some((0..60).map(rule).collect());
        assert!(!fits(&key));
    }

    /// Quotes and backslashes take two bytes each, and the answer's bound counts them.
    #[test]
    fn a_value_that_api_gateway_counts_by_is_part_of_the_answer_s_size() {
        let (mut key, plan, kept) = (key(), plan(), KeptPolicy::default());
        let odd = format!("{}\"\\", "\"\\".repeat(63));
        let counted_by = samples::counted_by(&odd);
        key.metadata.insert("filler", &"x".repeat(256)).unwrap();
        let mut sizes = Vec::new();
        for counted_by in [None, Some(&counted_by)] {
            let allowed = Decided::Allowed {
                key: &key,
                policy: &kept,
                plan: &plan,
                remaining: None,
                without_store: false,
                counted_by,
            };
            let event = samples::event(Kind::RestRequest);
            let incoming = event::read(event.get()).unwrap();
            let answer = answer(&incoming, &allowed, &settings("limits", "policy")).unwrap();
            let read: Value = serde_json::from_str(answer.get()).unwrap();
            let told = counted_by.map(|_| odd.as_str());
            assert_eq!(read.get("usageIdentifierKey").and_then(Value::as_str), told);
            sizes.push(answer.get().len());
        }
        assert_eq!(
            sizes[1] - sizes[0],
            2 * 128 + r#","usageIdentifierKey":"""#.len()
        );

        let rule = |at: usize| format!("GET /{at:02}/{}", "x".repeat(100)).parse().unwrap();
        let fits = |key: &Key, counted_by| {
            let allowed = Decided::Allowed {
                key,
                policy: &KeptPolicy::default(),
                plan: &plan,
                remaining: None,
                without_store: false,
                counted_by,
            };
            answered(Kind::RestRequest, &allowed, &settings("limits", "policy")).is_ok()
        };
        // As many as fit: the value is larger than one more.
        let most = (1..99).take_while(|count| {
            key.routes = Some((0..*count).map(rule).collect());
            fits(&key, None)
        });
        let most = most.count();
        key.routes = Some((0..most).map(rule).collect());
        assert!(fits(&key, None));
        assert!(!fits(&key, Some(&counted_by)), "{most} routes");
    }
}
