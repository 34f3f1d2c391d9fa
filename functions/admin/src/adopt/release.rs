//! What API Gateway has of a key, left to itself: changed by hand or deleted there, it is no
//! drift.

use latchkey_domain::KeyId;
use latchkey_store::{Lost, NativeObject};

use super::work::{Stop, Work};
use crate::{problem::Problem, state::ATTEMPTS};

impl Work<'_> {
    /// Leaves to itself what API Gateway has of a key: that it is on a plan, and, where
    /// `twin` and none of its plans is counted there any more, the key.
    pub(super) async fn release(
        &mut self,
        key: KeyId,
        on_plan: Option<NativeObject>,
        twin: bool,
    ) -> Result<(), Stop> {
        for _ in 0..ATTEMPTS {
            let Some(record) = self.state.store.key(key).await? else {
                return Ok(());
            };
            let mut objects: Vec<NativeObject> = on_plan.clone().into_iter().collect();
            if twin && self.none_is_native(&record.plan_ids).await? {
                objects.push(NativeObject::Key(key));
            }
            if objects.is_empty() {
                return Ok(());
            }
            let change = self.change()?;
            match self
                .state
                .store
                .release_key(&record, &objects, &change)
                .await
            {
                Ok(()) => return Ok(()),
                Err(Lost::Condition(_)) => {}
                Err(Lost::Store(error)) => return Err(error.into()),
            }
        }
        Err(Stop::Failed(Problem::Changed))
    }
}
