//! What is due is attempted until nothing is.
//!
//! Plans and keys go beside each other: UpdateUsagePlan may be called once in 20 seconds, and
//! no key waits for that. A plan that is to be made comes before all keys, since they wait for
//! its id. Of one key a detachment comes first, for it may be in the way of an attachment;
//! then the key itself, the plans that it is put on, the flush of what was cached for it. Keys
//! go several at a time, since AWS's rates are higher than one call after the other is fast.

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use latchkey_domain::KeyId;
use latchkey_store::{Native, NativeObject, Wanted};
use tokio::{join, sync::Notify, time::timeout};

use crate::{
    RunError,
    pages::{PAGE, Pages},
    run::Run,
};

/// Keys at a time.
const KEYS: usize = 8;
/// Attempts at one object in one run: what stays refused is the next run's.
const TRIES: u32 = 3;
/// Rounds of a run; its deadline comes long before.
const ROUNDS: usize = 1_000;
/// How often new work is looked for while plans wait for their turns.
const POLL: Duration = Duration::from_secs(5);

/// What does not wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// Plans that are to be made, or made again.
    NewPlans,
    Plans,
    Keys,
}

impl Lane {
    fn has(self, native: &Native) -> bool {
        match (self, &native.object) {
            (Self::NewPlans, NativeObject::Plan(_)) => native.wanted == Wanted::Present,
            (Self::Plans, object) => matches!(object, NativeObject::Plan(_)),
            (Self::Keys, object) => !matches!(object, NativeObject::Plan(_)),
            _ => false,
        }
    }
}

impl Run<'_> {
    /// Attempts what is due, and what becomes due meanwhile.
    pub(crate) async fn work(&self) -> Result<(), RunError> {
        self.round(Lane::NewPlans, &mut HashMap::new()).await?;
        let mut tries = HashMap::new();
        let (over, told) = (AtomicBool::new(false), Notify::new());
        let plans = async {
            let done = self.rounds(Lane::Plans, &mut tries).await;
            over.store(true, Ordering::Release);
            told.notify_one();
            done
        };
        let keys = async {
            let mut tries = HashMap::new();
            loop {
                let last = over.load(Ordering::Acquire);
                self.rounds(Lane::Keys, &mut tries).await?;
                if last {
                    return Ok(());
                }
                // Either way it is time to look again.
                drop(timeout(POLL, told.notified()).await);
            }
        };
        let (plans, keys): (_, Result<(), RunError>) = join!(plans, keys);
        plans.and(keys)
    }

    async fn rounds(
        &self,
        lane: Lane,
        tries: &mut HashMap<NativeObject, u32>,
    ) -> Result<(), RunError> {
        for _ in 0..ROUNDS {
            if self.is_over() || !self.round(lane, tries).await? {
                break;
            }
        }
        Ok(())
    }

    /// One attempt at each object that is due; false where none is.
    async fn round(
        &self,
        lane: Lane,
        tries: &mut HashMap<NativeObject, u32>,
    ) -> Result<bool, RunError> {
        let mut due = self.due(lane, tries).await?;
        if due.iter().any(has_an_id) {
            // Without it there is no run.
            let inventory = self.inventory(Timestamp::MIN).await?;
            if lane == Lane::NewPlans {
                let is_there = |id: &String| inventory.plans.contains_key(id);
                due.retain(|native| !native.native_id.as_ref().is_some_and(is_there));
            }
        }
        if due.is_empty() {
            return Ok(false);
        }
        match lane {
            Lane::NewPlans | Lane::Plans => {
                for native in due {
                    self.attempt(native).await;
                }
            }
            Lane::Keys => {
                let each = async |group: Vec<Native>| {
                    for native in group {
                        self.attempt(native).await;
                    }
                };
                let groups = stream::iter(by_key(due));
                groups.for_each_concurrent(KEYS, each).await;
            }
        }
        Ok(true)
    }

    async fn due(
        &self,
        lane: Lane,
        tries: &mut HashMap<NativeObject, u32>,
    ) -> Result<Vec<Native>, RunError> {
        let (now, mut due) = (self.now(), Vec::new());
        let mut pages = Pages::of("objects that are due");
        while pages.more() {
            let page = self.store.pending(now, PAGE, pages.cursor()).await?;
            for native in page.items.into_iter().filter(|native| lane.has(native)) {
                let tried = tries.entry(native.object.clone()).or_default();
                if *tried < TRIES {
                    *tried += 1;
                    due.push(native);
                }
            }
            pages.turn(page.cursor);
        }
        Ok(due)
    }

    /// One attempt, if it is this run's. A fault of the table ends it and not the run: one
    /// record that cannot be read must not hold up all others.
    async fn attempt(&self, native: Native) {
        if self.is_over() {
            return;
        }
        let object = native.object.clone();
        if let Err(error) = self.attempt_claimed(native).await {
            self.faults.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%object, %error, "an attempt was not finished");
        }
    }

    async fn attempt_claimed(&self, native: Native) -> Result<(), RunError> {
        let Some(claimed) = self.sync.claim(&native, self.until).await? else {
            return Ok(());
        };
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if !has_an_id(&native) {
            return Ok(self.sync.attempt(&claimed, &self.sources).await?);
        }
        let since = match claimed.native.native_id {
            // What was made of it until then must be seen.
            None => claimed.due,
            Some(_) => Timestamp::MIN,
        };
        let inventory = self.inventory(since).await?;
        if self.roll_back(&claimed, &inventory).await? {
            return Ok(());
        }
        Ok(self.sync.attempt(&claimed, &inventory).await?)
    }
}

/// Whether API Gateway gives it an id, so that it can be made twice.
fn has_an_id(native: &Native) -> bool {
    matches!(native.object, NativeObject::Plan(_) | NativeObject::Key(_))
}

/// All that is due of each key in the order in which it is done. Keys that go come first: they
/// make room for those that come.
fn by_key(due: Vec<Native>) -> Vec<Vec<Native>> {
    let mut groups: BTreeMap<KeyId, Vec<Native>> = BTreeMap::new();
    for native in due {
        if let Some(key) = key_of(&native.object) {
            groups.entry(key).or_default().push(native);
        }
    }
    let mut groups: Vec<Vec<Native>> = groups.into_values().collect();
    for group in &mut groups {
        group.sort_by_key(|native| match (&native.object, native.wanted) {
            (NativeObject::PlanKey(..), Wanted::Absent) => 0,
            (NativeObject::Key(_) | NativeObject::Plan(_), _) => 1,
            (NativeObject::PlanKey(..), Wanted::Present) => 2,
            (NativeObject::Flush(_), _) => 3,
        });
    }
    let goes = |native: &Native| {
        matches!(native.object, NativeObject::Key(_)) && native.wanted == Wanted::Absent
    };
    groups.sort_by_key(|group| !group.iter().any(goes));
    groups
}

fn key_of(object: &NativeObject) -> Option<KeyId> {
    match object {
        NativeObject::Plan(_) => None,
        NativeObject::Key(key) | NativeObject::PlanKey(key, _) | NativeObject::Flush(key) => {
            Some(*key)
        }
    }
}
