//! What a decision is to API Gateway: a policy, a simple response, or an error.
//!
//! API Gateway turns the error whose text is exactly `Unauthorized` into 401, any other
//! error into 500, a Deny into 403 or, on REST APIs, into what the gateway response
//! `ACCESS_DENIED` makes of it with the help of the context. HTTP APIs know no
//! `Unauthorized`: there every refusal is a Deny. Absent things are left out, since a null
//! anywhere is a 500; context values are strings.

use std::{collections::BTreeMap, fmt};

use aws_lambda_events::iam::IamPolicyDocument;
use lambda_runtime::Diagnostic;
use latchkey_domain::{Class, Key, Nanos, Plan, Reason};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    event::{Incoming, Kind, MalformedEvent},
    policy::{self, PolicyError},
    settings::{DenyFor, HttpResponse, Settings},
};

/// The longest answer that API Gateway takes (Service Quotas L-20859C74), in bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024;
/// `principalId` may not be empty, and a caller without a key has no id.
const NOBODY: &str = "anonymous";
const SECOND: Nanos = 1_000_000_000;

/// What is answered for.
#[derive(Debug, Clone, Copy)]
pub enum Decided<'a> {
    /// The call passes.
    Allowed {
        /// The key that was shown.
        key: &'a Key,
        /// The plan that it was charged to.
        plan: &'a Plan,
        /// Units left of the quota, where there is one.
        remaining: Option<u64>,
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

/// The way in which a refusal goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Unauthorized,
    Deny,
    Unavailable,
}

/// Which refusal goes which way.
fn way(reason: Reason, kind: Kind, deny_for: DenyFor) -> Way {
    match (kind, reason.class()) {
        (_, Class::None) => Way::Unavailable,
        (Kind::HttpV1 | Kind::HttpV2, _) | (_, Class::Limit) => Way::Deny,
        _ if deny_for == DenyFor::All && is_of_a_known_key(reason) => Way::Deny,
        _ => Way::Unauthorized,
    }
}

/// Whether the caller has shown a key's value: only then may it learn anything of the key.
fn is_of_a_known_key(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::MalformedEvent
            | Reason::MissingKey
            | Reason::MalformedKey
            | Reason::UnknownKey
            | Reason::Unavailable
    )
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
        } => (
            Some(key),
            context(Some(key), Some(plan), None, None, remaining),
        ),
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
            let (key, plan) = (key.filter(|_| shown), plan.filter(|_| shown));
            (
                key,
                context(key, plan, Some(reason), retry_after, remaining),
            )
        }
    };
    let answer = match decided {
        _ if simple => Ok(Answer::Simple {
            is_authorized: matches!(decided, Decided::Allowed { .. }),
            context,
        }),
        Decided::Allowed { key, .. } => policy::allow(incoming, key)
            .map(|document| Answer::policy(principal, document, context)),
        Decided::Refused { .. } => {
            policy::deny(incoming).map(|document| Answer::policy(principal, document, context))
        }
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
            let context = context(None, None, Some(Reason::MalformedEvent), None, None);
            let answer = if is_simple(kind, settings) {
                Ok(Answer::Simple {
                    is_authorized: false,
                    context,
                })
            } else {
                policy::deny_everywhere().map(|document| Answer::policy(None, document, context))
            };
            sent(answer, None)
        }
    }
}

/// Simple responses exist for payload format 2.0 only.
fn is_simple(kind: Kind, settings: &Settings) -> bool {
    kind == Kind::HttpV2 && settings.http_response == HttpResponse::Simple
}

type Context = BTreeMap<String, String>;

/// `aws_lambda_events` has both, but its types write a null for each thing that is absent.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Answer {
    Policy {
        principal_id: String,
        policy_document: IamPolicyDocument,
        context: Context,
    },
    Simple {
        is_authorized: bool,
        context: Context,
    },
}

impl Answer {
    fn policy(key: Option<&Key>, policy_document: IamPolicyDocument, context: Context) -> Self {
        Self::Policy {
            principal_id: key.map_or_else(|| NOBODY.to_owned(), |key| key.id.to_string()),
            policy_document,
            context,
        }
    }
}

fn context(
    key: Option<&Key>,
    plan: Option<&Plan>,
    reason: Option<Reason>,
    retry_after: Option<Nanos>,
    remaining: Option<u64>,
) -> Context {
    let quota = plan.and_then(|plan| plan.quota);
    let customer = key.and_then(|key| key.customer_id.as_ref());
    let name = key.and_then(|key| key.name.as_ref());
    let members = [
        ("keyId", key.map(|key| key.id.to_string())),
        ("keyName", name.map(|name| name.as_str().to_owned())),
        ("customerId", customer.map(|id| id.as_str().to_owned())),
        ("planId", plan.map(|plan| plan.id.to_string())),
        ("reason", reason.map(|reason| reason.to_string())),
        (
            "retryAfter",
            retry_after.map(|time| whole_seconds(time).to_string()),
        ),
        ("quotaLimit", quota.map(|quota| quota.limit().to_string())),
        (
            "quotaRemaining",
            quota.and(remaining).map(|units| units.to_string()),
        ),
    ];
    let metadata = key.into_iter().flat_map(|key| key.metadata.iter());
    let metadata = metadata.map(|(name, value)| (format!("meta_{name}"), value.to_owned()));
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .chain(metadata)
        .collect()
}

/// `Retry-After` knows whole seconds; a caller who comes back a moment early is refused again.
fn whole_seconds(time: Nanos) -> Nanos {
    (time.saturating_add(SECOND - 1) / SECOND).max(1)
}

/// An answer that API Gateway would not take locks its caller out without a word, so the
/// log says which key has outgrown it. Keys are checked for it when they are written.
fn sent(answer: Result<Answer, PolicyError>, key: Option<&Key>) -> Result<Box<RawValue>, Failure> {
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
