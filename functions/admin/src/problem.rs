//! Every way in which a request can fail, and the one place that makes answers of them:
//! problem documents (RFC 9457) whose `type` never changes and is the address of a page
//! ([`crate::problem_pages`]): docs/problems has one for each.

#[cfg(test)]
mod examples;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use latchkey_domain::{KeyId, PlanId, TooManyValues};
use latchkey_gateway::GatewayError;
use latchkey_store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    faults::{Fault, Faults},
    random::NoRandomness,
};

/// Why a request was not carried out. The text is the answer's `detail`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Invalid(Faults),
    #[error("the body is not JSON: {0}")]
    MalformedJson(String),
    #[error("the plan has no quota, so there is nothing to grant: give it one first")]
    NoQuota,
    #[error(
        "the request carries no IAM identity: the admin API must stand behind API Gateway with AWS_IAM"
    )]
    NoIdentity,
    #[error("nothing is here: GET /docs shows the paths of the admin API")]
    UnknownPath,
    #[error("no usage plan has this id")]
    UnknownPlan,
    #[error("no API key has this id")]
    UnknownKey,
    #[error("the key is not on the plan")]
    NotAttached,
    #[error("the key is not on the plan {0}, from which it is to be moved")]
    NotOnFirstPlan(PlanId),
    #[error(
        "the key is on the plan {0} already: take it off the other one with DELETE /v1/plans/{{planId}}/keys/{{keyId}}"
    )]
    AlreadyAttached(PlanId),
    #[error(
        "the plan {0} is being deleted: it covers nothing any more, its keys are taken off, and nothing of it can be changed"
    )]
    PlanDeleting(PlanId),
    #[error("this path does not have the method; it has {allowed}")]
    MethodNotAllowed { allowed: String },
    #[error("the key {0} has this value, or had it before a rotation: two keys cannot share one")]
    ValueTaken(KeyId),
    #[error(
        "the key is on the plan {in_the_way}, which covers {stage}: a key may be on one plan only for each API stage"
    )]
    PlanInTheWay { in_the_way: PlanId, stage: String },
    #[error(
        "the plans {first} and {second} both cover {stage}: a key may be on one plan only for each API stage"
    )]
    PlansOverlap {
        first: PlanId,
        second: PlanId,
        stage: String,
    },
    #[error(
        "the key {key} is on the plan {in_the_way} too, which covers {stage}: a key may be on one plan only for each API stage"
    )]
    StagesInTheWay {
        key: KeyId,
        in_the_way: PlanId,
        stage: String,
    },
    #[error(
        "keys are on the plan ({0}): take each off first, with DELETE /v1/plans/{{planId}}/keys/{{keyId}}, or delete it with ?force=true, which takes all of them off"
    )]
    PlanInUse(u64),
    #[error("a key may be on {0} plans, and this one is")]
    TooManyPlans(usize),
    #[error(
        "keys are on the plan ({keys}): its stages can be changed while there are at most {allowed}, since each one is looked at"
    )]
    TooManyKeys { keys: u64, allowed: u64 },
    #[error(
        "keys are on the plan ({keys}): {field} can be changed while there are none, since it would change what they have used; {}",
        instead_of_changing(field)
    )]
    FixedInUse { keys: u64, field: &'static str },
    #[error(
        "the key is on the plan {0}, where the keys of a customer share its allowance: take it off first, with DELETE /v1/plans/{{planId}}/keys/{{keyId}}, since another customerId would change whose allowance it uses"
    )]
    CustomerInUse(PlanId),
    #[error("no key of this customer is on the plan, or was")]
    CustomerNotAttached,
    #[error("the plan {plan} cannot take the key: its {field} {rule}")]
    NotHeld {
        plan: PlanId,
        field: &'static str,
        rule: String,
    },
    #[error(
        "the API {api_id} takes keys from the header, where the value of an internal key, which backends see, would open it: set its apiKeySource to AUTHORIZER (a WebSocket API's apiKeySelectionExpression to $context.authorizer.usageIdentifierKey) and deploy it, or make the key with nativeValue header"
    )]
    TwinWouldOpen { api_id: String },
    #[error(
        "API Gateway has the value of a key whose nativeValue is header, and changes it never: make another key, and delete this one"
    )]
    HeaderKeyStays,
    #[error("{0}")]
    TooManyValues(TooManyValues),
    #[error("API Gateway has a key with this value already: two keys cannot share one")]
    NativeValueTaken,
    #[error("API Gateway did not do it: {0}")]
    ApiGatewayFailed(String),
    #[error("{0}")]
    ApiGatewayRefused(String),
    #[error("API Gateway is not configured here: latchkey dev takes --api-gateway-endpoint")]
    NoApiGateway,
    #[error(
        "the API {0} may not be changed from here: its id must stand in MANAGED_APIS (template parameter ManagedApis)"
    )]
    ApiNotManaged(String),
    #[error("API Gateway has no {0}")]
    UnknownApi(String),
    #[error("others keep changing the same thing: try again")]
    Changed,
    #[error(
        "a request with this Idempotency-Key is still being carried out: send it again later, after the seconds of Retry-After"
    )]
    IdempotencyKeyRunning(i64),
    #[error(
        "this Idempotency-Key belongs to another request of the last 24 hours, with another method, path, query or body: take a new key for a new request"
    )]
    IdempotencyKeyReused,
    #[error(
        "the header {0} does not hold: it is no longer, or not yet, as the header says; look at it and decide anew"
    )]
    PreconditionFailed(&'static str),
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    #[error("this path answers with {0}, and the header Accept takes none of it")]
    NotAcceptable(String),
    #[error(
        "the table did not answer in its time; a change may or may not have been carried out, so look before it is repeated"
    )]
    Unavailable,
    #[error("the fault is Latchkey's; its log says more")]
    Internal,
}

