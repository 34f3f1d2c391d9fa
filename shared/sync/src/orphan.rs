//! What this table made at API Gateway and nothing wants any more.

use latchkey_gateway::{GatewayError, NativeKeyId, NativePlan, NativePlanId, Patch};
use latchkey_store::StoreError;

use crate::Sync;

/// Why it is still there.
#[derive(Debug, thiserror::Error)]
pub enum OrphanError {
    /// API Gateway did not delete it, or did not say so.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sync {
    /// Deletes a usage plan; one that is gone is well.
    ///
    /// # Errors
    /// [`OrphanError`].
    pub async fn delete_orphan_plan(&self, id: &NativePlanId) -> Result<(), OrphanError> {
        let Some(found) = self.gateway.plan(id).await? else {
            return Ok(());
        };
        let patches = stages_off(&found.plan);
        if !patches.is_empty() {
            self.gateway.update_plan(id, &patches).await?;
            self.store.plan_turn_taken(self.now()).await?;
        }
        Ok(self.gateway.delete_plan(id).await?)
    }

    /// Deletes an API key; one that is gone is well.
    ///
    /// # Errors
    /// [`OrphanError`].
    pub async fn delete_orphan_key(&self, id: &NativeKeyId) -> Result<(), OrphanError> {
        Ok(self.gateway.delete_key(id).await?)
    }
}

/// What takes all stages off a usage plan: API Gateway deletes none that has some.
pub(crate) fn stages_off(plan: &NativePlan) -> Vec<Patch> {
    plan.patches(&NativePlan {
        stages: Default::default(),
        ..plan.clone()
    })
}
