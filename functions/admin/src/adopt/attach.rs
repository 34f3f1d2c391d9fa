//! A key put on a plan that it is on at API Gateway already.

use latchkey_domain::{Enforcement, Plan};
use latchkey_store::{AttachError, KeyRecord, NativeObject};

use super::{
    account::KeyFound,
    seen::Seen,
    terms::Reason,
    work::{Stop, Work},
};
use crate::{keys::MAX_PLANS, problem::Problem, state::ATTEMPTS};

impl Work<'_> {
    /// Puts a key on the plan.
    pub(super) async fn attach(
        &mut self,
        plan: &Plan,
        found: &KeyFound,
        mut record: KeyRecord,
        seen: &Seen,
    ) -> Result<Result<(), Reason>, Stop> {
        let id = record.key.id;
        let on_plan = NativeObject::PlanKey(id, plan.id.clone());
        let detached = seen.meter(id).is_some_and(|meter| meter.detached);
        if detached || seen.is_going(&on_plan) {
            const OFF: &str = "it was taken off the plan here: take it off at API Gateway too, or put it on again with PUT /v1/plans/{planId}/keys/{keyId}";
            return Ok(Err(OFF.to_owned()));
        }
        let mut plan = plan.clone();
        for _ in 0..ATTEMPTS {
            if let Err(reason) = self.fits(&plan, &record).await? {
                return Ok(Err(reason));
            }
            if self.how.dry_run {
                self.plan_to_put_on(id, &plan.id);
                return Ok(Ok(()));
            }
            let follows =
                plan.enforcement == Enforcement::ApiGateway && !seen.has(&NativeObject::Key(id));
            let native = follows.then(|| found.id.as_str());
            let change = self.change()?;
            let store = &self.state.store;
            match store
                .adopt_attachment(&record, &plan, native, &change)
                .await
            {
                Ok(_) => return Ok(Ok(())),
                Err(AttachError::Changed) => {}
                Err(AttachError::Store(error)) => return Err(error.into()),
            }
            let gone = |what: &str| Ok(Err(format!("the {what} was just deleted here")));
            let Some(again) = store.key(id).await? else {
                return gone("key");
            };
            let Some(plan_again) = store.plan(&plan.id).await? else {
                return gone("plan");
            };
            (record, plan) = (again, plan_again.plan);
            if record.plan_ids.contains(&plan.id) {
                return Ok(Ok(()));
            }
        }
        Err(Stop::Failed(Problem::Changed))
    }

    /// Whether the key may be on the plan.
    async fn fits(&mut self, plan: &Plan, record: &KeyRecord) -> Result<Result<(), Reason>, Stop> {
        if record.plan_ids.len() >= MAX_PLANS {
            return Ok(Err(format!("a key may be on {MAX_PLANS} plans")));
        }
        if let Some(rule) = plan.not_held(&record.key).first() {
            return Ok(Err(format!("its {} {rule}", rule.field())));
        }
        for other in self.plans_of_ids(&record.plan_ids).await? {
            if let Some(stage) = plan.overlap(&other) {
                return Ok(Err(format!(
                    "the key is on the plan {}, which covers {stage}: a key may be on one plan only for each API stage",
                    other.id
                )));
            }
        }
        Ok(Ok(()))
    }
}
