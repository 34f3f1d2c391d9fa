//! Keys on plans that were made again.
//!
//! A plan or a key that was deleted by hand comes back under another id and without the keys
//! on it, or the plans that it was on. Each of these was in step, and is not any more.

use latchkey_store::{Cursor, Native, NativeObject, NativeState, StoreError, Wanted};

use crate::Sync;

/// Keys of a plan that are looked at together.
const PAGE: u16 = 100;
/// API Gateway has 10,000 keys in an account and Region.
const PAGES: usize = 200;

impl Sync {
    /// Has the keys on a plan, or a key on its plans, tried again where the plan or the key is
    /// another one than the one that was known: those in this state, in step before its id is
    /// written down, so that none is forgotten, and pending after that, since it is the id that
    /// they wait for.
    pub(crate) async fn put_keys_on_again(
        &self,
        native: &Native,
        id: &str,
        those: NativeState,
    ) -> Result<(), StoreError> {
        let never_made = native.native_id.is_none() && native.revision == 1 && native.attempts == 0;
        if native.native_id.as_deref() == Some(id) || never_made {
            return Ok(());
        }
        match &native.object {
            NativeObject::Key(key) => {
                let record = self.store.key(*key).await?;
                let plans = record.map(|record| record.plan_ids).unwrap_or_default();
                let on = plans
                    .into_iter()
                    .map(|plan| NativeObject::PlanKey(*key, plan));
                self.try_again(on.collect(), those).await
            }
            NativeObject::Plan(plan) => {
                let mut cursor: Option<Cursor> = None;
                for _ in 0..PAGES {
                    let page = self.store.attachments(plan, PAGE, cursor.as_ref()).await?;
                    let on = page.items.into_iter();
                    let on = on.map(|on| NativeObject::PlanKey(on.key_id, on.plan_id));
                    self.try_again(on.collect(), those).await?;
                    cursor = page.cursor;
                    if cursor.is_none() {
                        break;
                    }
                }
                Ok(())
            }
            NativeObject::PlanKey(..) | NativeObject::Flush(_) => Ok(()),
        }
    }

    async fn try_again(&self, on: Vec<NativeObject>, those: NativeState) -> Result<(), StoreError> {
        let natives = self.store.natives(&on).await?;
        let there = natives
            .iter()
            .filter(|native| native.wanted == Wanted::Present && native.state == those);
        for native in there {
            if native.state == NativeState::InSync {
                let reason = "its usage plan or its key was made again";
                self.store.reopen(native, reason, self.now()).await?;
            } else if native.attempts > 0 && native.due > self.now() {
                self.store.bring_forward(native, self.now()).await?;
            }
        }
        Ok(())
    }

    /// Has what should be there looked at again, since API Gateway says that it is not.
    pub(crate) async fn look_again(&self, objects: [NativeObject; 2]) -> Result<(), StoreError> {
        for native in self.store.natives(&objects).await? {
            if native.state == NativeState::InSync {
                let reason = "API Gateway says that it is not there";
                self.store.reopen(&native, reason, self.now()).await?;
            }
        }
        Ok(())
    }
}
