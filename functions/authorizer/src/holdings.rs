//! What this instance holds of each meter, bounded in number.
//!
//! The meter that was not asked for the longest goes first. What is left of its leases is given
//! back with the next call that writes anyway, once that call is decided.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use latchkey_domain::{
    Clock, PlanId, Reading,
    meter::{Holding, Owner, Return},
};
use latchkey_store::Store;
use lru::LruCache;
use tokio::{sync::Mutex as AsyncMutex, time::timeout};

use crate::metrics::Metrics;

/// Meters held.
const METERS: usize = 10_000;
/// Meters let go of whose remainders wait to be given back; more are lost.
const LEAVING: usize = 1_000;
/// Remainders that one call gives back.
const WITH_A_CALL: usize = 8;
/// The longest that a call waits for them, once it is decided.
const BESIDE_A_CALL: Duration = Duration::from_millis(200);
/// With less than this none is begun: cut off, it would be lost.
const WORTH_BEGINNING: Duration = Duration::from_millis(50);
/// Remainders on their way at once when the process ends.
const AT_ONCE: usize = 32;

/// Whose meter, and on which plan.
type MeterName = (Owner, PlanId);
/// One charge of a meter is under way at a time: whoever else calls meanwhile finds its lease.
pub(crate) type Shared = Arc<AsyncMutex<Holding>>;

/// All that this instance holds.
#[derive(Debug)]
pub(crate) struct Holdings {
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
    lease_max: u64,
    /// Meters held at most.
    pub(crate) most: usize,
    held: Mutex<LruCache<MeterName, Shared>>,
    leaving: Mutex<VecDeque<(MeterName, Shared)>>,
}

impl Holdings {
    pub(crate) fn new(
        (store, clock, metrics): (Store, Clock, Arc<Metrics>),
        lease_max: u64,
    ) -> Self {
        Self {
            store,
            clock,
            metrics,
            lease_max,
            most: METERS,
            held: Mutex::new(LruCache::unbounded()),
            leaving: Mutex::default(),
        }
    }

    /// What is held of a meter.
    pub(crate) fn of(&self, owner: &Owner, plan: &PlanId, now: Reading) -> Shared {
        let name = (owner.clone(), plan.clone());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = held.get(&name) {
            return shared.clone();
        }
        let shared = Shared::new(AsyncMutex::new(Holding::new(self.lease_max, now)));
        held.push(name, shared.clone());
        if held.len() > self.most
            && let Some(oldest) = held.pop_lru()
        {
            self.leave(oldest, now);
        }
        shared
    }

    fn leave(&self, oldest: (MeterName, Shared), now: Reading) {
        // One that a charge is under way for may have something by then.
        let pocketed = match oldest.1.try_lock() {
            Ok(mut held) => {
                let pocketed = held.pocketed(now);
                if pocketed == 0 {
                    held.give_back(now);
                    self.metrics.lost(held.take_lost());
                    return;
                }
                Some(pocketed)
            }
            Err(_) => None,
        };
        if self.wait(vec![oldest]) > 0 {
            self.metrics.lost(pocketed.unwrap_or(0));
            tracing::warn!(units = pocketed, "a lease is lost: too many wait");
        }
    }

    /// Has meters wait to be given back, as far as there is room. Returns how many are lost.
    fn wait(&self, meters: Vec<(MeterName, Shared)>) -> usize {
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        let room = LEAVING.saturating_sub(leaving.len());
        let lost = meters.len().saturating_sub(room);
        leaving.extend(meters.into_iter().take(room));
        lost
    }

    /// Gives some remainders back of meters that were let go of, as far as the time goes.
    pub(crate) async fn give_back_some(&self, within: Duration) {
        if within < WORTH_BEGINNING {
            return;
        }
        let some: Vec<(MeterName, Shared)> = {
            let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
            let some = leaving.len().min(WITH_A_CALL);
            leaving.drain(..some).collect()
        };
        // A call that is still on one may bring something, so it waits for its turn again.
        let (busy, some) = some
            .into_iter()
            .partition(|(_, shared)| Shared::strong_count(shared) > 1);
        let lost = self.wait(busy);
        if lost > 0 {
            tracing::warn!(meters = lost, "leases are perhaps lost: too many wait");
        }
        self.give_back(some, within.min(BESIDE_A_CALL)).await;
    }

    /// Gives everything back that is held: the process is about to end.
    pub(crate) async fn give_back_all(&self, within: Duration) {
        let mut all: Vec<(MeterName, Shared)> = {
            let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
            leaving.drain(..).collect()
        };
        {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(std::iter::from_fn(|| held.pop_lru()));
        }
        self.give_back(all, within).await;
    }

    /// The largest first. What is on its way when the time is over is lost: it is sent once.
    async fn give_back(&self, left: Vec<(MeterName, Shared)>, within: Duration) {
        let now = self.clock.now();
        let mut busy = 0;
        let taken = left.into_iter().filter_map(|(name, shared)| {
            // Where a charge is under way, its call is about to be cut off.
            let Ok(mut held) = shared.try_lock() else {
                busy += 1;
                return None;
            };
            let returned = held.give_back(now);
            self.metrics.lost(held.take_lost());
            Some((name, returned?))
        });
        let mut returns: Vec<(MeterName, Return)> = taken.collect();
        if busy > 0 {
            tracing::warn!(meters = busy, "what charges under way bring is lost");
        }
        returns.sort_unstable_by_key(|(_, returned)| std::cmp::Reverse(returned.units));
        let sent = stream::iter(returns).for_each_concurrent(AT_ONCE, |(name, returned)| async move {
            let (owner, plan) = &name;
            self.metrics.wrote_beside();
            match self.store.give_back(owner, plan, returned).await {
                Ok(true) => {}
                Ok(false) => {
                    self.metrics.lost(returned.units);
                    tracing::debug!(plan_id = %plan, units = returned.units, "nothing to give a lease back to");
                }
                Err(error) => {
                    self.metrics.lost(returned.units);
                    tracing::warn!(%error, plan_id = %plan, units = returned.units, "a lease was perhaps not given back");
                }
            }
        });
        if timeout(within, sent).await.is_err() {
            tracing::warn!("not all leases were given back in time");
        }
    }
}

#[cfg(test)]
mod tests;
