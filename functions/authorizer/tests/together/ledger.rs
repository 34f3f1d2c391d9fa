//! What callers were told, by key.

use std::{collections::BTreeMap, sync::Mutex};

use latchkey_domain::KeyId;

use crate::outcome::Outcome;

/// More calls than any test needs: one whose calls never end fails by this.
const MOST: u64 = 20_000;

/// Counts the outcomes of calls.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<(KeyId, Outcome), u64>>);

impl Ledger {
    pub(crate) fn enter(&self, key: KeyId, outcome: Outcome) {
        assert!(self.calls() < MOST, "the calls never end");
        *self.0.lock().unwrap().entry((key, outcome)).or_default() += 1;
    }

    /// Calls of a key with this outcome.
    pub(crate) fn count(&self, key: KeyId, outcome: Outcome) -> u64 {
        let entries = self.0.lock().unwrap();
        entries.get(&(key, outcome)).copied().unwrap_or(0)
    }

    /// Calls in all.
    pub(crate) fn calls(&self) -> u64 {
        self.0.lock().unwrap().values().sum()
    }
}
