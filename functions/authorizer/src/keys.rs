//! Keys seen lately, with their meters as they were read.
//!
//! Bounded in number, so that made-up ids cannot fill the memory; what is not there costs
//! one read. An entry's age counts from the start of its read: a key that was disabled while
//! its read was under way is not fresh for longer than the setting says.

use std::sync::Arc;

use latchkey_domain::{Clock, KeyId, Nanos, Reading};
use latchkey_store::{Store, StoreError};
use quick_cache::sync::Cache;

use crate::{
    kept_policy::{KeptPolicy, Stages},
    known_key::{KeptKey, KnownKey},
    metrics::Metrics,
};

/// Keys remembered.
const KEYS: usize = 10_000;
/// How long an id that no key has is remembered.
const UNKNOWN_FOR: Nanos = 5_000_000_000;
/// How often a key is read again for a value that is not known as its own.
const AGAIN_AFTER: Nanos = 1_000_000_000;

/// Where what is known comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// It was read just now.
    Table,
    /// It may have changed since it was read.
    Memory,
}

/// The keys of the table, by id.
#[derive(Debug)]
pub(crate) struct Keys {
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
    fresh_for: Nanos,
    known: Cache<KeyId, Arc<KnownKey>>,
    stages: Arc<Stages>,
}

impl Keys {
    /// Keys that are read again after `fresh_for`; 0 reads them each time, but not an id that no
    /// key has, which is remembered for 5 s whatever the setting.
    pub(crate) fn new(
        (store, clock, metrics): (Store, Clock, Arc<Metrics>),
        fresh_for: Nanos,
    ) -> Self {
        Self {
            store,
            clock,
            metrics,
            fresh_for,
            known: Cache::new(KEYS),
            stages: Arc::default(),
        }
    }

    /// What is known of an id, from memory or from the table, for a call that came at `now`.
    pub(crate) async fn get(
        &self,
        id: KeyId,
        now: Reading,
    ) -> Result<(Arc<KnownKey>, Source), StoreError> {
        if let Some(known) = self.known.get(&id) {
            let fresh_for = match known.record {
                Some(_) => self.fresh_for,
                None => UNKNOWN_FOR,
            };
            if now.since(&known.read_at) < fresh_for {
                self.metrics.looked_up(true);
                return Ok((known, Source::Memory));
            }
        }
        self.metrics.looked_up(false);
        let read = self.read(id, self.clock.now(), false).await?;
        Ok((read, Source::Table))
    }

    /// What is known of a key, read again: it may have got another value since it was read. But
    /// whoever makes up values for an id costs one read a second, no more.
    pub(crate) async fn get_again(
        &self,
        id: KeyId,
        known: Arc<KnownKey>,
    ) -> Result<Arc<KnownKey>, StoreError> {
        let now = self.clock.now();
        if known.again && now.since(&known.read_at) < AGAIN_AFTER {
            return Ok(known);
        }
        self.read(id, now, true).await
    }

    /// What is known of a key that is later than `seen`; none where nothing is: it is still as
    /// it was.
    pub(crate) async fn get_later(
        &self,
        id: KeyId,
        seen: &KnownKey,
    ) -> Result<Option<Arc<KnownKey>>, StoreError> {
        let is_later = |known: &Arc<KnownKey>| known.revision() > seen.revision();
        // Another call that met the same may have read it already.
        if let Some(known) = self.known.get(&id).filter(is_later) {
            return Ok(Some(known));
        }
        let known = self.read(id, self.clock.now(), false).await?;
        Ok(Some(known).filter(|known| known.revision() != seen.revision()))
    }

    async fn read(
        &self,
        id: KeyId,
        now: Reading,
        again: bool,
    ) -> Result<Arc<KnownKey>, StoreError> {
        let begun = self.clock.now();
        let snapshot = self.store.key_snapshot(id).await;
        self.metrics.read(self.clock.now().since(&begun));
        let record = snapshot?.map(|found| {
            let policy = KeptPolicy::of(self.stages.clone());
            Box::new(KeptKey::new(found, policy))
        });
        let known = Arc::new(KnownKey {
            read_at: now,
            again,
            record,
        });
        // An answer that comes late does not take the place of a later one.
        let is_later = |other: &Arc<KnownKey>| other.read_at.steady > now.steady;
        if let Some(later) = self.known.get(&id).filter(is_later) {
            return Ok(later);
        }
        self.known.insert(id, known.clone());
        Ok(known)
    }

    /// A key that was read within this time, whether it would be read again by now or not.
    pub(crate) fn remembered(
        &self,
        id: KeyId,
        now: Reading,
        within: Nanos,
    ) -> Option<Arc<KnownKey>> {
        let known = self.known.get(&id)?;
        (now.since(&known.read_at) <= within).then_some(known)
    }

    /// Has a key read again when it is next asked for.
    pub(crate) fn forget(&self, id: KeyId) {
        self.known.remove(&id);
    }
}

#[cfg(test)]
mod tests;
