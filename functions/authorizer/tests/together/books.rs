//! What was admitted, held against what was charged, once nothing is on its way.

use crate::{faults::Fault, fleet::Fleet, outcome::Outcome, seen::Tally, table::Account};

/// An account's sums at the end.
#[derive(Debug)]
pub(crate) struct Books {
    /// Calls that were allowed.
    pub(crate) admitted: i64,
    /// What the meter says was charged and not returned.
    pub(crate) charged: i64,
    /// What the proxy saw.
    pub(crate) tally: Tally,
    /// Answers that a process gave up on, beside those that the proxy kept from it: a slow
    /// machine's.
    late: i64,
}

impl Fleet {
    /// Checks what must hold in any case: nothing is admitted that was not charged, nothing
    /// charged beyond the limit, and the meter holds just what was written to it.
    pub(crate) async fn close(&self, account: &Account) -> Books {
        self.proxy.quiet().await;
        let meter = self.table.meter(account).await;
        let of_days: i64 = meter.days.values().sum();
        let of_windows: i64 = meter.windows.values().sum();
        let seen = self.proxy.seen();
        let tally = seen.tally(&account.meter_key());
        let admitted = self.ledger.count(account.id, Outcome::Allowed) as i64;
        assert_eq!(of_days, tally.charged - tally.returned, "{tally:?}");
        if let Some(quota) = account.plan.quota {
            assert_eq!(of_windows, of_days, "{meter:?}");
            for used in meter.windows.values() {
                assert!(*used <= quota.limit() as i64, "{meter:?}");
            }
        }
        assert!(admitted <= of_days, "{admitted} admitted, {meter:?}");
        let done = self.proxy.done();
        let kept = [
            Fault::CutBefore,
            Fault::CutAfter,
            Fault::FailedBefore,
            Fault::FailedAfter,
        ];
        let kept: u64 = kept.iter().filter_map(|fault| done.get(fault)).sum();
        let late = self.unanswered().saturating_sub(kept + seen.abandoned);
        Books {
            admitted,
            charged: of_days,
            tally,
            late: late as i64,
        }
    }
}

impl Books {
    /// Units that were charged and that nobody got.
    pub(crate) fn wasted(&self) -> i64 {
        self.charged - self.admitted
    }

    /// The most that may be wasted without a crash: a lease of at most `lease` units for each
    /// answer that went nowhere.
    pub(crate) fn may_be_wasted(&self, lease: i64) -> i64 {
        self.tally.lost + self.late * lease
    }
}