/// How what is fixed while keys are on a plan comes about all the same.
fn instead_of_changing(field: &str) -> &'static str {
    match field {
        "enforcement" => {
            "make another plan and move the keys there, or take a plan from apiGateway to dynamodb, with its keys on it, by POST /v1/adopt"
        }
        _ => "make another plan and move the keys there, with POST /v1/keys/{keyId}/move",
    }
}

impl Problem {
    /// One thing is wrong with the request.
    pub(crate) fn fault(fault: Fault) -> Self {
        Self::Invalid(fault.into())
    }

    /// Name, status and title.
    fn kind(&self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Invalid(_) => ("invalid-request", S::BAD_REQUEST, "Invalid request"),
            Self::MalformedJson(_) => ("malformed-json", S::BAD_REQUEST, "Malformed JSON"),
            Self::NoQuota => ("no-quota", S::BAD_REQUEST, "No quota"),
            Self::NoIdentity => ("no-identity", S::FORBIDDEN, "No IAM identity"),
            Self::UnknownPath => ("unknown-path", S::NOT_FOUND, "Unknown path"),
            Self::UnknownPlan => ("unknown-plan", S::NOT_FOUND, "Unknown usage plan"),
            Self::UnknownKey => ("unknown-key", S::NOT_FOUND, "Unknown API key"),
            Self::NotAttached | Self::NotOnFirstPlan(_) => {
                ("not-attached", S::NOT_FOUND, "Key not on this plan")
            }
            Self::AlreadyAttached(_) => {
                ("already-attached", S::CONFLICT, "Key on this plan already")
            }
            Self::PlanDeleting(_) => ("plan-deleting", S::CONFLICT, "Usage plan being deleted"),
            Self::MethodNotAllowed { .. } => (
                ProblemName::METHOD_NOT_ALLOWED,
                S::METHOD_NOT_ALLOWED,
                "Method not allowed",
            ),
            Self::ValueTaken(_) => ("value-taken", S::CONFLICT, "Key value taken"),
            Self::PlanInTheWay { .. } | Self::PlansOverlap { .. } | Self::StagesInTheWay { .. } => {
                (
                    "plan-in-the-way",
                    S::CONFLICT,
                    "Two plans for one API stage",
                )
            }
            Self::PlanInUse(_) => ("plan-in-use", S::CONFLICT, "Usage plan in use"),
            Self::TooManyPlans(_) => ("too-many-plans", S::CONFLICT, "Too many plans"),
            Self::TooManyKeys { .. } => ("too-many-keys", S::CONFLICT, "Too many keys"),
            Self::FixedInUse { .. } => ("plan-in-use", S::CONFLICT, "Usage plan in use"),
            Self::CustomerInUse(_) => (
                "customer-in-use",
                S::CONFLICT,
                "Customer's allowance in use",
            ),
            Self::CustomerNotAttached => ("not-attached", S::NOT_FOUND, "Key not on this plan"),
            Self::NotHeld { .. } => ("key-not-held", S::BAD_REQUEST, "Key not for this plan"),
            Self::TwinWouldOpen { .. } => (
                "api-key-source",
                S::CONFLICT,
                "API takes keys from the header",
            ),
            Self::HeaderKeyStays => ("header-key", S::CONFLICT, "Value kept by API Gateway"),
            Self::TooManyValues(_) => ("too-many-values", S::CONFLICT, "Too many values"),
            Self::NativeValueTaken => ("value-taken", S::CONFLICT, "Key value taken"),
            Self::ApiGatewayFailed(_) => (
                "api-gateway-unavailable",
                S::SERVICE_UNAVAILABLE,
                "API Gateway unavailable",
            ),
            Self::ApiGatewayRefused(_) => (
                "api-gateway-refused",
                S::BAD_REQUEST,
                "Refused by API Gateway",
            ),
            Self::NoApiGateway => ("no-api-gateway", S::BAD_REQUEST, "No API Gateway"),
            Self::ApiNotManaged(_) => ("api-not-managed", S::FORBIDDEN, "API not managed"),
            Self::UnknownApi(_) => ("unknown-api", S::NOT_FOUND, "Not at API Gateway"),
            Self::Changed => ("changed-meanwhile", S::CONFLICT, "Changed meanwhile"),
            Self::IdempotencyKeyRunning(_) => (
                "idempotency-key-running",
                S::CONFLICT,
                "Idempotency-Key in use",
            ),
            Self::IdempotencyKeyReused => (
                "idempotency-key-reused",
                S::UNPROCESSABLE_ENTITY,
                "Idempotency-Key of another request",
            ),
            Self::PreconditionFailed(_) => (
                "precondition-failed",
                S::PRECONDITION_FAILED,
                "Precondition failed",
            ),
            Self::BodyTooLarge(_) => ("body-too-large", S::PAYLOAD_TOO_LARGE, "Body too large"),
            Self::UnsupportedMediaType(_) => (
                "unsupported-media-type",
                S::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported media type",
            ),
            Self::NotAcceptable(_) => ("not-acceptable", S::NOT_ACCEPTABLE, "Not acceptable"),
            Self::Unavailable => ("unavailable", S::SERVICE_UNAVAILABLE, "Table unavailable"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }

    /// What a program wants to know beside the text.
    fn members(&self) -> Map<String, Value> {
        let members = match self {
            Self::ValueTaken(key) => vec![("keyId", key.to_string().into())],
            Self::PlanInTheWay { in_the_way, .. } => vec![("planId", in_the_way.as_str().into())],
            Self::PlansOverlap { first, second, .. } => {
                vec![("planIds", vec![first.as_str(), second.as_str()].into())]
            }
            Self::StagesInTheWay {
                key, in_the_way, ..
            } => vec![
                ("keyId", key.to_string().into()),
                ("planId", in_the_way.as_str().into()),
            ],
            Self::NotOnFirstPlan(plan)
            | Self::AlreadyAttached(plan)
            | Self::PlanDeleting(plan)
            | Self::CustomerInUse(plan)
            | Self::NotHeld { plan, .. } => vec![("planId", plan.as_str().into())],
            Self::TwinWouldOpen { api_id } => vec![("apiId", api_id.as_str().into())],
            Self::PlanInUse(keys)
            | Self::TooManyKeys { keys, .. }
            | Self::FixedInUse { keys, .. } => {
                vec![("keys", (*keys).into())]
            }
            _ => vec![],
        };
        let named = |(name, value): (&str, Value)| (name.to_owned(), value);
        members.into_iter().map(named).collect()
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Fault],
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl Problem {
    fn document(&self) -> Document<'_> {
        let (name, status, title) = self.kind();
        Document {
            r#type: format!("/problems/{name}"),
            title,
            status: status.as_u16(),
            detail: self.to_string(),
            errors: match self {
                Self::Invalid(faults) => faults.told(),
                _ => &[],
            },
            members: self.members(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (name, status, _) = self.kind();
        let mut response = (status, Json(self.document())).into_response();
        let media_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        if let Self::IdempotencyKeyRunning(seconds) = &self {
            let seconds = HeaderValue::from(*seconds);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(ProblemName(name));
        response
    }
}

/// On an answer: which problem it tells of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProblemName(pub(crate) &'static str);

impl ProblemName {
    pub(crate) const METHOD_NOT_ALLOWED: &str = "method-not-allowed";
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        Self::Invalid(faults.sorted())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cursor(error) => Self::fault(Fault::parameter("cursor", error.to_string())),
            StoreError::Unavailable { .. } => {
                tracing::error!(%error, "the table is unavailable");
                Self::Unavailable
            }
            StoreError::Superseded => Self::IdempotencyKeyRunning(1),
            StoreError::Corrupt(_) => {
                tracing::error!(%error, "an item cannot be read");
                Self::Internal
            }
        }
    }
}

impl From<csv::Error> for Problem {
    fn from(error: csv::Error) -> Self {
        tracing::error!(%error, "a table could not be written");
        Self::Internal
    }
}

impl From<GatewayError> for Problem {
    fn from(error: GatewayError) -> Self {
        match &error {
            GatewayError::NotFound { what, .. } => Self::UnknownApi(what.to_string()),
            GatewayError::Refused { .. } => Self::ApiGatewayRefused(error.to_string()),
            // An account's quota is no fault of the request.
            GatewayError::QuotaReached(_)
            | GatewayError::Conflict { .. }
            | GatewayError::Throttled { .. }
            | GatewayError::Unavailable { .. } => Self::ApiGatewayFailed(error.to_string()),
        }
    }
}

impl From<NoRandomness> for Problem {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "no random bytes");
        Self::Internal
    }
}
