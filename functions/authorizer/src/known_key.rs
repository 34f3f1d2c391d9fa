//! What is kept of a key that was read: ten thousand of them are remembered, so no more than calls
//! are decided by and answered with, without room to grow.

use latchkey_domain::{Key, PlanId, Reading, TwinValue, meter::Known};
use latchkey_store::KeySnapshot;

use crate::kept_policy::KeptPolicy;

/// A key and its meters as they were read.
#[derive(Debug)]
pub(crate) struct KnownKey {
    /// When its read began.
    pub(crate) read_at: Reading,
    /// Whether it was read for a value that was not known as the key's.
    pub(crate) again: bool,
    /// The key; none where no key has this id. Apart, so that ids that were made up take little.
    pub(crate) record: Option<Box<KeptKey>>,
}

/// What is kept of a key.
#[derive(Debug)]
pub(crate) struct KeptKey {
    /// The key, without what no call asks for.
    pub(crate) key: Key,
    /// The value of its twin at API Gateway, where that is an internal one.
    pub(crate) twin: Option<TwinValue>,
    /// Its plans, in the order of their ids.
    pub(crate) plans: Box<[OnPlan]>,
    /// What calls with it are answered with.
    pub(crate) policy: KeptPolicy,
}

/// A plan that a key is on.
#[derive(Debug)]
pub(crate) struct OnPlan {
    pub(crate) id: PlanId,
    /// The key's meter there, if it has one.
    meter: Option<Known>,
}

impl KeptKey {
    /// Of what was read, and with a policy that nothing is known of yet.
    pub(crate) fn new(found: KeySnapshot, policy: KeptPolicy) -> Self {
        let on_plan = |id: PlanId| OnPlan {
            meter: found.meters.get(&id).map(Known::from),
            id,
        };
        Self {
            key: found.record.key.for_calls(),
            twin: found.twin,
            plans: found.record.plan_ids.into_iter().map(on_plan).collect(),
            policy,
        }
    }
}

impl KnownKey {
    /// Grows with each change of the key, also where it was deleted and made again; none where
    /// there is no key.
    pub(crate) fn revision(&self) -> Option<impl Ord + use<>> {
        let key = self.record.as_ref().map(|record| &record.key)?;
        Some((key.created, key.revision))
    }

    /// Its meter on a plan.
    pub(crate) fn meter(&self, plan: &PlanId) -> Option<&Known> {
        let plans = &self.record.as_ref()?.plans;
        let on_plan = plans.iter().find(|on_plan| on_plan.id == *plan)?;
        on_plan.meter.as_ref()
    }
}
