//! A mending run that dies at any call is gone on from by the next one.

use std::collections::BTreeMap;

use latchkey_fake_gateway::{FakeKey, FakePlan};
use latchkey_reconciler::settings::DriftMode;
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
    let tags = |name: &str, id: String| {
        let tags = [("latchkey:table", TABLE.to_owned()), (name, id)];
        BTreeMap::from(tags.map(|(name, value)| (name.to_owned(), value)))
    };
    world.fake.put_plan(FakePlan {
        stages: BTreeMap::from([("a1:dev".to_owned(), BTreeMap::new())]),
        tags: tags("latchkey:plan", "silver".to_owned()),
        ..FakePlan::default()
    });
    world.fake.put_key(FakeKey {
        tags: tags("latchkey:key", key(2).id.to_string()),
        ..FakeKey::default()
    });
    world.fake.forget_calls();
    world.dynamo.go_on();
    world
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
