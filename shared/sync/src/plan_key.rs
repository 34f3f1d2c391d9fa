//! Keys on usage plans.

use std::collections::BTreeSet;

use latchkey_domain::{KeyId, NativeKeyValue, Plan, PlanId};
use latchkey_gateway::{GatewayError, KeySource, NativeKeyId, NativePlanId};
use latchkey_store::{Id, Native, NativeObject, Settled, StoreError, Wanted};

use crate::{
    Inventory, Sync,
    attempt::{Done, Earlier},
    outcome::Stopped,
};

/// The ids at API Gateway of a plan and a key, as far as they are known.
type Ids = (Option<NativePlanId>, Option<NativeKeyId>);

impl Sync {
    pub(crate) async fn plan_key(
        &self,
        native: &Native,
        key: KeyId,
        plan: &PlanId,
        earlier: Earlier<'_>,
    ) -> Done {
        const WAITS: Stopped = Stopped::Waits("its usage plan and its key");
        let of_both = [NativeObject::Plan(plan.clone()), NativeObject::Key(key)];
        let ids = self.native_ids(&of_both).await?;
        if native.wanted == Wanted::Absent {
            // Nothing can be on a plan without both.
            if let (Some(native_plan), Some(native_key)) = ids {
                self.gateway.remove_key(&native_plan, &native_key).await?;
            }
            return Ok(Settled::Removed);
        }
        let (Some(native_plan), Some(native_key)) = ids else {
            return Err(WAITS.into());
        };
        let record = self.store.key(key).await?;
        let record = record.ok_or(Stopped::Waits("the key's own record"))?;
        if record.key.native_value == NativeKeyValue::Internal {
            let record = self.store.plan(plan).await?;
            let record = record.ok_or(Stopped::Waits("the plan's own record"))?;
            self.opens_nothing(&record.plan, earlier).await?;
        }
        match self.put_on(&native_plan, &native_key).await {
            Err(GatewayError::NotFound { .. }) => {
                self.look_again(of_both).await?;
                Err(WAITS.into())
            }
            done => Ok(done.map(|()| Settled::InSync(Id::Keep))?),
        }
    }

    async fn put_on(&self, plan: &NativePlanId, key: &NativeKeyId) -> Result<(), GatewayError> {
        match self.gateway.add_key(plan, key).await {
            // It may be there already, from an attempt whose answer was lost.
            Err(conflict @ GatewayError::Conflict { .. }) => {
                let there = self.gateway.has_key(plan, key).await?;
                there.then_some(()).ok_or(conflict)
            }
            done => done,
        }
    }

    /// Takes a key off a plan again where nobody wants it on it any more: whoever took it off
    /// meanwhile may have come before this attempt's last call, found nothing, and left no
    /// record. False where there was nothing to do.
    pub(crate) async fn take_off_again(&self, tried: &Native) -> Result<bool, StoreError> {
        let NativeObject::PlanKey(key, plan) = &tried.object else {
            return Ok(false);
        };
        if tried.wanted == Wanted::Absent {
            return Ok(false);
        }
        let record = self.store.key(*key).await?;
        if record.is_some_and(|record| record.plan_ids.contains(plan)) {
            return Ok(false);
        }
        let of_both = [NativeObject::Plan(plan.clone()), NativeObject::Key(*key)];
        let (Some(native_plan), Some(native_key)) = self.native_ids(&of_both).await? else {
            return Ok(false);
        };
        if let Err(error) = self.gateway.remove_key(&native_plan, &native_key).await {
            // The next comparison finds it there.
            tracing::warn!(object = %tried.object, %error, "a detached key may be on its plan");
        }
        Ok(true)
    }

    async fn native_ids(&self, of_both: &[NativeObject]) -> Result<Ids, StoreError> {
        let mut ids = (None, None);
        for native in self.store.natives(of_both).await? {
            let id = native.native_id.unwrap_or_default();
            match native.object {
                NativeObject::Plan(_) => ids.0 = id.parse().ok(),
                _ => ids.1 = id.parse().ok(),
            }
        }
        Ok(ids)
    }

    /// Whether the value of an internal twin opens nothing on a plan's stages: it does where
    /// API Gateway takes keys from the header.
    pub(crate) async fn opens_nothing(
        &self,
        plan: &Plan,
        earlier: Earlier<'_>,
    ) -> Result<(), Stopped> {
        let open = match earlier {
            Earlier::None => self.header_api(plan).await?,
            Earlier::LookedAt(_, inventory) => self.header_api_in(plan, inventory).await?,
        };
        match open {
            None => Ok(()),
            Some(api) => Err(Stopped::Refused(format!(
                "the API {api} has apiKeySource HEADER, where the value of an internal key would open it: set it to AUTHORIZER"
            ))),
        }
    }

    /// An API of the plan's stages that takes keys from the header: the value of an internal
    /// twin, which backends may see, would open it. What is no REST API is not looked at.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn header_api(&self, plan: &Plan) -> Result<Option<String>, GatewayError> {
        for api in apis(plan) {
            if self.gateway.key_source(api).await? == Some(KeySource::Header) {
                return Ok(Some(api.to_owned()));
            }
        }
        Ok(None)
    }

    /// The same for many plans, each API being asked once for an inventory.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn header_api_in(
        &self,
        plan: &Plan,
        inventory: &Inventory,
    ) -> Result<Option<String>, GatewayError> {
        for api in apis(plan) {
            let source = inventory.key_source(&self.gateway, api).await?;
            if source == Some(KeySource::Header) {
                return Ok(Some(api.to_owned()));
            }
        }
        Ok(None)
    }
}

fn apis(plan: &Plan) -> BTreeSet<&str> {
    let stages = plan.stages.iter();
    stages.map(|stage| stage.selector.api_id()).collect()
}
