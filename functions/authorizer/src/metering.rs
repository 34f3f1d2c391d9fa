//! Asks a call's meter: most answers are in memory. Where it is to be charged, sends what the
//! [`Charge`] asks to be written, until it has a verdict. A call that API Gateway counts is
//! charged there, so here nothing is written.

use std::{sync::Arc, time::Duration};

use latchkey_domain::{
    Clock, Enforcement, Plan, Reason, Recognised, Request,
    meter::{Answer, Asked, Charge, Holding, Known, Owner, Step, Verdict, Write},
};
use latchkey_store::{Store, StoreError};
use tokio::time::sleep;

use crate::{
    credits::Credits, folding::Folding, holdings::Holdings, known_key::KnownKey, metrics::Metrics,
    plans::Plans,
};

/// Nobody here knows what is left.
const COUNTED_ELSEWHERE: Verdict = Verdict::Admitted { remaining: None };

/// Where charges go.
pub(crate) struct Metering<'a> {
    pub(crate) store: &'a Store,
    pub(crate) plans: &'a Plans,
    pub(crate) holdings: &'a Holdings,
    pub(crate) folding: &'a Folding,
    /// Where calls pass without the table.
    pub(crate) credits: Option<&'a Credits>,
    pub(crate) clock: &'a Clock,
    pub(crate) metrics: &'a Metrics,
}

/// What a call is charged to.
pub(crate) struct Account<'a> {
    pub(crate) key: &'a KnownKey,
    pub(crate) owner: Owner,
    /// By which of its values the key was called.
    pub(crate) value: Recognised,
    pub(crate) request: &'a Request,
}

/// What came of a call.
pub(crate) struct Metered {
    /// The plan as it was charged under.
    pub(crate) plan: Arc<Plan>,
    pub(crate) verdict: Verdict,
    /// What the call costs on it, where that was worked out.
    pub(crate) units: Option<u64>,
    /// Whether the table was asked, so that the verdict is as of now.
    pub(crate) asked: bool,
    /// Whether the meter was written to, or was to be.
    pub(crate) charged: bool,
}

impl Metered {
    /// Decided by what is in memory.
    fn remembered(plan: Arc<Plan>, verdict: Verdict) -> Self {
        Self {
            plan,
            verdict,
            units: None,
            asked: false,
            charged: false,
        }
    }

    fn charged(plan: Arc<Plan>, verdict: Verdict) -> Self {
        Self {
            plan,
            verdict,
            units: None,
            asked: true,
            charged: true,
        }
    }
}

impl Metering<'_> {
    /// Meters a call to `account` on `plan`.
    pub(crate) async fn meter(
        &self,
        account: &Account<'_>,
        mut plan: Arc<Plan>,
    ) -> Result<Metered, StoreError> {
        // Each attachment opens a meter: it tells of a later plan that has this id by now, whoever's
        // meter it is.
        let is_later = |known: &Known| known.plan_version > plan.version;
        let read = account.key.meter(&plan.id);
        if plan.enforcement == Enforcement::ApiGateway && read.is_some_and(is_later) {
            let Some(now) = self.renewed(account, &plan).await? else {
                let verdict = Verdict::refused(Reason::NoUsagePlan);
                return Ok(Metered {
                    asked: true,
                    ..Metered::remembered(plan, verdict)
                });
            };
            plan = now;
        }
        if plan.enforcement == Enforcement::ApiGateway {
            return Ok(Metered::remembered(plan, COUNTED_ELSEWHERE));
        }
        let shared = self.holdings.of(&account.owner, &plan.id, self.clock.now());
        let mut holding = shared.lock().await;
        // Whose value it was is not told apart where keys share a meter.
        let is_own = matches!(account.owner, Owner::Key(_));
        let by_previous = is_own && account.value == Recognised::Previous;
        // With the key its own meter was read, not its customer's.
        holding.learn(read.filter(|_| is_own), account.key.read_at);
        let terms = plan.terms(account.request);
        let asked = holding.ask(&terms, by_previous, self.clock.now());
        self.metrics.lost(holding.take_lost());
        match asked {
            Asked::Done(verdict) => Ok(Metered {
                units: Some(terms.units),
                ..Metered::remembered(plan, verdict)
            }),
            Asked::Charge(charge, write) => {
                let metered = self
                    .charge(account, plan, &mut holding, charge, write)
                    .await;
                if let (Some(credits), Ok(metered)) = (self.credits, &metered) {
                    let told = holding.standing(&terms);
                    credits.learn(&account.owner, &metered.plan.id, told);
                }
                metered
            }
        }
    }

    async fn charge(
        &self,
        account: &Account<'_>,
        mut plan: Arc<Plan>,
        holding: &mut Holding,
        mut charge: Box<Charge>,
        mut write: Write,
    ) -> Result<Metered, StoreError> {
        loop {
            let answer = self.written(account, &plan, &write).await;
            if let Answer::Applied(meter) = &answer {
                let (owner, now) = (&account.owner, self.clock.now());
                self.folding.note(owner, &plan.id, meter, now);
            }
            let mut step = charge.answer(holding, answer, &self.clock.now());
            if step == Step::ReadPlan {
                let now = self.renewed(account, &plan).await?;
                step = match &now {
                    None => Step::Done(Verdict::refused(Reason::NoUsagePlan)),
                    Some(now) if now.enforcement == Enforcement::ApiGateway => {
                        Step::Done(COUNTED_ELSEWHERE)
                    }
                    Some(now) => charge.renew(holding, now.terms(account.request)),
                };
                plan = now.unwrap_or(plan);
            }
            write = match step {
                Step::Write(write) => write,
                Step::WriteAfter(least, most, write) => {
                    sleep(self.between(least, most)).await;
                    write
                }
                Step::Done(verdict) => return Ok(Metered::charged(plan, verdict)),
                Step::ReadPlan => {
                    let verdict = Verdict::refused(Reason::Unavailable);
                    return Ok(Metered::charged(plan, verdict));
                }
            };
        }
    }

    /// Sends a write.
    async fn written(&self, account: &Account<'_>, plan: &Plan, write: &Write) -> Answer {
        let begun = self.clock.now();
        let answer = self
            .store
            .write_meter(&account.owner, &plan.id, write)
            .await;
        self.metrics.wrote(self.clock.now().since(&begun));
        if let (Answer::Applied(_), Write::Charge(charge)) = (&answer, write) {
            self.metrics.leased(charge.net);
        }
        answer
    }

    /// A time that differs: the clock's own noise spreads those who wait for the same item.
    fn between(&self, least: Duration, most: Duration) -> Duration {
        let spread = u64::try_from((most - least).as_nanos()).unwrap_or(u64::MAX);
        let noise = self.clock.now().wall.unsigned_abs();
        least + Duration::from_nanos(noise % spread.max(1))
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
}
