//! What was admitted, held against what was charged, once nothing is on its way.

use crate::{fleet::Fleet, outcome::Outcome, seen::Tally, table::Account};

/// An account's sums at the end.
#[derive(Debug)]
pub(crate) struct Books {
    /// Calls that were allowed.
    pub(crate) admitted: i64,
    /// What the meter says was charged and not returned.
    pub(crate) charged: i64,
    /// What the proxy saw.
    pub(crate) tally: Tally,
    /// Charges that a process gave up on while their answer came: a slow machine's.
    late: i64,
}

impl Fleet {
    /// Checks what must hold in any case: no more is admitted than was granted by answers that
    /// reached a process, nothing is charged beyond the limit, and the meter holds just what was
    /// written to it.
    pub(crate) async fn close(&self, account: &Account) -> Books {
        self.proxy.quiet().await;
        let meter = self.table.meter(account).await;
        let of_days: i64 = meter.days.values().sum();
        let of_windows = meter.windows.values().sum::<i64>() - account.used_before;
        let seen = self.proxy.seen();
        let tally = seen.tally(&account.meter_key());
        let admitted = self.ledger.count(account.meter_key(), Outcome::Allowed) as i64;
        let charged = if account.plan.quota.is_some() {
            of_windows
        } else {
            of_days
        };
        assert_eq!(charged, tally.charged - tally.returned, "{tally:?}");
        // What is given back after midnight may be of the day before.
        assert!(of_days >= charged, "{meter:?}");
        if let Some(quota) = account.plan.quota {
            let limit = quota.limit() as i64;
            assert!(
                meter.windows.values().all(|used| *used <= limit),
                "{meter:?}"
            );
        }
        // Of those that were given up on, these are known to have reached nobody.
        let late = self.late().saturating_sub(seen.abandoned);
        let books = Books {
            admitted,
            charged,
            tally,
            late: late as i64,
        };
        assert!(
            books.unused() >= 0,
            "more is admitted than processes were granted: {books:?}"
        );
        books
    }
}

impl Books {
    /// Units that were granted to processes and that nobody got: leases of those that died.
    pub(crate) fn unused(&self) -> i64 {
        self.charged - self.tally.lost - self.admitted
    }

    /// The most that this may be where nobody died: a lease of `lease` units for each answer
    /// that came too late.
    pub(crate) fn may_be_unused(&self, lease: i64) -> i64 {
        self.late * lease
    }
}
