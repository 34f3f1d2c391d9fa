//! What the calls of a busy key cost.

use crate::{
    faults::Faults,
    fleet::{Fleet, Instance},
    quota::quota,
    table::{Account, plan},
};
use latchkey_domain::Throttle;

const CALLS: u32 = 200;

/// A key whose limits are far away, and a process that knows it.
async fn hot(settings: &[(&str, &str)]) -> (Fleet, Account, Instance) {
    let throttle = Throttle::new("100000".parse().unwrap(), Some(100_000)).ok();
    let plan = plan("gold", quota(1_000_000_000), throttle);
    let (fleet, mut accounts) = Fleet::with(Faults::none(), &plan, 1).await;
    let account = accounts.remove(0);
    let instance = fleet.start(settings).await;
    instance.call(&account).await;
    (fleet, account, instance)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_leases_off_each_call_is_one_write() {
    let (fleet, account, instance) = hot(&[("LEASE_MAX", "1")]).await;
    instance.call_times(&account, CALLS).await;
    fleet.stop(instance).await;
    let books = fleet.close(&account).await;
    let writes = fleet.proxy.seen().count("UpdateItem");
    let (least, most) = (
        u64::from(CALLS) + 1,
        u64::from(CALLS) + 1 + fleet.unanswered(),
    );
    assert!(
        (least..=most).contains(&writes),
        "{writes} writes, {books:?}"
    );
}
