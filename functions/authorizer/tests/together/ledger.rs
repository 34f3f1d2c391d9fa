//! What callers were told, by the meter of their keys.

use std::{collections::BTreeMap, sync::Mutex};

use crate::{outcome::Outcome, written::MeterKey};

/// More calls than any test needs: one whose calls never end fails by this.
const MOST: u64 = 20_000;

/// Counts the outcomes of calls.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<(MeterKey, Outcome), u64>>);

impl Ledger {
    pub(crate) fn enter(&self, meter: MeterKey, outcome: Outcome) {
        assert!(self.calls() < MOST, "the calls never end");
        *self.0.lock().unwrap().entry((meter, outcome)).or_default() += 1;
    }

    /// Calls charged to a meter with this outcome.
    pub(crate) fn count(&self, meter: MeterKey, outcome: Outcome) -> u64 {
        let entries = self.0.lock().unwrap();
        entries.get(&(meter, outcome)).copied().unwrap_or(0)
    }

    /// Calls in all.
    pub(crate) fn calls(&self) -> u64 {
        self.0.lock().unwrap().values().sum()
    }
}
