//! How often what happened in a run, or in many.

use latchkey_domain::{Reason, meter::Verdict};

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls decided.
    pub calls: u64,
    /// Of them admitted.
    pub admitted: u64,
    /// Of those from memory.
    pub from_memory: u64,
    /// Refused from memory.
    pub refused_from_memory: u64,
    /// Refused by the throttle.
    pub throttled: u64,
    /// Refused by the quota.
    pub quota_exceeded: u64,
    /// Without an answer.
    pub unavailable: u64,
    /// Writes that reached the table.
    pub writes: u64,
    /// Clamps that were applied.
    pub clamps: u64,
    /// Returns that were applied.
    pub returns: u64,
    /// Processes that ended in any way.
    pub deaths: u64,
    /// Changes of the plan.
    pub changes: u64,
}

impl Counts {
    /// Counts a decision.
    pub(crate) fn count(&mut self, verdict: &Verdict, from_memory: bool) {
        self.calls += 1;
        match verdict {
            Verdict::Admitted { .. } => {
                self.admitted += 1;
                self.from_memory += u64::from(from_memory);
            }
            Verdict::Refused(refusal) => {
                self.refused_from_memory += u64::from(from_memory);
                match refusal.reason {
                    Reason::Throttled => self.throttled += 1,
                    Reason::QuotaExceeded => self.quota_exceeded += 1,
                    Reason::Unavailable => self.unavailable += 1,
                    _ => {}
                }
            }
        }
    }

    /// Adds another run's.
    pub(crate) fn add(&mut self, other: &Self) {
        let both: [(&mut u64, u64); 12] = [
            (&mut self.calls, other.calls),
            (&mut self.admitted, other.admitted),
            (&mut self.from_memory, other.from_memory),
            (&mut self.refused_from_memory, other.refused_from_memory),
            (&mut self.throttled, other.throttled),
            (&mut self.quota_exceeded, other.quota_exceeded),
            (&mut self.unavailable, other.unavailable),
            (&mut self.writes, other.writes),
            (&mut self.clamps, other.clamps),
            (&mut self.returns, other.returns),
            (&mut self.deaths, other.deaths),
            (&mut self.changes, other.changes),
        ];
        for (sum, more) in both {
            *sum += more;
        }
    }
}
