//! All that API Gateway has, looked at once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use latchkey_domain::{KeyId, PlanId};
use latchkey_gateway::{FoundKey, FoundPlan, Gateway, GatewayError, Values};

use crate::Owner;

/// The usage plans and API keys of the account in the Region, values left out.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// Before it was read.
    pub since: Timestamp,
    /// Its usage plans, by id.
    pub plans: BTreeMap<String, FoundPlan>,
    /// Its API keys, by id.
    pub keys: BTreeMap<String, FoundKey>,
}

impl Inventory {
    /// Reads all pages.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn read(gateway: &Gateway, since: Timestamp) -> Result<Self, GatewayError> {
        let plans = gateway.plans().await?;
        let keys = gateway.keys(Values::Hidden, None).await?;
        let plans = plans.into_iter().map(|plan| (plan.id.to_string(), plan));
        let keys = keys.into_iter().map(|key| (key.id.to_string(), key));
        Ok(Self {
            since,
            plans: plans.collect(),
            keys: keys.collect(),
        })
    }

    /// The usage plan that was made for a plan: of several the one of the lowest id, so that
    /// whoever looks takes the same.
    pub(crate) fn made_for_plan(&self, owner: Owner<'_>, plan: &PlanId) -> Option<&FoundPlan> {
        self.plans
            .values()
            .find(|found| owner.plan(&found.tags).as_ref() == Some(plan))
    }

    /// The API key that was made for a key.
    pub(crate) fn made_for_key(&self, owner: Owner<'_>, key: KeyId) -> Option<&FoundKey> {
        self.keys
            .values()
            .find(|found| owner.key(&found.tags) == Some(key))
    }
}
