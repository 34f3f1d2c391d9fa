//! What passes while the table does not answer, with `ON_STORE_FAILURE=allow`, and what is owed
//! for it.
//!
//! What the table last told of each meter is kept here beside what this instance holds of it: a
//! call that waits for its own charge of that meter holds nobody up. What is owed is charged with
//! the next call that the table answers, and at the end of the process, until there is a definite
//! answer. It is lost with the instance.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use latchkey_domain::{
    Clock, Nanos, PlanId, Reading,
    meter::{Answer, Credit, Debt, Owner, Standing, Terms},
};
use latchkey_store::Store;
use lru::LruCache;
use tokio::{sync::Mutex as AsyncMutex, time::timeout};

use crate::metrics::Metrics;

/// Meters that something is known of.
const METERS: usize = 10_000;
/// Meters that owe something and are spared, when one is to go.
const SPARED: usize = 8;
/// Meters whose debts one call charges.
const WITH_A_CALL: usize = 8;
/// The longest that a call waits for them, once it is decided.
const BESIDE_A_CALL: Duration = Duration::from_millis(200);
/// For how long no call charges debts after one that could not be charged.
const PAUSE: Nanos = 1_000_000_000;
/// Debts on their way at once when the process ends.
const AT_ONCE: usize = 32;

/// Whose meter, and on which plan.
type MeterName = (Owner, PlanId);

/// What is known and owed, by meter.
#[derive(Debug)]
pub(crate) struct Credits {
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
    known: Mutex<Known>,
    /// Held while debts are charged: each is on its way once at a time.
    charging: AsyncMutex<()>,
}

#[derive(Debug)]
struct Known {
    /// Meters at most.
    most: usize,
    credits: LruCache<MeterName, Credit>,
    /// Meters that owe something, each once.
    owing: VecDeque<MeterName>,
    /// When a debt could last not be charged.
    failed: Option<Reading>,
}

