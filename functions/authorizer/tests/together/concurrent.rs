//! Processes that serve several calls at once.

use futures_util::future::join_all;
use latchkey_domain::Throttle;

use crate::{
    faults::Faults,
    fleet::Fleet,
    quota::{lease_of, quota},
    table::plan,
};

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_on_one_process_share_what_it_has_and_no_more() {
    const LIMIT: u64 = 1_500;
    const AT_ONCE: usize = 8;
    let throttle = Throttle::new("2000".parse().unwrap(), Some(500)).ok();
    let plan = plan("gold", quota(LIMIT), throttle);
    let (fleet, accounts) = Fleet::with(Faults::of_every_kind(3, 50), &plan, 1).await;
    let mut instances = Vec::new();
    for _ in 0..2 {
        instances.push(fleet.start_concurrent(AT_ONCE).await);
    }
    let callers: Vec<_> = (0..AT_ONCE)
        .flat_map(|_| instances.iter().cloned())
        .collect();
    fleet.use_up(&callers, &accounts).await;
    drop(callers);
    join_all(instances.into_iter().map(|instance| fleet.stop(instance))).await;
    let books = fleet.close(&accounts[0]).await;
    let may_be_unused = books.may_be_unused(lease_of(LIMIT));
    assert!(books.unused() <= may_be_unused, "{books:?}");
}
