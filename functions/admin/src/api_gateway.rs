//! API Gateway, as the admin API uses it: after a change is written, one attempt to bring what
//! is there in step, and the state of it in the answer. What does not succeed at once is the
//! reconciler's: the caller is told so, and nothing fails for it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use latchkey_domain::{Enforcement, Key, KeyId, NativeKeyValue, Plan, StageSelector};
use latchkey_gateway::{Gateway, NativePlan};
use latchkey_store::{Native, NativeObject, NativeState};
use latchkey_sync::Sync;
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    AdminState,
    faults::{Fault, Faults, shown},
    problem::Problem,
};

/// How long a look before a change may take, and the first attempt after it: a request has
/// 25 s, and the table its share of them.
const LOOK: Duration = Duration::from_secs(4);
const FIRST_ATTEMPT: Duration = Duration::from_secs(8);

/// API Gateway and what may be done there.
#[derive(Debug, Clone)]
pub struct ApiGateway {
    sync: Sync,
    flush_caches: bool,
    managed_apis: Arc<BTreeSet<String>>,
}

impl ApiGateway {
    /// API Gateway by `sync`. `flush_caches`: whether it is to forget the authorizer's answers
    /// for a key that changes. `managed_apis`: the REST APIs that may be deployed and changed.
    pub fn new(sync: Sync, flush_caches: bool, managed_apis: BTreeSet<String>) -> Self {
        Self {
            sync,
            flush_caches,
            managed_apis: Arc::new(managed_apis),
        }
    }

    pub(crate) fn sync(&self) -> &Sync {
        &self.sync
    }

    pub(crate) fn gateway(&self) -> &Gateway {
        self.sync.gateway()
    }

    /// # Errors
    /// [`Problem::ApiNotManaged`] for an API that is not to be changed from here.
    pub(crate) fn managed(&self, api_id: &str) -> Result<&Gateway, Problem> {
        if self.managed_apis.contains(api_id) {
            return Ok(self.gateway());
        }
        Err(Problem::ApiNotManaged(shown(api_id)))
    }
}

impl AdminState {
    /// # Errors
    /// [`Problem::NoApiGateway`].
    pub(crate) fn api_gateway(&self) -> Result<&ApiGateway, Problem> {
        self.api_gateway.as_ref().ok_or(Problem::NoApiGateway)
    }

