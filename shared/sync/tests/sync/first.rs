//! The attempt of the request that wants something.

use latchkey_domain::Key;
use latchkey_fake_gateway::{Failure, Source};
use latchkey_store::NativeState;

use crate::world::{
    World, gold, header_key, key, objects, of_key, of_plan, on_plan, plan, twin, value,
};

#[tokio::test(start_paused = true)]
async fn what_is_wanted_is_made_with_the_table_s_tags() {
    let world = World::in_step().await;
    let (plan, key) = world.only();
    assert_eq!(plan.name, "Gold");
    assert_eq!(plan.tags["latchkey:table"], "latchkey-keys");
    assert_eq!(plan.tags["latchkey:plan"], "gold");
    assert_eq!(key.name, "Ann");
    assert_eq!(key.value, twin().expose());
    assert_eq!(key.tags["latchkey:key"], crate::world::key().id.to_string());
    assert!(plan.keys.contains(&key.id));
    let native = world.native(&of_key()).await;
    assert_eq!(native.native_id, Some(key.id));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_step_is_left_alone() {
    let world = World::in_step().await;
    world.sync.first(&objects()).await.unwrap();
    assert_eq!(world.operations(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_was_tried_before_is_the_reconciler_s() {
    let world = World::new().await;
    for operation in ["CreateUsagePlan", "CreateApiKey"] {
        world.fake.fail_next(operation, Failure::AnswerLost);
    }
    world.sync.first(&objects()).await.unwrap();
    let (plans, keys) = (world.fake.plans().len(), world.fake.keys().len());
    assert_eq!((plans, keys), (1, 1), "though nobody knows");
    world.fake.forget_calls();
    world.sync.first(&objects()).await.unwrap();
    // The key on the plan has no id of its own, and waits for theirs.
    assert_eq!(world.operations(), [""; 0]);
    // A change of what may be there is no first attempt at it either.
    let before = world.store.plan(&gold()).await.unwrap().unwrap();
    let mut after = plan();
    after.name = "Golden".parse().unwrap();
    after.version = before.plan.next_version(world.now());
    let updated = world
        .store
        .update_plan(&before, &after, &world.change())
        .await;
    updated.unwrap();
    world.sync.first(&[of_plan()]).await.unwrap();
    assert_eq!(world.operations(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn two_requests_that_want_one_twin_make_one() {
    let world = World::new().await;
    world.sync.first(&[of_plan()]).await.unwrap();
    let (one, other) = (objects(), objects());
    let (one, other) = tokio::join!(
        Box::pin(world.sync.first(&one[1..])),
        Box::pin(world.sync.first(&other[1..]))
    );
    one.unwrap();
    other.unwrap();
    assert_eq!(world.fake.keys().len(), 1);
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    for object in [of_key(), on_plan()] {
        if world.state(&object).await != "inSync" {
            world.attempt(&object).await;
        }
        assert_eq!(world.state(&object).await, "inSync");
    }
    let (plan, key) = world.only();
    assert!(plan.keys.contains(&key.id));
}

#[tokio::test(start_paused = true)]
async fn an_api_that_takes_keys_from_the_header_gets_no_twin() {
    let world = World::new().await;
    world.fake.set_api("a1", Source::Header, &["prod"]);
    world.sync.first(&objects()).await.unwrap();
    let native = world.native(&of_plan()).await;
    assert_eq!(native.state, NativeState::Failed);
    let reason = native.reason.unwrap();
    assert!(reason.contains("apiKeySource HEADER"), "{reason}");
    assert_eq!(world.fake.plans().len(), 0);
    let open = world.sync.header_api(&plan()).await.unwrap();
    assert_eq!(open.as_deref(), Some("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_key_with_its_own_value_is_made_with_it_and_by_nobody_else() {
    let world = World::new().await;
    world.delete_key().await;
    world.make(&header_key()).await;
    world.sync.first(&[of_plan(), of_key()]).await.unwrap();
    assert_eq!(
        world.fake.keys().len(),
        0,
        "only who knows the value makes it"
    );
    let (key, value) = (header_key(), value());
    world.sync.make_header_key(&key, &value).await.unwrap();
    let (_, made) = world.only();
    assert_eq!(made.value, value.expose());
    world.sync.first(&[on_plan()]).await.unwrap();
    assert_eq!(world.state(&on_plan()).await, "inSync");
}

#[tokio::test(start_paused = true)]
async fn a_key_with_its_own_value_that_was_deleted_meanwhile_is_not_made() {
    let world = World::new().await;
    world.delete_key().await;
    world.make(&header_key()).await;
    world.delete_key().await;
    let (key, value) = (header_key(), value());
    world.sync.make_header_key(&key, &value).await.unwrap();
    assert_eq!(world.fake.keys().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_not_made_again_while_somebody_waits() {
    let world = World::in_step().await;
    let (_, found) = world.only();
    world.fake.delete_key(&found.id);
    let before = world.store.key(key().id).await.unwrap().unwrap();
    let after = Key {
        enabled: false,
        revision: before.key.revision + 1,
        ..before.key.clone()
    };
    let change = world.change();
    let updated = world.store.update_key(&before, &after, &[], &change);
    updated.await.unwrap();
    world.sync.first(&[of_key()]).await.unwrap();
    assert_eq!(world.operations(), ["GetApiKey"]);
    let native = world.native(&of_key()).await;
    let reason = "API Gateway has it no longer: it is made again";
    assert_eq!(native.reason.as_deref(), Some(reason));
    assert!(native.due <= world.now(), "at once");
}
