//! Usage plans.

use std::{collections::BTreeSet, time::Duration};

use latchkey_domain::PlanId;
use latchkey_gateway::{FoundPlan, GatewayError, NativePlan, NativePlanId, Patch};
use latchkey_store::{Id, Native, Settled, Wanted};

use crate::{
    Owner, Sync,
    attempt::{Done, Earlier},
    orphan::stages_off,
    outcome::{Stop, Stopped},
};

/// UpdateUsagePlan may be called once in this time, in an account and Region (AWS, "Quotas for
/// creating, deploying and managing an API").
const TURN: Duration = Duration::from_secs(20);

impl Sync {
    pub(crate) async fn plan(&self, native: &Native, id: &PlanId, earlier: Earlier<'_>) -> Done {
        if native.wanted == Wanted::Absent {
            return self.remove_plan(native, id, earlier).await;
        }
        let record = self.store.plan(id).await?;
        let record = record.ok_or(Stopped::Waits("the plan's own record"))?;
        let wanted = NativePlan::of(&record.plan).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Stopped::Refused(problems.join("; "))
        })?;
        if record.internal > 0 {
            self.opens_nothing(&record.plan, earlier).await?;
        }
        let Some(found) = self.find_plan(native, id, earlier).await? else {
            return self.make_plan(native, id, &wanted, earlier).await;
        };
        let known = Id::Is(found.id.to_string());
        let changed = self.change_plan(&found, &wanted, earlier).await;
        changed.map_err(|stopped| stopped.but(known.clone()))?;
        Ok(Settled::InSync(known))
    }

    /// UpdateUsagePlan, which API Gateway refuses as a whole where a stage that comes is not
    /// there: then all the rest, so that no limit waits for a stage. Whoever cannot wait for a
    /// second turn leaves both to the reconciler.
    async fn change_plan(
        &self,
        found: &FoundPlan,
        wanted: &NativePlan,
        earlier: Earlier<'_>,
    ) -> Result<(), Stopped> {
        let patches = found.plan.patches(wanted);
        let refused = match self.update_plan(&found.id, &patches, earlier).await {
            Err(Stopped::Gateway(error)) => error,
            done => return done,
        };
        let (rest, new) = without_new_stages(wanted, &found.plan);
        let rest = found.plan.patches(&rest);
        if !matches!(earlier, Earlier::LookedAt(..)) || refused.passes() || new.is_empty() {
            return Err(refused.into());
        }
        self.update_plan(&found.id, &rest, earlier).await?;
        Err(but_stages(&refused, &new))
    }

    async fn make_plan(
        &self,
        native: &Native,
        id: &PlanId,
        wanted: &NativePlan,
        earlier: Earlier<'_>,
    ) -> Done {
        let gone = native.native_id.is_some();
        if gone && matches!(earlier, Earlier::None) {
            // All its keys are to be put on it again.
            return Err(Stopped::Gone.into());
        }
        let tags = Owner(self.store.table_name()).of_plan(id);
        let was = if gone { Id::Gone } else { Id::Keep };
        let refused = match self.gateway.create_plan(wanted, &tags).await {
            Ok(made) => return Ok(Settled::InSync(Id::Is(made.to_string()))),
            Err(error) => error,
        };
        let (rest, new) = without_new_stages(wanted, &NativePlan::default());
        let looked_at = matches!(earlier, Earlier::LookedAt(..));
        if !looked_at || refused.passes() || new.is_empty() {
            return Err(Stopped::from(refused).but(was));
        }
        // Keys can be put on it, and its limits are there when the stages come.
        match self.gateway.create_plan(&rest, &tags).await {
            Ok(made) => Err(but_stages(&refused, &new).but(Id::Is(made.to_string()))),
            Err(error) => Err(Stopped::from(error).but(was)),
        }
    }

    async fn remove_plan(&self, native: &Native, id: &PlanId, earlier: Earlier<'_>) -> Done {
        let known = native.native_id.as_deref().and_then(|id| id.parse().ok());
        let mut ids: BTreeSet<NativePlanId> = known.into_iter().collect();
        match earlier {
            Earlier::None if ids.is_empty() => {
                return Err(Stopped::Waits("an earlier attempt to make it").into());
            }
            Earlier::None => {}
            // Where an answer was lost there may be one beside the one that is known.
            Earlier::LookedAt(_, inventory) => {
                ids.extend(inventory.made_for_plan(id).map(|found| found.id.clone()));
            }
        }
        for id in &ids {
            self.strip_and_delete(id, earlier).await?;
        }
        Ok(Settled::Removed)
    }

    /// Takes a usage plan's stages off and deletes it: API Gateway deletes none that has some.
    async fn strip_and_delete(
        &self,
        id: &NativePlanId,
        earlier: Earlier<'_>,
    ) -> Result<(), Stopped> {
        let Some(found) = self.gateway.plan(id).await? else {
            return Ok(());
        };
        if !Owner(self.store.table_name()).owns(&found.tags) {
            self.has_no_keys_of_others(id).await?;
        }
        self.update_plan(id, &stages_off(&found.plan), earlier)
            .await?;
        Ok(self.gateway.delete_plan(id).await?)
    }

    /// A usage plan that was taken over may have keys on it that never were: without it they
    /// would open nothing any more.
    async fn has_no_keys_of_others(&self, id: &NativePlanId) -> Result<(), Stopped> {
        for key in self.gateway.keys_on(id).await? {
            let ours = self.store.key_of_native(key.as_str()).await?.is_some();
            // One that was just deleted may be listed for a while.
            if !ours && self.gateway.key(&key).await?.is_some() {
                const THEIRS: &str =
                    "keys that Latchkey does not have are on it: take them off there first";
                return Err(Stopped::Refused(THEIRS.to_owned()));
            }
        }
        Ok(())
    }

    /// UpdateUsagePlan, where there is something to change. Whoever cannot wait for a turn
    /// leaves the change to the reconciler, which makes it together with those that come after.
    async fn update_plan(
        &self,
        id: &NativePlanId,
        patches: &[Patch],
        earlier: Earlier<'_>,
    ) -> Result<(), Stopped> {
        if patches.is_empty() {
            return Ok(());
        }
        if matches!(earlier, Earlier::None) && !self.store.plan_turn(self.now(), TURN).await? {
            return Err(Stopped::Turn);
        }
        let updated = self.gateway.update_plan(id, patches).await;
        if matches!(earlier, Earlier::LookedAt(..)) {
            self.store.plan_turn_taken(self.now()).await?;
        }
        Ok(updated?)
    }

    /// The usage plan as it is there: by its id, or by what an earlier attempt made, of several
    /// the one of the lowest id, so that whoever looks takes the same.
    async fn find_plan(
        &self,
        native: &Native,
        id: &PlanId,
        earlier: Earlier<'_>,
    ) -> Result<Option<FoundPlan>, Stop> {
        let known: Option<NativePlanId> =
            native.native_id.as_deref().and_then(|id| id.parse().ok());
        let made = match earlier {
            Earlier::None => None,
            Earlier::LookedAt(_, inventory) => inventory.made_for_plan(id).next(),
        };
        let made = made.map(|found| found.id.clone());
        let made = made.filter(|made| known.as_ref() != Some(made));
        for id in known.into_iter().chain(made) {
            let found = self.gateway.plan(&id).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// What is wanted of a usage plan without the stages that it does not have yet, and those.
fn without_new_stages(wanted: &NativePlan, is: &NativePlan) -> (NativePlan, Vec<String>) {
    let mut rest = wanted.clone();
    rest.stages.retain(|stage, _| is.stages.contains_key(stage));
    let new = wanted.stages.keys();
    let new = new.filter(|stage| !is.stages.contains_key(*stage));
    (rest, new.cloned().collect())
}

fn but_stages(refused: &GatewayError, new: &[String]) -> Stopped {
    let new = new.join(", ");
    Stopped::Refused(format!("{refused}; all but the stages {new} is in step"))
}