    /// Makes the first attempt at what a change wants of API Gateway. The change is made: the
    /// answer, which may have a key's value, must not wait too long for this.
    pub(crate) async fn bring_in_step(&self, objects: &[NativeObject]) {
        let Some(api_gateway) = &self.api_gateway else {
            return;
        };
        match timeout(FIRST_ATTEMPT, api_gateway.sync.first(objects)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "left to the reconciler"),
            Err(_) => tracing::warn!("API Gateway is slow: left to the reconciler"),
        }
    }

    /// What API Gateway has of a key that was just made; none where that is not known, since
    /// the answer with the key's value matters more.
    pub(crate) async fn native_key(&self, key: KeyId) -> Option<Native> {
        let native = self.store.native(&NativeObject::Key(key)).await;
        native.unwrap_or_else(|error| {
            tracing::warn!(%error, "the state at API Gateway is not told");
            None
        })
    }

    /// The stages whose authorizer results are to be forgotten when a key on these plans
    /// changes: those that are named by plans where API Gateway may keep them.
    pub(crate) fn stages_to_flush(&self, plans: &[Plan]) -> Vec<StageSelector> {
        let flush = |gateway: &ApiGateway| gateway.flush_caches;
        if !self.api_gateway.as_ref().is_some_and(flush) {
            return Vec::new();
        }
        let counted = plans.iter().filter(|plan| is_native(plan));
        let stages: BTreeSet<StageSelector> = counted
            .flat_map(|plan| &plan.stages)
            .map(|stage| stage.selector.clone())
            .collect();
        stages.into_iter().collect()
    }

    /// Refuses a key on plans that are being deleted, that could not hold it to its rules, or
    /// whose stages its twin would open.
    ///
    /// # Errors
    /// [`Problem::PlanDeleting`], [`Problem::NotHeld`], [`Problem::TwinWouldOpen`], [`Problem::NoApiGateway`].
    pub(crate) async fn refuse_unfit(&self, key: &Key, plans: &[&Plan]) -> Result<(), Problem> {
        for plan in plans {
            if plan.deleting {
                return Err(Problem::PlanDeleting(plan.id.clone()));
            }
            if let Some(rule) = plan.not_held(key).first() {
                return Err(Problem::NotHeld {
                    plan: plan.id.clone(),
                    field: rule.field(),
                    rule: rule.to_string(),
                });
            }
        }
        match key.native_value {
            NativeKeyValue::Internal => self.refuse_open(plans).await,
            NativeKeyValue::Header => Ok(()),
        }
    }

    /// Refuses plans with stages that an internal twin's value would open. Where API Gateway
    /// does not tell in time, it is looked at again before the twin is put on the plan.
    ///
    /// # Errors
    /// [`Problem::TwinWouldOpen`], [`Problem::NoApiGateway`].
    pub(crate) async fn refuse_open(&self, plans: &[&Plan]) -> Result<(), Problem> {
        let native = plans.iter().filter(|plan| is_native(plan));
        let looked = async {
            for plan in native {
                match self.api_gateway()?.sync.header_api(plan).await {
                    Ok(None) => {}
                    Ok(Some(api_id)) => return Err(Problem::TwinWouldOpen { api_id }),
                    Err(error) => {
                        tracing::warn!(%error, "the key source of a plan's APIs is not known");
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        timeout(LOOK, looked).await.unwrap_or_else(|_| {
            tracing::warn!("API Gateway is slow: the key source of APIs is not known");
            Ok(())
        })
    }

    /// What API Gateway's usage plans cannot say.
    ///
    /// # Errors
    /// [`Faults`], all of them; one where there is no API Gateway.
    pub(crate) fn check_native(&self, plan: &Plan) -> Result<(), Faults> {
        if !is_native(plan) {
            return Ok(());
        }
        if self.api_gateway.is_none() {
            const DETAIL: &str = "apiGateway needs API Gateway, which is not configured here: latchkey dev takes --api-gateway-endpoint";
            return Err(Fault::at("/enforcement", DETAIL).into());
        }
        let mut faults = Faults::default();
        for problem in NativePlan::of(plan).err().unwrap_or_default() {
            faults.push(Fault::at(problem.pointer(), problem.to_string()));
        }
        faults.or(())
    }
}

/// Whether API Gateway counts.
pub(crate) fn is_native(plan: &Plan) -> bool {
    plan.enforcement == Enforcement::ApiGateway
}

/// What API Gateway has of a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NativePlanView {
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_plan_id: Option<String>,
    #[serde(flatten)]
    state: StateView,
}

/// What it has of a key on a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NativeKeyView {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(flatten)]
    state: StateView,
}

#[derive(Debug, Serialize)]
struct StateView {
    state: &'static str,
    /// Why it is not in step.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<&Native> for StateView {
    fn from(native: &Native) -> Self {
        Self {
            state: native.state.as_str(),
            reason: native.reason.clone(),
        }
    }
}

impl From<&Native> for NativePlanView {
    fn from(native: &Native) -> Self {
        Self {
            usage_plan_id: native.native_id.clone(),
            state: native.into(),
        }
    }
}

impl From<&Native> for NativeKeyView {
    fn from(twin: &Native) -> Self {
        Self {
            key_id: twin.native_id.clone(),
            state: twin.into(),
        }
    }
}

impl NativeKeyView {
    /// Of a key's twin on a plan: what is told is whatever of both is farther from its end.
    pub(crate) fn on_plan(twin: Option<&Native>, on_plan: &Native) -> Self {
        let behind = |native: &&Native| match native.state {
            NativeState::InSync => 0,
            NativeState::Pending => 1,
            NativeState::Failed => 2,
        };
        let worst = twin.into_iter().chain([on_plan]).max_by_key(behind);
        Self {
            key_id: twin.and_then(|twin| twin.native_id.clone()),
            state: worst.unwrap_or(on_plan).into(),
        }
    }
}
