//! A mending run that dies at any call, or has no time, is gone on from by a later one.

use std::{collections::BTreeMap, time::Duration};

use latchkey_fake_gateway::{FakeKey, FakePlan, Limits};
use latchkey_gateway::Gateway;
use latchkey_reconciler::{
    Left, Outcome, Reconciler,
    settings::{DriftMode, Rules},
};
use latchkey_store::NativeObject;
use tokio::time::{Instant, sleep};

use crate::{
    scenarios::gold,
    stops::changing_stops,
    world::{RUN, TABLE, World, key, plan, stage},
};

/// The plan is gone, the key on it is another and on a plan too many, and there are two things
/// that nothing wants.
async fn drifted() -> World {
    let world = World::new().await;
    world.plan(&plan("gold")).await;
    world.key(&key(1), &gold()).await;
    let objects = [
        NativeObject::Plan(gold()),
        NativeObject::Key(key(1).id),
        NativeObject::PlanKey(key(1).id, gold()),
    ];
    world.sync.first(&objects).await.unwrap();
    for id in world.fake.plans().into_keys() {
        world.fake.delete_plan(&id);
    }
    let mut bronze = plan("bronze");
    bronze.stages = vec![stage("a2", "prod")];
    world.plan(&bronze).await;
    let bronze = NativeObject::Plan(bronze.id);
    world.sync.first(&[bronze]).await.unwrap();
    let bronze: Vec<String> = world.fake.plans().into_keys().collect();
    for id in world.fake.keys().into_keys() {
        world.fake.rename_key(&id, "another");
        for plan in &bronze {
            world.fake.attach(plan, &id);
        }
    }
    world.fake.put_plan(unwanted_plan("silver"));
    world.fake.put_key(unwanted_key(2));
    world.fake.forget_calls();
    world.dynamo.go_on();
    world
}

fn tags(name: &str, id: String) -> BTreeMap<String, String> {
    let tags = [("latchkey:table", TABLE.to_owned()), (name, id)];
    BTreeMap::from(tags.map(|(name, value)| (name.to_owned(), value)))
}

fn unwanted_plan(id: &str) -> FakePlan {
    FakePlan {
        stages: BTreeMap::from([("a1:dev".to_owned(), BTreeMap::new())]),
        tags: tags("latchkey:plan", id.to_owned()),
        ..FakePlan::default()
    }
}

fn unwanted_key(number: u64) -> FakeKey {
    FakeKey {
        tags: tags("latchkey:key", key(number).id.to_string()),
        ..FakeKey::default()
    }
}

async fn mend(world: &World) {
    let scanner = world.scanner(DriftMode::Mend);
    scanner.run(Instant::now() + RUN).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn wherever_a_mending_run_dies_the_next_one_goes_on() {
    let whole = drifted().await;
    Box::pin(mend(&whole)).await;
    whole.assert_in_step("in one run").await;
    assert_eq!(whole.mends().await.len(), 5);
    for stop in changing_stops(&whole) {
        let world = drifted().await;
        assert!(world.dies(Some(stop), mend(&world)).await, "{stop:?}");
        sleep(2 * RUN).await;
        Box::pin(mend(&world)).await;
        world.assert_in_step(&format!("{stop:?}")).await;
        // Whatever was done was audited before.
        let mut mended: Vec<String> = world.mends().await;
        mended.sort();
        mended.dedup();
        assert_eq!(mended.len(), 5, "{stop:?}: {mended:?}");
    }
}

/// One that compares every quarter of an hour, as it is by default; the first is due.
async fn by_default(world: &World) -> Reconciler {
    sleep(Duration::from_secs(900)).await;
    let gateway = Gateway::new(&world.fake.client());
    let (store, clock) = (world.store.clone(), world.clock.clone());
    Reconciler::new(store, gateway, clock, Rules::default(), 1)
}

/// What a run of so many seconds has found and mended; none where it did not compare to the end.
async fn drift(reconciler: &Reconciler, seconds: u64) -> Option<(u64, u64)> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    match Box::pin(reconciler.run(deadline)).await.unwrap() {
        Outcome::Ran(report) => report.drift,
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_has_no_time_to_end_waits_until_the_next_is_due() {
    let world = World::with(Limits::default()).await;
    for number in 0..100 {
        world.fake.put_key(unwanted_key(100 + number));
    }
    let reconciler = by_default(&world).await;
    assert_eq!(drift(&reconciler, 3).await, None);
    assert_eq!(world.store.drift().await.unwrap(), None);
    for _ in 0..14 {
        sleep(Duration::from_secs(60)).await;
        let outcome = reconciler.run(Instant::now() + RUN).await.unwrap();
        assert_eq!(outcome, Outcome::Idle(Left::default()));
    }
    sleep(Duration::from_secs(60)).await;
    assert_eq!(drift(&reconciler, 280).await, Some((100, 100)));
    world.assert_in_step("with time").await;
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_was_not_begun_is_due_in_the_next_run() {
    let world = World::with(Limits::default()).await;
    world.fake.put_key(unwanted_key(1));
    let reconciler = by_default(&world).await;
    assert_eq!(drift(&reconciler, 0).await, None);
    assert!(world.fake.calls().is_empty());
    sleep(Duration::from_secs(60)).await;
    assert_eq!(drift(&reconciler, 280).await, Some((1, 1)));
}

#[tokio::test(start_paused = true)]
async fn what_there_was_no_time_for_is_not_told_as_mended() {
    let world = World::with(Limits::default()).await;
    // AWS lets one usage plan be changed in 20 seconds.
    for id in ["bronze", "gold", "silver"] {
        world.fake.put_plan(unwanted_plan(id));
    }
    let reconciler = by_default(&world).await;
    assert_eq!(drift(&reconciler, 30).await, Some((3, 2)));
    let left = world.fake.plans();
    let kept = world.store.drift().await.unwrap().unwrap();
    let told = kept.findings.iter().filter(|finding| !finding.mended);
    let told: Vec<_> = told.filter_map(|found| found.native_id.clone()).collect();
    assert_eq!(told, left.into_keys().collect::<Vec<_>>());
    sleep(Duration::from_secs(900)).await;
    assert_eq!(drift(&reconciler, 280).await, Some((1, 1)));
    world.assert_in_step("the next one").await;
}
