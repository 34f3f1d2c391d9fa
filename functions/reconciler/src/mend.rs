//! What was found is put right, each mend with its audit record before it.

use latchkey_store::NativeState;
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
            let done = match &found.remedy {
                Remedy::None => continue,
                Remedy::BringBack(_) => ("native.mend", "is brought back"),
                Remedy::DeletePlan(_) | Remedy::DeleteKey(_) => {
                    ("native.deleteOrphan", "is deleted")
                }
            };
            let (entity, words) = (entity(found), (found.finding.detail.as_str(), done.1));
            self.store
                .record_mend(done.0, &entity, words, &self.change())
                .await?;
            found.finding.mended = self.remedy(found).await?;
        }
        self.work().await?;
        let now = self.records_of(found).await?;
        for found in found {
            if let Remedy::BringBack(object) = &found.remedy {
                let native = now.get(object);
                found.finding.mended =
                    native.is_some_and(|native| native.state == NativeState::InSync);
            }
        }
        Ok(())
    }

    /// Whether that was all.
    async fn remedy(&self, found: &Found) -> Result<bool, RunError> {
        let deleted = match &found.remedy {
            Remedy::None => return Ok(false),
            Remedy::BringBack(object) => {
                if let Some(native) = self.store.native(object).await? {
                    let reason = &found.finding.detail;
                    self.store.reopen(&native, reason, self.now()).await?;
                }
                return Ok(false);
            }
            Remedy::DeletePlan(id) => self.sync.delete_orphan_plan(id).await,
            Remedy::DeleteKey(id) => self.sync.delete_orphan_key(id).await,
        };
        match deleted {
            Ok(()) => Ok(true),
            Err(OrphanError::Gateway(error)) => {
                tracing::warn!(%error, "what Latchkey made and nothing wants is still there");
                Ok(false)
            }
            Err(OrphanError::Store(error)) => Err(error.into()),
        }
    }
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
