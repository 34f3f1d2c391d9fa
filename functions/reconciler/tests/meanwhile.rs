//! What changes while a run compares, and when the next comparison is due.

use std::time::Duration;

use latchkey_domain::{Key, NativeKeyValue};
use latchkey_fake_gateway::FakeKey;
use latchkey_reconciler::{
    Outcome,
    settings::{DriftMode, Rules},
};
use latchkey_store::NativeObject;
use tokio::{
    select,
    time::{Instant, sleep},
};

use crate::{
    dynamo::Calls,
    scenarios::gold,
    world::{RUN, World, key, plan},
};

async fn in_step() -> World {
    let world = World::new().await;
    world.plan(&plan("gold")).await;
    world.key(&key(1), &gold()).await;
    world.sync.first(&objects()).await.unwrap();
    world
}

fn objects() -> [NativeObject; 3] {
    let (key, plan) = (key(1).id, gold());
    [
        NativeObject::Plan(plan.clone()),
        NativeObject::Key(key),
        NativeObject::PlanKey(key, plan),
    ]
}

/// Compares, and meanwhile, while the answer to its `n`-th call to the table is on its way,
/// makes a change. None where there is no such call, else how much was found.
async fn found_while(
    world: &World,
    (n, calls): (usize, Calls),
    change: impl Future<Output = ()>,
) -> Option<u64> {
    let scanner = world.scanner(DriftMode::Report);
    world.dynamo.hold(n, calls);
    let change = async {
        world.dynamo.stopped().await;
        change.await;
        world.dynamo.let_go();
    };
    let run = scanner.run(Instant::now() + RUN);
    let (mut run, mut change) = (Box::pin(run), Box::pin(change));
    let changed = select! {
        outcome = &mut run => Err(outcome),
        () = &mut change => Ok(()),
    };
    let outcome = match changed {
        Ok(()) => run.await.unwrap(),
        Err(_) => return None,
    };
    match outcome {
        Outcome::Ran(report) => Some(report.drift.unwrap().0),
        // It was before the lock was asked for.
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_while_all_is_compared_is_no_finding() {
    let rename_plan = async |world: &World| {
        let name = "Golden".parse().unwrap();
        world.change_plan(&gold(), |plan| plan.name = name).await;
        world.sync.first(&objects()).await.unwrap();
    };
    let delete_key = async |world: &World| {
        let record = world.store.key(key(1).id).await.unwrap().unwrap();
        let plan = world.store.plan(&gold()).await.unwrap().unwrap().plan;
        let (on, change) = ([&plan], world.change());
        let deleted = world.store.delete_key(&record, &on, &[], &change);
        deleted.await.unwrap();
        world.sync.first(&objects()).await.unwrap();
    };
    let add_key = async |world: &World| {
        world.key(&key(2), &gold()).await;
        let id = key(2).id;
        let objects = [NativeObject::Key(id), NativeObject::PlanKey(id, gold())];
        world.sync.first(&objects).await.unwrap();
    };
    for (case, changes) in [("plan", 0), ("key", 1), ("new key", 2)] {
        let mut n = 0;
        loop {
            n += 1;
            let world = in_step().await;
            let change = async {
                match changes {
                    0 => Box::pin(rename_plan(&world)).await,
                    1 => Box::pin(delete_key(&world)).await,
                    _ => Box::pin(add_key(&world)).await,
                }
            };
            let Some(found) = found_while(&world, (n, Calls::All), change).await else {
                break;
            };
            assert_eq!(found, 0, "{case} changed at call {n}");
        }
        assert!(n > 10, "{case}: {n} calls");
    }
}

/// The call that reads the records of what was found once more: the first one is for the keys.
const SECOND_LOOK: (usize, Calls) = (2, Calls::Of("BatchGetItem"));

#[tokio::test(start_paused = true)]
async fn what_is_gone_by_then_is_no_orphan() {
    let orphan = async |world: &World| {
        let (_, found) = world.fake.keys().into_iter().next().unwrap();
        let mut tags = found.tags;
        tags.insert("latchkey:key".to_owned(), key(5).id.to_string());
        world.fake.put_key(FakeKey {
            id: "orphan".to_owned(),
            tags,
            ..FakeKey::default()
        });
    };
    let world = in_step().await;
    orphan(&world).await;
    let gone = async { world.fake.delete_key("orphan") };
    assert_eq!(found_while(&world, SECOND_LOOK, gone).await, Some(0));
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_over_by_then_is_no_stranger() {
    let foreign = async |world: &World| {
        world.fake.put_key(FakeKey {
            id: "theirs".to_owned(),
            ..FakeKey::default()
        });
        let plan = world.native(&objects()[0]).await.unwrap();
        world.fake.attach(&plan.native_id.unwrap(), "theirs");
    };
    let world = in_step().await;
    foreign(&world).await;
    let adopted = async {
        let theirs = Key {
            native_value: NativeKeyValue::Header,
            ..key(3)
        };
        let (id, change) = (Some("theirs"), world.change());
        let adopted = world.store.adopt_key(&theirs, id, &change);
        adopted.await.unwrap();
    };
    assert_eq!(found_while(&world, SECOND_LOOK, adopted).await, Some(0));
}

#[tokio::test(start_paused = true)]
async fn all_is_compared_once_in_the_time_that_is_set() {
    let world = in_step().await;
    let reconciler = world.reconciler_with(Rules::default());
    let compared = async || match reconciler.run(Instant::now() + RUN).await.unwrap() {
        Outcome::Ran(report) => report.drift.is_some(),
        _ => false,
    };
    sleep(Duration::from_secs(899)).await;
    assert!(!compared().await);
    sleep(Duration::from_secs(1)).await;
    assert!(compared().await);
    assert!(!compared().await);
    sleep(Duration::from_secs(900)).await;
    assert!(compared().await);
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_off_one_plan_before_it_is_put_on_another_of_the_same_stage() {
    let world = in_step().await;
    world.plan(&plan("silver")).await;
    let silver = world.store.plan(&"silver".parse().unwrap()).await;
    let silver = silver.unwrap().unwrap().plan;
    let gold = world.store.plan(&gold()).await.unwrap().unwrap().plan;
    let record = async || world.store.key(key(1).id).await.unwrap().unwrap();
    let change = world.change();
    let detached = world
        .store
        .detach(&record().await, &gold, &[], &change)
        .await;
    detached.unwrap();
    let (twin, change) = (crate::world::twin(key(1).id), world.change());
    let record = record().await;
    let attached = world.store.attach(&record, &silver, &twin, &change).await;
    attached.unwrap();
    sleep(Duration::from_secs(60)).await;
    let reconciler = world.reconciler();
    let report = Box::pin(world.run(&reconciler)).await;
    assert_eq!((report.attempts, report.left.pending), (3, 0), "{report:?}");
    world.assert_in_step("moved").await;
}