impl Credits {
    pub(crate) fn new((store, clock, metrics): (Store, Clock, Arc<Metrics>)) -> Self {
        Self {
            store,
            clock,
            metrics,
            known: Mutex::new(Known::new(METERS)),
            charging: AsyncMutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the table has told of a meter.
    pub(crate) fn learn(&self, owner: &Owner, plan: &PlanId, told: Option<Standing>) {
        if let Some(told) = told {
            let name = (owner.clone(), plan.clone());
            self.known().learn(name, told, Credit::learn);
        }
    }

    /// Takes in what was read of a meter with its key.
    pub(crate) fn learn_read(&self, owner: &Owner, plan: &PlanId, read: Option<Standing>) {
        if let Some(read) = read {
            let name = (owner.clone(), plan.clone());
            self.known().learn(name, read, Credit::learn_read);
        }
    }

    /// Whether a call passes that the table gave no answer to; its units are then owed.
    pub(crate) fn admit(&self, owner: &Owner, plan: &PlanId, terms: &Terms, now: Reading) -> bool {
        let name = (owner.clone(), plan.clone());
        self.known().admit(name, terms, now)
    }

    /// Charges some of what is owed, as far as the time goes.
    pub(crate) async fn charge_some(&self, within: Duration) {
        let failed = self.known().failed;
        if failed.is_none_or(|failed| self.clock.now().since(&failed) >= PAUSE) {
            self.charge(WITH_A_CALL, within.min(BESIDE_A_CALL)).await;
        }
    }

    /// Charges all that is owed: the process is about to end.
    pub(crate) async fn charge_all(&self, within: Duration) {
        self.charge(usize::MAX, within).await;
    }

    async fn charge(&self, most: usize, within: Duration) {
        let owing: Vec<MeterName> = self.known().owing.iter().take(most).cloned().collect();
        if owing.is_empty() {
            return;
        }
        let Ok(_one_at_a_time) = self.charging.try_lock() else {
            return;
        };
        let charged = stream::iter(owing).for_each_concurrent(AT_ONCE, |name| async move {
            let owed = self.known().owed(&name);
            for debt in owed {
                self.charge_one(&name, &debt).await;
            }
            self.known().end_turn(name);
        });
        if timeout(within, charged).await.is_err() {
            self.known().failed = Some(self.clock.now());
            tracing::warn!("what is owed was not charged in time");
        }
    }

    async fn charge_one(&self, name: &MeterName, debt: &Debt) {
        let (owner, plan) = name;
        self.metrics.wrote_beside();
        let answer = self.store.charge_debt(owner, plan, debt).await;
        let told = match &answer {
            Answer::Applied(meter) => Some(Standing::read(meter, self.clock.now())),
            Answer::Failed(_) => None,
            // Perhaps charged: once more is too much rather than too little.
            Answer::Throttled | Answer::Conflict | Answer::Unknown => {
                self.known().failed = Some(self.clock.now());
                return;
            }
        };
        let mut known = self.known();
        if let Some(credit) = known.credits.peek_mut(name) {
            credit.settle(debt);
            if let Some(told) = told {
                credit.learn(told);
            }
        }
    }
}

impl Known {
    fn new(most: usize) -> Self {
        Self {
            most,
            credits: LruCache::unbounded(),
            owing: VecDeque::new(),
            failed: None,
        }
    }

    fn learn(&mut self, name: MeterName, told: Standing, learn: fn(&mut Credit, Standing)) {
        if let Some(credit) = self.credits.get_mut(&name) {
            learn(credit, told);
            return;
        }
        self.credits.push(name, Credit::new(told));
        for _ in 0..SPARED {
            if self.credits.len() <= self.most {
                return;
            }
            if let Some((name, oldest)) = self.credits.pop_lru()
                && !oldest.owed().is_empty()
            {
                self.credits.push(name, oldest);
            }
        }
        if self.credits.len() > self.most
            && let Some((name, _)) = self.credits.pop_lru()
        {
            self.owing.retain(|owing| *owing != name);
            tracing::warn!("what is owed is lost: too many meters owe something");
        }
    }

    fn admit(&mut self, name: MeterName, terms: &Terms, now: Reading) -> bool {
        let Some(credit) = self.credits.get_mut(&name) else {
            return false;
        };
        let owed_nothing = credit.owed().is_empty();
        let is_admitted = credit.admit(terms, now);
        if is_admitted && owed_nothing {
            self.owing.push_back(name);
        }
        is_admitted
    }

    fn owed(&self, name: &MeterName) -> Vec<Debt> {
        let credit = self.credits.peek(name);
        credit.map_or_else(Vec::new, |credit| credit.owed().to_vec())
    }

    /// One that still owes something comes after all others.
    fn end_turn(&mut self, name: MeterName) {
        self.owing.retain(|owing| *owing != name);
        if !self.owed(&name).is_empty() {
            self.owing.push_back(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use latchkey_domain::meter::{Buckets, Meter};

    use super::*;

    const START: Reading = Reading { wall: 0, steady: 0 };

    fn name(number: usize) -> MeterName {
        let owner = Owner::Customer(format!("c{number}").parse().unwrap());
        (owner, "gold".parse().unwrap())
    }

    /// One that has met these meters, in this order.
    fn known(most: usize, meters: std::ops::Range<usize>) -> Known {
        let mut known = Known::new(most);
        for number in meters {
            meet(&mut known, number);
        }
        known
    }

    fn meet(known: &mut Known, number: usize) {
        let standing = Standing::read(&Meter::default(), START);
        known.learn(name(number), standing, Credit::learn);
    }

    fn admit(known: &mut Known, number: usize) -> bool {
        let terms = Terms {
            plan_version: 1,
            quota: None,
            bucket: None,
            units: 1,
            buckets: Buckets::default(),
        };
        known.admit(name(number), &terms, START)
    }

    #[test]
    fn the_oldest_meter_is_let_go_of_but_one_that_owes_something_is_spared() {
        let mut known = known(3, 0..3);
        assert!(admit(&mut known, 0));
        for number in 3..6 {
            meet(&mut known, number);
            assert_eq!(known.credits.len(), 3);
        }
        assert!(admit(&mut known, 0), "it is still there");
        assert!(!admit(&mut known, 1), "nothing is known of it any more");
        assert_eq!(known.owed(&name(0))[0].units, 2);
        assert_eq!(known.owing, [name(0)], "once");
    }

    #[test]
    fn where_all_owe_something_one_is_lost_and_the_rest_is_bounded() {
        let mut known = known(SPARED + 2, 0..SPARED + 2);
        for number in 0..SPARED + 2 {
            assert!(admit(&mut known, number));
        }
        meet(&mut known, 99);
        assert_eq!(known.credits.len(), SPARED + 2);
        assert_eq!(known.owing.len(), SPARED + 1);
        for owing in known.owing.clone() {
            assert_eq!(known.owed(&owing).len(), 1);
        }
    }

    #[test]
    fn one_that_still_owes_something_comes_after_the_others() {
        let mut known = known(9, 0..3);
        for number in 0..3 {
            assert!(admit(&mut known, number));
        }
        known.end_turn(name(0));
        assert_eq!(known.owing, [name(1), name(2), name(0)]);
        let debt = known.owed(&name(1))[0];
        known.credits.get_mut(&name(1)).unwrap().settle(&debt);
        known.end_turn(name(1));
        assert_eq!(known.owing, [name(2), name(0)]);
    }
}
