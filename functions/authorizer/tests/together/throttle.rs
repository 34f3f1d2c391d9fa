//! Throttles, hammered by many processes at once.

use std::time::Duration;

use latchkey_domain::{Plan, Throttle};
use tokio::time::{Instant, sleep};

use crate::{
    faults::Faults,
    fleet::{Fleet, Instance},
    outcome::Outcome,
    table::{Account, plan},
};

/// The longest that units taken ahead may be used, and how far a charge may lie back in time:
/// L and ε. All processes here have one clock.
const LEASE: f64 = 1.0;
const EARLIER: f64 = 0.25;
/// Refusals in a row by which a process says that a bucket is empty.
const REFUSALS: u32 = 5;

fn throttled(rate: &str, burst: u64) -> Plan {
    let throttle = Throttle::new(rate.parse().unwrap(), Some(burst)).ok();
    plan("gold", None, throttle)
}

/// The most that may be admitted in this time.
fn most(rate: f64, burst: u64, time: Duration) -> i64 {
    (burst as f64 + rate * (time.as_secs_f64() + LEASE + EARLIER)).floor() as i64
}

/// Calls until each process was refused so often in a row, or one call was too many.
async fn hammer(fleet: &Fleet, instances: &[Instance], account: &Account, most: u64) {
    let is_over = || fleet.ledger.count(account.meter_key(), Outcome::Allowed) > most;
    let calls = instances.iter().map(|instance| async {
        let mut refused = 0;
        while refused < REFUSALS && !is_over() {
            match instance.call(account).await {
                Outcome::Throttled => refused += 1,
                Outcome::Allowed | Outcome::Unavailable => refused = 0,
                Outcome::Gone | Outcome::QuotaExceeded => return,
            }
        }
    });
    futures_util::future::join_all(calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_fill_up_lets_just_its_burst_through() {
    const BURST: u64 = 700;
    for (settings, loses_none) in [(&[][..], false), (&[("LEASE_MAX", "1")][..], true)] {
        let (fleet, accounts) = Fleet::with(Faults::none(), &throttled("0.0001", BURST), 1).await;
        let began = Instant::now();
        let mut instances = Vec::new();
        for _ in 0..8 {
            instances.push(fleet.start(settings).await);
        }
        hammer(&fleet, &instances, &accounts[0], BURST).await;
        let most = most(0.0001, BURST, began.elapsed());
        for instance in instances {
            fleet.stop(instance).await;
        }
        let books = fleet.close(&accounts[0]).await;
        assert!(books.admitted <= most, "{books:?}, {most}");
        let least = BURST as i64 - books.tally.lost - books.may_be_unused(1);
        assert!(!loses_none || books.admitted >= least, "{books:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rate_is_exceeded_whatever_happens_on_the_way() {
    const BURST: u64 = 10;
    let plan = throttled("5", BURST);
    let (fleet, accounts) = Fleet::with(Faults::of_every_kind(11, 100), &plan, 1).await;
    let instances = fleet.start_many(8).await;
    let began = Instant::now();
    let refused = || {
        fleet
            .ledger
            .count(accounts[0].meter_key(), Outcome::Throttled)
    };
    let calls = instances.iter().map(|instance| async {
        while refused() < 150 || began.elapsed() < Duration::from_secs(3) {
            if instance.call(&accounts[0]).await == Outcome::Throttled {
                sleep(Duration::from_millis(5)).await;
            }
        }
    });
    futures_util::future::join_all(calls).await;
    let time = began.elapsed();
    for instance in instances {
        fleet.stop(instance).await;
    }
    let books = fleet.close(&accounts[0]).await;
    let most = most(5.0, BURST, time);
    assert!(
        books.admitted <= most,
        "{books:?}, at most {most} in {time:?}"
    );
}
