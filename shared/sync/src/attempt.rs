//! One attempt at one object.

use latchkey_store::{Id, Native, NativeObject, NativeState, Settled, StoreError};

use crate::{Inventory, Sync, outcome::Stopped};

/// What is known of what earlier attempts may have made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Earlier<'a> {
    /// There was none: whoever wants the object makes it.
    None,
    /// Whatever they made is here.
    LookedAt(&'a Inventory),
}

/// What an attempt did, before it is written down. The id is kept whatever stopped it.
pub(crate) type Done = Result<Settled, (Id, Stopped)>;

/// Nothing was found out about the id.
pub(crate) fn stopped(by: impl Into<Stopped>) -> (Id, Stopped) {
    (Id::Keep, by.into())
}

impl Sync {
    /// Makes the first attempts at what a request has just changed, in this order: a plan or a
    /// key before the key on the plan. What somebody else has claimed, or what an earlier
    /// attempt may have made, is left to the reconciler.
    ///
    /// # Errors
    /// [`StoreError`]: what was not attempted stays pending.
    pub async fn first(&self, objects: &[NativeObject]) -> Result<(), StoreError> {
        for object in objects {
            let Some(native) = self.store.native(object).await? else {
                continue;
            };
            // With an id there is something to look at; without one only the first to want it
            // knows that there is nothing.
            let fresh = native.native_id.is_some() || native.revision == 1;
            let needs_no_id = matches!(object, NativeObject::PlanKey(..) | NativeObject::Flush(_));
            let open = native.state == NativeState::Pending && native.attempts == 0;
            if open && (fresh || needs_no_id) {
                self.settle(&native, Earlier::None).await?;
            }
        }
        Ok(())
    }

    /// Makes a later attempt at an object that the caller has claimed. `inventory` was read
    /// after it was claimed or while nobody else could make an attempt.
    ///
    /// # Errors
    /// [`StoreError`]: it is tried again when the claim is over.
    pub async fn attempt(&self, native: &Native, inventory: &Inventory) -> Result<(), StoreError> {
        self.settle(native, Earlier::LookedAt(inventory)).await
    }

    async fn settle(&self, native: &Native, earlier: Earlier<'_>) -> Result<(), StoreError> {
        let done = match &native.object {
            NativeObject::Plan(plan) => self.plan(native, plan, earlier).await?,
            NativeObject::Key(key) => self.key(native, *key, earlier).await?,
            NativeObject::PlanKey(key, plan) => self.plan_key(native, *key, plan).await?,
            NativeObject::Flush(_) => self.flush(native, earlier).await?,
        };
        let settled = done.unwrap_or_else(|(id, stopped)| {
            let settled = self.later(native, id, stopped);
            if let Settled::Later { reason, .. } = &settled {
                tracing::warn!(object = %native.object, reason, "not in step with API Gateway");
            }
            settled
        });
        self.store.settle(native, &settled).await
    }
}
