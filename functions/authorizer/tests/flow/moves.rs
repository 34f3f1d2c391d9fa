//! A key that goes to another plan, or off its plan, while it is remembered.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use latchkey_authorizer::Authorizer;
use latchkey_domain::{KeyId, Plan, PlanId, Reason};
use latchkey_store::Store;
use tokio::task::yield_now;

use crate::world::{World, answer, authorizer, call, change, key_on, keyed, plan, twin};

/// What is remembered of keys is remembered for the whole test.
const LONG: [(&str, &str); 1] = [("KEY_CACHE_SECONDS", "300")];

async fn moved(store: &Store, id: KeyId, from: &Plan, to: &Plan) {
    let record = store.key(id).await.unwrap().unwrap();
    store
        .move_key(&record, (from, to), &twin(), &[], &change())
        .await
        .unwrap();
}

/// Units charged to the key on each plan.
async fn used(store: &Store, id: KeyId) -> BTreeMap<PlanId, i64> {
    let meters = store.key_snapshot(id).await.unwrap().unwrap().meters;
    let units = |days: BTreeMap<_, i64>| days.into_values().sum();
    meters
        .into_iter()
        .map(|(plan, meter)| (plan, units(meter.days)))
        .collect()
}

#[tokio::test]
async fn a_move_between_two_calls_refuses_no_call() {
    let world = World::new(&LONG).await;
    let (silver, gold) = (plan("silver", Some(10)), plan("gold", Some(100)));
    let value = keyed(&world, &silver, 1).await;
    world.store.create_plan(&gold, &change()).await.unwrap();
    let id = value.presented().id;
    // Both plans and the key are warm here; another instance has seen nothing yet.
    let others = authorizer(&world.store, &world.time, &LONG).await;
    for (from, to) in [(&silver, &gold), (&gold, &silver), (&silver, &gold)] {
        let before = answer(&world.call(value.expose()).await);
        assert_eq!(before["context"]["planId"], from.id.as_str());
        call(&others, value.expose(), "a1", "prod").await;
        moved(&world.store, id, from, to).await;
        for authorizer in [&world.authorizer, &others] {
            let after = call(authorizer, value.expose(), "a1", "prod").await;
            assert_eq!(after.log.reason, None);
            assert_eq!(answer(&after)["context"]["planId"], to.id.as_str());
        }
    }
    let used = used(&world.store, id).await;
    assert_eq!((used[&silver.id], used[&gold.id]), (6, 6));
}

#[tokio::test]
async fn a_detached_key_costs_one_read_and_then_nothing() {
    let world = World::new(&LONG).await;
    let gold = plan("gold", None);
    let value = keyed(&world, &gold, 2).await;
    assert_eq!(world.reason(value.expose()).await, None);
    let record = world.store.key(value.presented().id).await.unwrap();
    world
        .store
        .detach(&record.unwrap(), &gold, &[], &change())
        .await
        .unwrap();
    for _ in 0..2 {
        let refused = world.reason(value.expose()).await;
        assert_eq!(refused, Some(Reason::NoUsagePlan));
    }
    // What is known now is that it is on no plan: nothing is asked for until that is old.
    let record = world.store.key(value.presented().id).await.unwrap();
    world
        .store
        .attach(&record.unwrap(), &gold, &twin(), &change())
        .await
        .unwrap();
    let refused = world.reason(value.expose()).await;
    assert_eq!(refused, Some(Reason::NoUsagePlan));
    world.pass(300);
    assert_eq!(world.reason(value.expose()).await, None);
}

#[tokio::test]
async fn a_key_moved_off_a_plan_that_is_gone_passes_and_a_deleted_one_is_unknown() {
    let world = World::new(&LONG).await;
    let (silver, gold) = (plan("silver", None), plan("gold", None));
    let value = keyed(&world, &silver, 3).await;
    world.store.create_plan(&gold, &change()).await.unwrap();
    assert_eq!(world.reason(value.expose()).await, None);
    moved(&world.store, value.presented().id, &silver, &gold).await;
    world.store.delete_plan(&silver, &change()).await.unwrap();
    world.pass(31);
    assert_eq!(
        world.reason(value.expose()).await,
        None,
        "silver was read again"
    );
    let record = world
        .store
        .key(value.presented().id)
        .await
        .unwrap()
        .unwrap();
    world
        .store
        .delete_key(&record, &[&gold], &[], &change())
        .await
        .unwrap();
    assert_eq!(world.reason(value.expose()).await, Some(Reason::UnknownKey));
}

/// Calls with a key, one after the other, until the moves are over.
async fn caller(
    authorizer: Arc<Authorizer>,
    value: String,
    over: Arc<AtomicBool>,
) -> Result<i64, Option<Reason>> {
    let mut admitted = 0;
    while !over.load(Ordering::SeqCst) {
        let handled = call(&authorizer, &value, "a1", "prod").await;
        if !handled.log.allowed {
            return Err(handled.log.reason);
        }
        admitted += 1;
        yield_now().await;
    }
    Ok(admitted)
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_moved_back_and_forth_under_load_are_refused_no_call() {
    const KEYS: u8 = 4;
    const MOVES: usize = 60;
    let world = World::new(&LONG).await;
    let plans = [plan("silver", Some(1_000_000)), plan("gold", None)];
    for plan in &plans {
        world.store.create_plan(plan, &change()).await.unwrap();
    }
    let over = Arc::new(AtomicBool::new(false));
    let time = Arc::new(AtomicI64::new(world.time.load(Ordering::SeqCst)));
    let mut keys = Vec::new();
    let mut callers = Vec::new();
    let instances = [
        Arc::new(authorizer(&world.store, &time, &LONG).await),
        Arc::new(authorizer(&world.store, &time, &LONG).await),
    ];
    for seed in 0..KEYS {
        let value = key_on(&world, &plans[0], seed).await;
        keys.push(value.presented().id);
        for instance in &instances {
            let called = caller(instance.clone(), value.expose().to_owned(), over.clone());
            callers.push((keys.len() - 1, tokio::spawn(called)));
        }
    }
    for number in 0..MOVES {
        let [first, second] = &plans;
        let (from, to) = match (number / keys.len()) % 2 {
            0 => (first, second),
            _ => (second, first),
        };
        moved(&world.store, keys[number % keys.len()], from, to).await;
    }
    over.store(true, Ordering::SeqCst);
    let mut admitted = vec![0; keys.len()];
    for (at, called) in callers {
        admitted[at] += called.await.unwrap().unwrap();
    }
    for instance in &instances {
        instance.give_back(Duration::from_secs(10)).await;
    }
    for (at, id) in keys.into_iter().enumerate() {
        let used = used(&world.store, id).await;
        assert_eq!(used.values().sum::<i64>(), admitted[at], "{used:?}");
        assert!(
            used.values().all(|units| *units > 0),
            "{used:?}: both were used"
        );
    }
}
