//! Keys on plans.

use crate::{
    Gateway, GatewayError, NativeKeyId, NativePlanId,
    gateway::{PAGE, all_pages, found, id},
    operation::Operation,
};

impl Gateway {
    /// CreateUsagePlanKey.
    ///
    /// # Errors
    /// [`GatewayError`]: Conflict where the key is on the plan already, or on another one of
    /// the same stage; NotFound where the plan or the key is not there.
    pub async fn add_key(
        &self,
        plan: &NativePlanId,
        key: &NativeKeyId,
    ) -> Result<(), GatewayError> {
        let request = self.client.create_usage_plan_key();
        let request = request.usage_plan_id(plan.as_str()).key_id(key.as_str());
        let request = request.key_type("API_KEY");
        self.call(Operation::CreateUsagePlanKey, || request.clone().send())
            .await?;
        Ok(())
    }

    /// GetUsagePlanKey: false also where the plan or the key is not there.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn has_key(
        &self,
        plan: &NativePlanId,
        key: &NativeKeyId,
    ) -> Result<bool, GatewayError> {
        let request = self.client.get_usage_plan_key();
        let request = request.usage_plan_id(plan.as_str()).key_id(key.as_str());
        let send = || request.clone().send();
        let answer = self.call(Operation::GetUsagePlanKey, send).await;
        Ok(found(answer)?.is_some())
    }

    /// DeleteUsagePlanKey; one that is gone is well.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn remove_key(
        &self,
        plan: &NativePlanId,
        key: &NativeKeyId,
    ) -> Result<(), GatewayError> {
        let request = self.client.delete_usage_plan_key();
        let request = request.usage_plan_id(plan.as_str()).key_id(key.as_str());
        let send = || request.clone().send();
        let answer = self.call(Operation::DeleteUsagePlanKey, send).await;
        found(answer).map(drop)
    }

    /// GetUsagePlanKeys, all pages.
    ///
    /// # Errors
    /// [`GatewayError`]: NotFound where the plan is not there.
    pub async fn keys_on(&self, plan: &NativePlanId) -> Result<Vec<NativeKeyId>, GatewayError> {
        let operation = Operation::GetUsagePlanKeys;
        all_pages(operation, |position| async move {
            let request = self.client.get_usage_plan_keys();
            let request = request.usage_plan_id(plan.as_str()).limit(PAGE);
            let request = request.set_position(position);
            let page = self.call(operation, || request.clone().send()).await?;
            let keys = page.items.unwrap_or_default();
            let ids: Result<_, _> = keys.iter().map(|key| id(operation, key.id())).collect();
            Ok((ids?, page.position))
        })
        .await
    }
}
