//! A usage plan that was there before Latchkey goes only where that takes nothing from keys
//! that Latchkey does not have.

use std::{collections::BTreeMap, time::Duration};

use latchkey_fake_gateway::{FakeKey, FakePlan};
use tokio::time::sleep;

use crate::world::{World, of_plan, plan};

#[tokio::test(start_paused = true)]
async fn a_plan_that_was_taken_over_stays_while_keys_of_others_are_on_it() {
    let world = World::empty().await;
    let id = world.fake.put_plan(FakePlan {
        name: "Gold".to_owned(),
        stages: BTreeMap::from([("a1:prod".to_owned(), BTreeMap::new())]),
        ..FakePlan::default()
    });
    let theirs = world.fake.put_key(FakeKey::default());
    world.fake.attach(&id, &theirs);
    let (gold, change) = (plan(), world.change());
    let adopted = world.store.adopt_plan(&gold, &id, &change);
    adopted.await.unwrap();
    let before = world.fake.plans();
    let change = world.change();
    world.store.delete_plan(&gold, &change).await.unwrap();

    world.sync.first(&[of_plan()]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.fake.plans(), before);
        let native = world.native(&of_plan()).await;
        assert_eq!(native.state.as_str(), "failed");
        assert_eq!(
            native.reason.unwrap(),
            "keys that Latchkey does not have are on it: take them off there first"
        );
        sleep(Duration::from_secs(3_600)).await;
        world.attempt(&of_plan()).await;
    }
    world.fake.detach(&id, &theirs);
    sleep(Duration::from_secs(3_600)).await;
    world.attempt(&of_plan()).await;
    assert!(world.fake.plans().is_empty());
    assert!(world.store.native(&of_plan()).await.unwrap().is_none());
}
