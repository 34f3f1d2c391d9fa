//! What a proxy saw: requests, and units that were written to meters.

use std::collections::BTreeMap;

use crate::written::{MeterKey, Written};

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Requests by operation.
    pub(crate) operations: BTreeMap<String, u64>,
    /// Answers whose caller had gone by itself.
    pub(crate) abandoned: u64,
    meters: BTreeMap<MeterKey, Tally>,
}

/// What was written to a meter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Units that charges added.
    pub(crate) charged: i64,
    /// Units that returns took off.
    pub(crate) returned: i64,
    /// Of `charged`, those whose answer reached nobody: they are lost to everybody.
    pub(crate) lost: i64,
}

impl Seen {
    pub(crate) fn count(&self, operation: &str) -> u64 {
        self.operations.get(operation).copied().unwrap_or(0)
    }

    pub(crate) fn tally(&self, meter: &MeterKey) -> Tally {
        self.meters.get(meter).copied().unwrap_or_default()
    }

    /// A write was applied.
    pub(crate) fn applied(&mut self, written: &Written) {
        let tally = self.meters.entry(written.meter.clone()).or_default();
        let units = written.units();
        tally.charged += units.max(0);
        tally.returned += (-units).max(0);
    }

    /// The answer to a write that was applied reached nobody.
    pub(crate) fn lost(&mut self, written: &Written) {
        let tally = self.meters.entry(written.meter.clone()).or_default();
        tally.lost += written.units().max(0);
    }
}
