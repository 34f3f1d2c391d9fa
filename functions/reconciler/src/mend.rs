//! What was found is put right, each mend with its audit record before it. The
//! record tells what is meant to be done; whether it was, the finding tells.

use latchkey_domain::{KeyId, PlanId};
use latchkey_gateway::{NativeKeyId, NativePlanId};
use latchkey_store::{Finding, Native, NativeObject, NativeState, StoreError, Wanted};
use latchkey_sync::OrphanError;

use crate::{
    RunError,
    compare::{Found, Remedy},
    run::Run,
};

impl Run<'_> {
    /// Mends what can be, as long as there is time; what is begun is gone on with by the next
    /// run.
    pub(crate) async fn mend(&self, found: &mut [Found]) -> Result<(), RunError> {
        for found in found.iter_mut().filter(|_| !self.is_over()) {
            let (action, intent) = match &found.remedy {
                Remedy::None => continue,
                Remedy::BringBack(_) => ("native.mend", "is to be brought back"),
                Remedy::DeletePlan(_) | Remedy::DeleteKey(_) => {
                    ("native.deleteOrphan", "is to be deleted")
                }
                Remedy::TakeOff(..) => ("native.mend", "is to be taken off the usage plan"),
            };
            let (entity, words) = (entity(found), (found.finding.detail.as_str(), intent));
            self.store
                .record_mend(action, &entity, words, &self.change())
                .await?;
            found.finding.mended = self.remedy(found).await?;
        }
        if !self.is_over() {
            self.work().await?;
        }
        let now = self.records_of(found).await?;
        for found in found {
            if let Remedy::BringBack(object) = &found.remedy
                && found.finding.mended
            {
                let native = now.get(object);
                found.finding.mended =
                    native.is_some_and(|native| native.state == NativeState::InSync);
            }
        }
        Ok(())
    }

    /// Whether it was done, or begun where something is brought back.
    async fn remedy(&self, found: &Found) -> Result<bool, RunError> {
        let deleted = match &found.remedy {
            Remedy::None => return Ok(false),
            Remedy::BringBack(object) => {
                let Some(native) = self.store.native(object).await? else {
                    return Ok(false);
                };
                let reason = &found.finding.detail;
                return Ok(self.store.reopen(&native, reason, self.now()).await?);
            }
            Remedy::TakeOff(plan, key) => self.take_off(&found.finding, (plan, key)).await,
            Remedy::DeletePlan(id) => self.sync.delete_orphan_plan(id).await.map(|()| true),
            Remedy::DeleteKey(id) => self.sync.delete_orphan_key(id).await.map(|()| true),
        };
        match deleted {
            Ok(done) => Ok(done),
            Err(OrphanError::Gateway(error)) => {
                tracing::warn!(%error, "what nothing here wants is still there");
                Ok(false)
            }
            Err(OrphanError::Store(error)) => Err(error.into()),
        }
    }

    /// Takes a key off a usage plan, unless it was attached meanwhile. Whoever attaches it
    /// while it goes finds it there still, and has it put on again by another attempt.
    async fn take_off(
        &self,
        finding: &Finding,
        (plan, key): (&NativePlanId, &NativeKeyId),
    ) -> Result<bool, OrphanError> {
        if !self.is_unattached(finding).await? {
            return Ok(false);
        }
        self.sync.gateway().remove_key(plan, key).await?;
        let Some(native) = self.attachment_of(finding).await? else {
            return Ok(true);
        };
        if native.wanted == Wanted::Present {
            let reason = "attached while it was taken off";
            self.store.reopen(&native, reason, self.now()).await?;
        }
        Ok(true)
    }

    /// Whether neither a key's own record nor any attempt wants it on a plan, now.
    pub(crate) async fn is_unattached(&self, finding: &Finding) -> Result<bool, StoreError> {
        let Some((key, plan)) = key_and_plan(finding) else {
            return Ok(false);
        };
        let record = self.store.key(key).await?;
        let apart = record.is_some_and(|record| !record.plan_ids.contains(plan));
        Ok(apart && self.attachment_of(finding).await?.is_none())
    }

    async fn attachment_of(&self, finding: &Finding) -> Result<Option<Native>, StoreError> {
        match key_and_plan(finding) {
            Some((key, plan)) => {
                let object = NativeObject::PlanKey(key, plan.clone());
                self.store.native(&object).await
            }
            None => Ok(None),
        }
    }
}

fn key_and_plan(finding: &Finding) -> Option<(KeyId, &PlanId)> {
    finding.key_id.zip(finding.plan_id.as_ref())
}

/// As the audit records of the plan's and the key's own changes name it.
fn entity(found: &Found) -> String {
    match (&found.finding.plan_id, found.finding.key_id) {
        (Some(plan), Some(key)) => format!("{key}:{plan}"),
        (Some(plan), None) => format!("plan:{plan}"),
        (None, Some(key)) => key.to_string(),
        (None, None) => String::new(),
    }
}
