//! What the calls of a busy key cost.

use crate::{
    faults::Faults,
    fleet::{Fleet, Instance},
    quota::quota,
    table::{Account, plan},
};
use futures_util::future::join_all;
use latchkey_domain::{Plan, Throttle};
use tokio::time::Instant;

const CALLS: u32 = 200;

/// A plan whose limits are far away.
fn wide() -> Plan {
    let throttle = Throttle::new("100000".parse().unwrap(), Some(100_000)).ok();
    plan("gold", quota(1_000_000_000), throttle)
}

/// A key, and a process that knows it.
async fn known(plan: &Plan, settings: &[(&str, &str)]) -> (Fleet, Account, Instance) {
    let (fleet, mut accounts) = Fleet::with(Faults::none(), plan, 1).await;
    let account = accounts.remove(0);
    let keeping = [("KEY_CACHE_SECONDS", "3600")];
    let settings: Vec<_> = keeping.iter().chain(settings).copied().collect();
    let instance = fleet.start(&settings).await;
    instance.call(&account).await;
    (fleet, account, instance)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_leases_off_each_call_is_one_write() {
    let (fleet, account, instance) = known(&wide(), &[("LEASE_MAX", "1")]).await;
    instance.call_times(&account, CALLS).await;
    fleet.stop(instance).await;
    let books = fleet.close(&account).await;
    let writes = fleet.proxy.seen().count("UpdateItem");
    let (least, most) = (u64::from(CALLS) + 1, u64::from(CALLS) + 1 + fleet.late());
    assert!(
        (least..=most).contains(&writes),
        "{writes} writes, {books:?}"
    );
}

/// While a key gets busier each lease is about twice the last, so 201 calls are 8 or 9; then
/// each lasts 0.7 s. At any steady pace there are at most 1.5 a second, at 3 calls a second.
fn writes_in(seconds: u64) -> u64 {
    9 + 2 * (seconds + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_key_s_calls_are_a_few_writes_and_nothing_else() {
    for plan in [wide(), plan("free", None, None)] {
        let (fleet, account, instance) = known(&plan, &[]).await;
        let before = fleet.proxy.seen();
        let began = Instant::now();
        instance.call_times(&account, CALLS).await;
        let seconds = began.elapsed().as_secs();
        let mut seen = fleet.proxy.seen().operations;
        fleet.stop(instance).await;
        let writes = seen.insert("UpdateItem".to_owned(), 1).unwrap_or(0) - 1;
        let most = writes_in(seconds) + fleet.late();
        assert!(writes <= most, "{writes} writes in {seconds} s");
        assert_eq!(seen, before.operations, "nothing else is asked for");
        let books = fleet.close(&account).await;
        assert_eq!(books.admitted, i64::from(CALLS) + 1, "{books:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_processes_has_leases_of_its_own() {
    const PROCESSES: u64 = 6;
    let (fleet, accounts) = Fleet::with(Faults::none(), &wide(), 1).await;
    let instances = fleet.start_many(PROCESSES as usize).await;
    let began = Instant::now();
    join_all(
        instances
            .iter()
            .map(|instance| instance.call_times(&accounts[0], CALLS)),
    )
    .await;
    let seconds = began.elapsed().as_secs();
    let writes = fleet.proxy.seen().count("UpdateItem");
    for instance in instances {
        fleet.stop(instance).await;
    }
    let books = fleet.close(&accounts[0]).await;
    let calls = PROCESSES * u64::from(CALLS);
    assert_eq!(fleet.ledger.calls(), calls, "{books:?}");
    // A first guess at the form of a write may be wrong: then there are two.
    let most = 2 * PROCESSES * writes_in(seconds) + fleet.late();
    assert!(writes <= most, "{writes} writes in {seconds} s");
}
