//! The ids in a path. One that cannot be an id names nothing: 404.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use latchkey_domain::{KeyId, PlanId};

use crate::{faults::Fault, problem::Problem};

/// `/v1/plans/{planId}`
#[derive(Debug)]
pub(crate) struct PlanPath(pub(crate) PlanId);

/// `/v1/plans/{planId}` where the id may be a new one of the owner's own, so that one which
/// cannot be an id is a fault.
#[derive(Debug)]
pub(crate) struct OwnPlanPath(pub(crate) PlanId);

/// `/v1/keys/{keyId}`
#[derive(Debug)]
pub(crate) struct KeyPath(pub(crate) KeyId);

/// `/v1/plans/{planId}/keys/{keyId}`
#[derive(Debug)]
pub(crate) struct AttachmentPath {
    pub(crate) plan_id: PlanId,
    pub(crate) key_id: KeyId,
}

impl<S: Send + Sync> FromRequestParts<S> for PlanPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ids = Ids::of(parts, state).await;
        ids.plan_id.map(Self).ok_or(Problem::UnknownPlan)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OwnPlanPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let detail = "not a plan id: 1 to 64 characters of A-Z a-z 0-9 _ -";
        let fault = || Problem::fault(Fault::parameter("planId", detail));
        let ids = Ids::of(parts, state).await;
        ids.plan_id.map(Self).ok_or_else(fault)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ids = Ids::of(parts, state).await;
        ids.key_id.map(Self).ok_or(Problem::UnknownKey)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AttachmentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ids = Ids::of(parts, state).await;
        Ok(Self {
            plan_id: ids.plan_id.ok_or(Problem::UnknownPlan)?,
            key_id: ids.key_id.ok_or(Problem::UnknownKey)?,
        })
    }
}

#[derive(Default)]
struct Ids {
    plan_id: Option<PlanId>,
    key_id: Option<KeyId>,
}

impl Ids {
    async fn of<S: Send + Sync>(parts: &mut Parts, state: &S) -> Self {
        // Only a path that is not UTF-8 when decoded is refused here.
        let Ok(params) = RawPathParams::from_request_parts(parts, state).await else {
            return Self::default();
        };
        let named = |name: &str| params.iter().find(|(theirs, _)| *theirs == name);
        Self {
            plan_id: named("planId").and_then(|(_, id)| id.parse().ok()),
            key_id: named("keyId").and_then(|(_, id)| id.parse().ok()),
        }
    }
}
