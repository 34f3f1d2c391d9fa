//! Calls that the table gave no answer to, with `ON_STORE_FAILURE=allow`: decided by what is
//! remembered, of the last hour only. Nothing here waits for anything.

use std::sync::Arc;

use latchkey_domain::{
    Enforcement, Plan, PresentedKey, Reading,
    meter::{CREDIT_LIFE, Standing, Verdict},
};

use super::{Authorizer, Found, covering};
use crate::event::Incoming;

impl Authorizer {
    /// Lets a call pass on what is remembered, and tells by which key and plan; none where that
    /// is not enough.
    pub(super) fn without_store(
        &self,
        incoming: &Incoming<'_>,
        now: Reading,
    ) -> Option<(Verdict, Found)> {
        let credits = self.credits.as_ref()?;
        let sent = self.settings.key_sources.presented(incoming).ok()?;
        let presented = PresentedKey::parse(sent.expose()).ok()?;
        let known = self.keys.remembered(presented.id, now, CREDIT_LIFE)?;
        let record = known.record.as_ref()?;
        let plans = record.plans.iter();
        let plans: Option<Vec<Arc<Plan>>> = plans
            .map(|on_plan| self.plans.remembered(&on_plan.id, now, CREDIT_LIFE))
            .collect();
        // Which plan covers the call is only known where all are.
        let (plan, owner) = covering(record, &plans?, &presented, &incoming.request, now).ok()?;
        let mut found = Found {
            key: Some(known.clone()),
            plan: Some(plan.clone()),
            without_store: true,
            ..Found::default()
        };
        if plan.enforcement == Enforcement::ApiGateway {
            let verdict = self.counted_elsewhere(&known, &plan, &sent, &mut found);
            return Some((verdict, found));
        }
        // With the key its own meter was read, if it has one.
        let read = known.meter(&plan.id);
        let read = read.map(|meter| Standing::read(meter.clone(), known.read_at));
        credits.learn_read(&owner, &plan.id, read);
        let terms = plan.terms(&incoming.request);
        let is_admitted = credits.admit(&owner, &plan.id, &terms, now);
        is_admitted.then_some((Verdict::Admitted { remaining: None }, found))
    }
}
