//! All that API Gateway has, looked at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use latchkey_domain::{KeyId, PlanId};
use latchkey_gateway::{FoundKey, FoundPlan, Gateway, GatewayError, KeySource, Values};
use tokio::sync::Mutex;

use crate::Owner;

/// The usage plans and API keys of the account in the Region, values left out.
#[derive(Debug)]
pub struct Inventory {
    /// Before it was read.
    pub since: Timestamp,
    /// Its usage plans, by id.
    pub plans: BTreeMap<String, FoundPlan>,
    /// Its API keys, by id.
    pub keys: BTreeMap<String, FoundKey>,
    /// The ids of those that were made for a plan of the table: more than one where an answer
    /// was lost.
    made_for_plans: BTreeMap<PlanId, BTreeSet<String>>,
    made_for_keys: BTreeMap<KeyId, BTreeSet<String>>,
    /// Where APIs take keys from, as far as that was asked.
    sources: Mutex<BTreeMap<String, Option<KeySource>>>,
}

impl Inventory {
    /// Reads all pages; `owner` is the table.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn read(
        gateway: &Gateway,
        owner: Owner<'_>,
        since: Timestamp,
    ) -> Result<Self, GatewayError> {
        let plans = gateway.plans().await?;
        let keys = gateway.keys(Values::Hidden, None).await?;
        Ok(Self::of(plans, keys, owner, since))
    }

    /// What was found.
    pub fn of(
        plans: Vec<FoundPlan>,
        keys: Vec<FoundKey>,
        owner: Owner<'_>,
        since: Timestamp,
    ) -> Self {
        let mut made_for_plans = BTreeMap::<_, BTreeSet<String>>::new();
        for found in &plans {
            if let Some(plan) = owner.plan(&found.tags) {
                let made = made_for_plans.entry(plan).or_default();
                made.insert(found.id.to_string());
            }
        }
        let mut made_for_keys = BTreeMap::<_, BTreeSet<String>>::new();
        for found in &keys {
            if let Some(key) = owner.key(&found.tags) {
                let made = made_for_keys.entry(key).or_default();
                made.insert(found.id.to_string());
            }
        }
        let plans = plans.into_iter().map(|plan| (plan.id.to_string(), plan));
        let keys = keys.into_iter().map(|key| (key.id.to_string(), key));
        Self {
            since,
            plans: plans.collect(),
            keys: keys.collect(),
            made_for_plans,
            made_for_keys,
            sources: Mutex::default(),
        }
    }

    /// The usage plans that were made for a plan.
    pub(crate) fn made_for_plan(&self, plan: &PlanId) -> impl Iterator<Item = &FoundPlan> {
        let ids = self.made_for_plans.get(plan).into_iter().flatten();
        ids.filter_map(|id| self.plans.get(id))
    }

    /// The API keys that were made for a key.
    pub(crate) fn made_for_key(&self, key: KeyId) -> impl Iterator<Item = &FoundKey> {
        let ids = self.made_for_keys.get(&key).into_iter().flatten();
        ids.filter_map(|id| self.keys.get(id))
    }

    /// Where an API takes keys from: asked once.
    pub(crate) async fn key_source(
        &self,
        gateway: &Gateway,
        api_id: &str,
    ) -> Result<Option<KeySource>, GatewayError> {
        let mut sources = self.sources.lock().await;
        if let Some(source) = sources.get(api_id) {
            return Ok(*source);
        }
        let source = gateway.key_source(api_id).await?;
        sources.insert(api_id.to_owned(), source);
        Ok(source)
    }
}
