//! What is counted in a run.

use latchkey_domain::{
    Nanos, Reason,
    meter::{Refusal, Verdict},
};

use crate::clock::SECOND;

/// What became of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// Calls.
    pub calls: u64,
    /// Admitted.
    pub admitted: u64,
    /// Decided without the table.
    pub from_memory: u64,
    /// Refused by the throttle.
    pub throttled: u64,
    /// Refused by the quota.
    pub quota_exceeded: u64,
    /// Answered `unavailable`.
    pub unavailable: u64,
    /// Without an answer, since their instance died.
    pub lost: u64,
}

impl Outcomes {
    pub(super) fn count(&mut self, verdict: &Verdict, asked: bool) {
        self.calls += 1;
        self.from_memory += u64::from(!asked);
        match verdict {
            Verdict::Admitted { .. } => self.admitted += 1,
            Verdict::Refused(Refusal { reason, .. }) => match reason {
                Reason::Throttled => self.throttled += 1,
                Reason::QuotaExceeded => self.quota_exceeded += 1,
                _ => self.unavailable += 1,
            },
        }
    }
}

/// What one key's meter saw.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OfKey {
    pub(super) admitted: u64,
    /// Calls that one central bucket admits.
    pub(super) central: u64,
    writes: u64,
    second: Nanos,
    in_second: u64,
    most_in_second: u64,
}

impl OfKey {
    pub(super) fn write(&mut self, now: Nanos) {
        let second = now / SECOND;
        if second != self.second {
            self.second = second;
            self.in_second = 0;
        }
        self.writes += 1;
        self.in_second += 1;
        self.most_in_second = self.most_in_second.max(self.in_second);
    }
}

/// The figures of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measures {
    /// What became of the calls.
    pub outcomes: Outcomes,
    /// Writes sent to the table: applied, failed, or refused for want of capacity.
    pub writes: u64,
    /// Of them, refused for want of capacity.
    pub writes_refused: u64,
    /// Calls that central buckets without latency would admit.
    pub central: u64,
    /// Calls that they would have admitted more, key by key.
    pub too_few: u64,
    /// Writes a second to the item that was written most.
    pub hottest_mean: f64,
    /// The same, in the second in which it was written most.
    pub hottest_peak: u64,
    /// Seconds measured.
    pub seconds: f64,
}

impl Measures {
    pub(super) fn of(
        outcomes: Outcomes,
        writes_refused: u64,
        keys: &[OfKey],
        measured: Nanos,
    ) -> Self {
        let seconds = measured as f64 / SECOND as f64;
        let too_few = |key: &OfKey| key.central.saturating_sub(key.admitted);
        let hottest = keys.iter().max_by_key(|key| key.writes);
        Self {
            outcomes,
            writes: keys.iter().map(|key| key.writes).sum(),
            writes_refused,
            central: keys.iter().map(|key| key.central).sum(),
            too_few: keys.iter().map(too_few).sum(),
            hottest_mean: hottest.map_or(0.0, |key| key.writes as f64 / seconds),
            hottest_peak: hottest.map_or(0, |key| key.most_in_second),
            seconds,
        }
    }

    /// Writes for each call.
    pub fn writes_per_call(&self) -> f64 {
        self.writes as f64 / self.outcomes.calls as f64
    }

    /// Calls without a call to DynamoDB, of all calls.
    pub fn from_memory_share(&self) -> f64 {
        self.outcomes.from_memory as f64 / self.outcomes.calls as f64
    }

    /// Calls that one central bucket would have admitted more, of all calls.
    pub fn wrongly_refused_share(&self) -> f64 {
        self.too_few as f64 / self.outcomes.calls as f64
    }

    /// The same, of the calls that it would have admitted: what is left unused of a rate that is
    /// asked for in full.
    pub fn unused_share(&self) -> f64 {
        self.too_few as f64 / self.central.max(1) as f64
    }

    /// Calls answered `unavailable`, of all calls.
    pub fn unavailable_share(&self) -> f64 {
        self.outcomes.unavailable as f64 / self.outcomes.calls as f64
    }
}
