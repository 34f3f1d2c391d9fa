//! Carries out a [`Charge`]: sends what it asks to be written, until it has a verdict. A call
//! that API Gateway counts is charged there, so here nothing is written.

use std::sync::Arc;

use latchkey_domain::{
    Clock, Enforcement, Plan, Reading, Reason, Recognised, Request,
    meter::{Answer, Charge, Meter, Owner, Step, Verdict, Write},
};
use latchkey_store::{Store, StoreError};
use tokio::time::sleep;

use crate::{keys::KnownKey, plans::Plans};

/// Nobody here knows what is left.
const COUNTED_ELSEWHERE: Verdict = Verdict::Admitted { remaining: None };

/// Where charges go.
pub(crate) struct Metering<'a> {
    pub(crate) store: &'a Store,
    pub(crate) plans: &'a Plans,
    pub(crate) clock: &'a Clock,
}

/// What a call is charged to.
pub(crate) struct Account<'a> {
    pub(crate) key: &'a KnownKey,
    pub(crate) owner: Owner,
    /// By which of its values the key was called.
    pub(crate) value: Recognised,
    pub(crate) request: &'a Request,
}

impl Metering<'_> {
    /// Charges a call to `account` on `plan`. Returns the plan as it was charged under.
    pub(crate) async fn charge(
        &self,
        account: &Account<'_>,
        mut plan: Arc<Plan>,
        frozen: Reading,
    ) -> Result<(Arc<Plan>, Verdict), StoreError> {
        let known = account.key.meter(&plan.id);
        // Each attachment opens a meter: it tells of a later plan that has this id by now.
        let is_later = |meter: &Meter| meter.plan_version > plan.version;
        if plan.enforcement == Enforcement::ApiGateway && known.as_ref().is_some_and(is_later) {
            let Some(now) = self.renewed(account, &plan).await? else {
                return Ok((plan, Verdict::refused(Reason::NoUsagePlan)));
            };
            plan = now;
        }
        if plan.enforcement == Enforcement::ApiGateway {
            return Ok((plan, COUNTED_ELSEWHERE));
        }
        let (mut charge, mut step) =
            Charge::begin(plan.terms(account.request), frozen, known.as_ref());
        loop {
            let write = match step {
                Step::Done(verdict) => return Ok((plan, verdict)),
                Step::Write(write) => write,
                Step::WriteAfter(least, most, write) => {
                    // The clock's own noise spreads those who wait for the same item.
                    let spread = (most - least).as_nanos().max(1);
                    let jitter = self.clock.now().wall.unsigned_abs()
                        % u64::try_from(spread).unwrap_or(u64::MAX);
                    sleep(least + std::time::Duration::from_nanos(jitter)).await;
                    write
                }
                Step::ReadPlan => {
                    let Some(now) = self.renewed(account, &plan).await? else {
                        return Ok((plan, Verdict::refused(Reason::NoUsagePlan)));
                    };
                    plan = now;
                    if plan.enforcement == Enforcement::ApiGateway {
                        return Ok((plan, COUNTED_ELSEWHERE));
                    }
                    step = charge.renew(plan.terms(account.request));
                    continue;
                }
            };
            let answer = self.send(account, &plan, write).await;
            step = charge.answer(answer, &self.clock.now());
        }
    }

    /// The plan as the table has it now, where it still covers the call.
    async fn renewed(
        &self,
        account: &Account<'_>,
        plan: &Plan,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        let now = self.plans.read(&plan.id).await?;
        Ok(now.filter(|plan| plan.covers_call(account.request).is_some()))
    }

    async fn send(&self, account: &Account<'_>, plan: &Plan, mut write: Write) -> Answer {
        // Whose value it was is not told apart where keys share a meter.
        if let (Write::Charge(charge), Owner::Key(_)) = (&mut write, &account.owner) {
            charge.by_previous = account.value == Recognised::Previous;
        }
        let answer = self
            .store
            .write_meter(&account.owner, &plan.id, &write)
            .await;
        if let Answer::Applied(meter) | Answer::Failed(Some(meter)) = &answer {
            account.key.remember(&plan.id, meter.clone());
        }
        answer
    }
}
