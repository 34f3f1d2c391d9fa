//! Usage plans.

use latchkey_domain::PlanId;
use latchkey_gateway::{FoundPlan, NativePlan, NativePlanId};
use latchkey_store::{Id, Native, Settled, StoreError, Wanted};

use crate::{
    Owner, Sync,
    attempt::{Done, Earlier, stopped},
    outcome::Stopped,
};

impl Sync {
    pub(crate) async fn plan(
        &self,
        native: &Native,
        id: &PlanId,
        earlier: Earlier<'_>,
    ) -> Result<Done, StoreError> {
        if native.wanted == Wanted::Absent {
            return Ok(self.remove_plan(native, id, earlier).await);
        }
        let Some(record) = self.store.plan(id).await? else {
            return Ok(Err(stopped(Stopped::Waits("the plan's own record"))));
        };
        let wanted = match NativePlan::of(&record.plan) {
            Ok(wanted) => wanted,
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                return Ok(Err(stopped(Stopped::Refused(problems.join("; ")))));
            }
        };
        if record.internal > 0
            && let Err(stop) = self.opens_nothing(&record.plan).await
        {
            return Ok(Err(stopped(stop)));
        }
        Ok(self.bring_plan(native, id, &wanted, earlier).await)
    }

    async fn bring_plan(
        &self,
        native: &Native,
        id: &PlanId,
        wanted: &NativePlan,
        earlier: Earlier<'_>,
    ) -> Done {
        if let Some(found) = self.find_plan(native, id, earlier).await? {
            let known = Id::Is(found.id.to_string());
            let patches = found.plan.patches(wanted);
            if !patches.is_empty() {
                let updated = self.gateway.update_plan(&found.id, &patches).await;
                updated.map_err(|error| (known.clone(), error.into()))?;
            }
            return Ok(Settled::InSync(known));
        }
        let tags = Owner(self.store.table_name()).of_plan(id);
        let made = self.gateway.create_plan(wanted, &tags).await;
        let made = made.map_err(|error| (Id::Gone, error.into()))?;
        Ok(Settled::InSync(Id::Is(made.to_string())))
    }

    async fn remove_plan(&self, native: &Native, id: &PlanId, earlier: Earlier<'_>) -> Done {
        if native.native_id.is_none() && matches!(earlier, Earlier::None) {
            return Err(stopped(Stopped::Waits("an earlier attempt to make it")));
        }
        let Some(found) = self.find_plan(native, id, earlier).await? else {
            return Ok(Settled::Removed);
        };
        let known = Id::Is(found.id.to_string());
        let bare = NativePlan {
            stages: Default::default(),
            ..found.plan.clone()
        };
        // API Gateway deletes no plan that has stages.
        let patches = found.plan.patches(&bare);
        let removed = async {
            if !patches.is_empty() {
                self.gateway.update_plan(&found.id, &patches).await?;
            }
            self.gateway.delete_plan(&found.id).await
        };
        removed.await.map_err(|error| (known, error.into()))?;
        Ok(Settled::Removed)
    }

    /// The usage plan as it is there: by its id, or by what an earlier attempt made.
    async fn find_plan(
        &self,
        native: &Native,
        id: &PlanId,
        earlier: Earlier<'_>,
    ) -> Result<Option<FoundPlan>, (Id, Stopped)> {
        let known = native.native_id.as_deref().and_then(|id| id.parse().ok());
        if let Some(known) = known {
            let known: NativePlanId = known;
            let found = self.gateway.plan(&known).await.map_err(stopped)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(match earlier {
            Earlier::None => None,
            Earlier::LookedAt(inventory) => inventory
                .made_for_plan(Owner(self.store.table_name()), id)
                .filter(|found| Some(found.id.as_str()) != native.native_id.as_deref())
                .cloned(),
        })
    }
}
