//! Keys on usage plans.

use std::collections::BTreeSet;

use latchkey_domain::{KeyId, NativeKeyValue, Plan, PlanId};
use latchkey_gateway::{GatewayError, KeySource, NativeKeyId, NativePlanId};
use latchkey_store::{Id, Native, NativeObject, Settled, StoreError, Wanted};

use crate::{
    Sync,
    attempt::{Done, stopped},
    outcome::Stopped,
};

impl Sync {
    pub(crate) async fn plan_key(
        &self,
        native: &Native,
        key: KeyId,
        plan: &PlanId,
    ) -> Result<Done, StoreError> {
        let native_plan = self.native_id(&NativeObject::Plan(plan.clone())).await?;
        let native_key = self.native_id(&NativeObject::Key(key)).await?;
        let ids = native_plan.zip(native_key);
        if native.wanted == Wanted::Absent {
            let Some((native_plan, native_key)) = ids else {
                // Nothing can be on a plan without both.
                return Ok(Ok(Settled::Removed));
            };
            let removed = self.gateway.remove_key(&native_plan, &native_key).await;
            return Ok(removed.map(|()| Settled::Removed).map_err(stopped));
        }
        let Some((native_plan, native_key)) = ids else {
            return Ok(Err(stopped(Stopped::Waits("its usage plan and its key"))));
        };
        let record = self.store.key(key).await?;
        let internal =
            record.is_some_and(|record| record.key.native_value == NativeKeyValue::Internal);
        if internal
            && let Some(record) = self.store.plan(plan).await?
            && let Err(stop) = self.opens_nothing(&record.plan).await
        {
            return Ok(Err(stopped(stop)));
        }
        Ok(self.put_on(&native_plan, &native_key).await)
    }

    async fn put_on(&self, plan: &NativePlanId, key: &NativeKeyId) -> Done {
        match self.gateway.add_key(plan, key).await {
            Ok(()) => Ok(Settled::InSync(Id::Keep)),
            // It may be there already, from an attempt whose answer was lost.
            Err(conflict @ GatewayError::Conflict { .. }) => {
                match self.gateway.has_key(plan, key).await {
                    Ok(true) => Ok(Settled::InSync(Id::Keep)),
                    Ok(false) => Err(stopped(conflict)),
                    Err(error) => Err(stopped(error)),
                }
            }
            Err(error) => Err(stopped(error)),
        }
    }

    async fn native_id<T: std::str::FromStr>(
        &self,
        object: &NativeObject,
    ) -> Result<Option<T>, StoreError> {
        let native = self.store.native(object).await?;
        Ok(native
            .and_then(|native| native.native_id)
            .and_then(|id| id.parse().ok()))
    }

    /// Whether the value of an internal twin opens nothing on a plan's stages: it does where
    /// API Gateway takes keys from the header.
    pub(crate) async fn opens_nothing(&self, plan: &Plan) -> Result<(), Stopped> {
        match self.header_api(plan).await? {
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
        let apis: BTreeSet<&str> = plan
            .stages
            .iter()
            .map(|stage| stage.selector.api_id())
            .collect();
        for api in apis {
            if self.gateway.key_source(api).await? == Some(KeySource::Header) {
                return Ok(Some(api.to_owned()));
            }
        }
        Ok(None)
    }
}
