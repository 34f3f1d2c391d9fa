//! Processes that die or are ended while they hold units, and everything at once.

use futures_util::future::join_all;
use latchkey_domain::Throttle;

use crate::{
    faults::{Fault, Faults},
    fleet::Fleet,
    outcome::Outcome,
    quota::{lease_of, quota},
    table::plan,
};

/// A quota that no test uses up.
const LARGE: u64 = 1_000_000;
/// A call that a process has decided on when it dies.
const IN_FLIGHT: i64 = 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_takes_no_more_than_its_lease_with_it() {
    const LIMIT: u64 = 3_072;
    const KILLED: [(usize, u64); 3] = [(0, 400), (1, 900), (2, 1_500)];
    let (fleet, accounts) = Fleet::with(Faults::none(), &plan("gold", quota(LIMIT), None), 1).await;
    let instances = fleet.start_many(8).await;
    let killing = fleet.kill_each(&instances, &KILLED);
    tokio::join!(fleet.use_up(&instances, &accounts), killing);
    for instance in instances {
        fleet.stop(instance).await;
    }
    let books = fleet.close(&accounts[0]).await;
    let lease = lease_of(LIMIT);
    let may_be_unused = books.may_be_unused(lease) + KILLED.len() as i64 * (lease + IN_FLIGHT);
    assert!(books.unused() <= may_be_unused, "{books:?}");
    let gone = fleet.ledger.count(accounts[0].meter_key(), Outcome::Gone);
    assert_eq!(gone, KILLED.len() as u64, "each died while it was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_no_more_than_was_just_used() {
    const CALLS: u32 = 100;
    let (fleet, accounts) = Fleet::with(Faults::none(), &plan("gold", quota(LARGE), None), 1).await;
    let mut most = 0;
    for _ in 0..3 {
        let instance = fleet.start(&[]).await;
        instance.call_times(&accounts[0], CALLS).await;
        fleet.kill(&instance);
        most += i64::from(CALLS);
        let books = fleet.close(&accounts[0]).await;
        let may_be_unused = most + books.may_be_unused(i64::from(CALLS));
        assert!(books.unused() <= may_be_unused, "{books:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_ended_gives_back_what_it_has_and_once() {
    let (fleet, accounts) = Fleet::with(Faults::none(), &plan("gold", quota(LARGE), None), 1).await;
    for faults in [Faults::none(), Faults::always(Fault::Twice)] {
        let instances = fleet.start_many(3).await;
        let calls = instances
            .iter()
            .map(|instance| instance.call_times(&accounts[0], 100));
        join_all(calls).await;
        while fleet.close(&accounts[0]).await.unused() == 0 {
            instances[0].call(&accounts[0]).await;
        }
        fleet.proxy.set(faults);
        for instance in instances {
            fleet.stop(instance).await;
        }
        let books = fleet.close(&accounts[0]).await;
        assert!(books.tally.returned > 0, "{books:?}");
        assert!(
            books.unused() <= books.may_be_unused(lease_of(LARGE)),
            "{books:?}"
        );
        fleet.proxy.set(Faults::none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_no_key_gets_more_than_its_quota() {
    const LIMIT: u64 = 10_240;
    // Each lease is a 64th of what is left at most: nine units at first, one by one at the end.
    const LEFT: u64 = 600;
    const KILLED: [(usize, u64); 2] = [(0, 200), (1, 700)];
    const ENDED: usize = 2;
    let throttle = Throttle::new("3000".parse().unwrap(), Some(300)).ok();
    let plan = plan("gold", quota(LIMIT), throttle);
    let (fleet, mut accounts) = Fleet::with(Faults::of_every_kind(7, 200), &plan, 3).await;
    for account in &mut accounts {
        fleet.table.leave(account, LEFT).await;
    }
    let ended = fleet.start_many(ENDED).await;
    let instances = fleet.start_many(6).await;
    let killing = async {
        fleet.kill_each(&instances, &KILLED).await;
        fleet.terminate(&instances[2]);
    };
    let ending = async {
        for instance in ended {
            instance.call_times(&accounts[0], 60).await;
            fleet.stop(instance).await;
        }
    };
    tokio::join!(fleet.use_up(&instances, &accounts), killing, ending);
    for instance in instances {
        fleet.stop(instance).await;
    }
    let lease = lease_of(LIMIT);
    // A process that is ended may find that what it gives back is lost on the way.
    let ends = ENDED + KILLED.len() + 1;
    let of_ends = ends as i64 * (lease + IN_FLIGHT);
    for account in &accounts {
        let books = fleet.close(account).await;
        assert!(
            books.unused() <= books.may_be_unused(lease) + of_ends,
            "{books:?}"
        );
    }
    let (writes, units) = (
        fleet.proxy.seen().count("UpdateItem"),
        LEFT * accounts.len() as u64,
    );
    assert!(
        writes < units,
        "{writes} writes for {units} units: leases held several"
    );
    let done = fleet.proxy.done();
    for fault in Fault::ALL {
        assert!(
            done.contains_key(&fault),
            "{fault:?} never happened: {done:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_large_leases_the_end_of_a_quota_is_reached_and_not_passed() {
    const LIMIT: u64 = 10_000_000;
    const LEFT: u64 = 3_000;
    // The part of what is left that a lease may be.
    const LEASE: i64 = LEFT as i64 / 64;
    const KILLED: [(usize, u64); 2] = [(0, 600), (1, 1_500)];
    let plan = plan("gold", quota(LIMIT), None);
    let (fleet, mut accounts) = Fleet::with(Faults::of_every_kind(11, 50), &plan, 1).await;
    fleet.table.leave(&mut accounts[0], LEFT).await;
    let instances = fleet.start_many(6).await;
    let killing = async {
        fleet.kill_each(&instances, &KILLED).await;
        fleet.terminate(&instances[2]);
    };
    tokio::join!(fleet.use_up(&instances, &accounts), killing);
    let running = instances.len() as i64;
    for instance in instances {
        fleet.stop(instance).await;
    }
    let books = fleet.close(&accounts[0]).await;
    // What a process gives back at its end may be lost on the way, as what it has when it dies.
    let of_ends = running * (LEASE + IN_FLIGHT);
    assert!(
        books.unused() <= books.may_be_unused(LEASE) + of_ends,
        "{books:?}"
    );
    let writes = fleet.proxy.seen().count("UpdateItem");
    assert!(
        writes * 2 < fleet.ledger.calls(),
        "{writes} writes for {} calls: leases were large",
        fleet.ledger.calls()
    );
}
