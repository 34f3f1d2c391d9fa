//! Usage plans seen lately: a page of them is read while the function starts.

use std::sync::Arc;

use latchkey_domain::{Clock, Nanos, Plan, PlanId, Reading};
use latchkey_store::{Store, StoreError};
use quick_cache::sync::Cache;

use crate::metrics::Metrics;

/// Plans remembered.
const PLANS: usize = 1_000;
/// Plans read while the function starts.
const FIRST_PAGE: u16 = 100;
/// How long a plan is used before it is read again.
const FRESH_FOR: Nanos = 30_000_000_000;
/// How long it is remembered that there is no such plan.
const ABSENT_FOR: Nanos = 5_000_000_000;

#[derive(Debug, Clone)]
struct KnownPlan {
    read_at: Reading,
    /// None where no plan has this id.
    plan: Option<Arc<Plan>>,
}

/// The plans of the table, by id.
#[derive(Debug)]
pub(crate) struct Plans {
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
    known: Cache<PlanId, KnownPlan>,
}

impl Plans {
    pub(crate) fn new((store, clock, metrics): (Store, Clock, Arc<Metrics>)) -> Self {
        Self {
            store,
            clock,
            metrics,
            known: Cache::new(PLANS),
        }
    }

    /// Reads the first page of plans, which also opens the connection to the table.
    pub(crate) async fn load(&self) -> Result<(), StoreError> {
        let read_at = self.clock.now();
        for record in self.store.plans(FIRST_PAGE, None).await?.items {
            self.known.insert(
                record.plan.id.clone(),
                KnownPlan {
                    read_at,
                    plan: Some(Arc::new(record.plan)),
                },
            );
        }
        Ok(())
    }

    /// A plan, from memory or from the table, for a call that came at `now`; none where there is
    /// none.
    pub(crate) async fn get(
        &self,
        id: &PlanId,
        now: Reading,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        if let Some(known) = self.known.get(id) {
            let fresh_for = if known.plan.is_some() {
                FRESH_FOR
            } else {
                ABSENT_FOR
            };
            if now.since(&known.read_at) < fresh_for {
                return Ok(known.plan);
            }
        }
        self.read(id).await
    }

    /// A plan that was read within this time, whether it would be read again by now or not.
    pub(crate) fn remembered(&self, id: &PlanId, now: Reading, within: Nanos) -> Option<Arc<Plan>> {
        let known = self.known.get(id)?;
        let is_young = now.since(&known.read_at) <= within;
        known.plan.filter(|_| is_young)
    }

    /// Has a plan read again when it is next asked for.
    pub(crate) fn forget(&self, id: &PlanId) {
        self.known.remove(id);
    }

    /// A plan as the table has it now.
    pub(crate) async fn read(&self, id: &PlanId) -> Result<Option<Arc<Plan>>, StoreError> {
        let read_at = self.clock.now();
        let record = self.store.plan(id).await;
        self.metrics.read(self.clock.now().since(&read_at));
        let plan = record?.map(|record| Arc::new(record.plan));
        // An answer that comes late does not take the place of a later one.
        let is_later = |other: &KnownPlan| other.read_at.steady > read_at.steady;
        if let Some(later) = self.known.get(id).filter(is_later) {
            return Ok(later.plan);
        }
        self.known.insert(
            id.clone(),
            KnownPlan {
                read_at,
                plan: plan.clone(),
            },
        );
        Ok(plan)
    }
}
