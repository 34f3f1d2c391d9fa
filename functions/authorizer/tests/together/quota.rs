//! Quotas, used to their ends by many processes.

use latchkey_domain::{Period, Plan, Quota, Scope};

use crate::{faults::Faults, fleet::Fleet, outcome::Outcome, table::plan};

/// A quota without windows: no midnight can come between.
pub(crate) fn quota(limit: u64) -> Option<Quota> {
    Quota::new(limit, Period::Lifetime).ok()
}

/// The most that one lease of a quota holds.
pub(crate) fn lease_of(limit: u64) -> i64 {
    (limit / 1024).max(1) as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_is_used_to_its_last_unit_and_each_is_counted_once() {
    const LIMIT: u64 = 2_500;
    let (fleet, accounts) = Fleet::with(Faults::none(), &plan("gold", quota(LIMIT), None), 1).await;
    let instances = fleet.start_many(8).await;
    fleet.use_up(&instances, &accounts).await;
    for instance in instances {
        fleet.stop(instance).await;
    }
    let books = fleet.close(&accounts[0]).await;
    assert!(
        books.unused() <= books.may_be_unused(lease_of(LIMIT)),
        "{books:?}"
    );
    assert_eq!(books.charged, LIMIT as i64, "{books:?}");
    assert!(
        fleet
            .ledger
            .count(accounts[0].meter_key(), Outcome::QuotaExceeded)
            > 0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_customer_share_one_quota_on_all_processes() {
    const LIMIT: u64 = 600;
    let plan = Plan {
        scope: Scope::Customer,
        ..plan("team", quota(LIMIT), None)
    };
    let (fleet, accounts) = Fleet::with(Faults::of_every_kind(5, 50), &plan, 3).await;
    let instances = fleet.start_many(4).await;
    fleet.use_up(&instances, &accounts).await;
    for instance in instances {
        fleet.stop(instance).await;
    }
    let books = fleet.close(&accounts[0]).await;
    assert_eq!(books.charged, LIMIT as i64, "{books:?}");
    assert!(
        books.unused() <= books.may_be_unused(lease_of(LIMIT)),
        "{books:?}"
    );
}
