//! Days that a meter has too many of go to its history, with a call that finds them.
//!
//! Where the answer to a charge has more days than a meter keeps, the meter is noted, and when
//! the call is decided its oldest days are moved: some writes once a day and meter, whatever
//! comes of them. A call that is served from memory moves none. What is not done today, or
//! left half done, whoever sees the meter next does.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use latchkey_domain::{
    Hour, Period, PlanId, Reading,
    meter::{Meter, Owner},
};
use latchkey_store::Store;
use tokio::time::timeout;

use crate::metrics::Metrics;

/// Meters that are noted in a day; days of others stay where they are until tomorrow.
const METERS: usize = 10_000;
/// Meters that wait for a call at once.
const WAITING: usize = 16;
/// The longest that a call waits, once it is decided.
const BESIDE_A_CALL: Duration = Duration::from_millis(200);

/// Whose days are moved.
#[derive(Debug)]
pub(crate) struct Folding {
    store: Store,
    metrics: Arc<Metrics>,
    hasher: RandomState,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    /// The start of the day.
    day: Hour,
    /// Hashes of the meters that were noted on it. Of two with one hash, one waits.
    today: HashSet<u64>,
    waiting: Vec<(Owner, PlanId, Meter)>,
}

impl Folding {
    pub(crate) fn new(store: Store, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            metrics,
            hasher: RandomState::new(),
            noted: Mutex::default(),
        }
    }

    /// Notes a meter that has just been charged, if it has more days than it keeps.
    pub(crate) fn note(&self, owner: &Owner, plan: &PlanId, meter: &Meter, now: Reading) {
        if !meter.asks_to_fold() {
            return;
        }
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let day = Period::Day.window(now.wall).start;
        if noted.day != day {
            noted.day = day;
            noted.today.clear();
        }
        let name = self.hasher.hash_one((owner, plan));
        let has_room = noted.today.len() < METERS && noted.waiting.len() < WAITING;
        if has_room && noted.today.insert(name) {
            let meter = (owner.clone(), plan.clone(), meter.clone());
            noted.waiting.push(meter);
        }
    }

    /// Moves the days of those that wait, as far as the time goes.
    pub(crate) async fn carry_out(&self, within: Duration) {
        let waiting = {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut noted.waiting)
        };
        if waiting.is_empty() {
            return;
        }
        let moved = async {
            for (owner, plan, meter) in &waiting {
                self.metrics.wrote_beside();
                if let Err(error) = self.store.fold(owner, plan, meter).await {
                    tracing::warn!(%error, plan_id = %plan, "old days were not moved to the history");
                }
            }
        };
        if timeout(within.min(BESIDE_A_CALL), moved).await.is_err() {
            tracing::warn!("old days were not moved to the history in time");
        }
    }
}
