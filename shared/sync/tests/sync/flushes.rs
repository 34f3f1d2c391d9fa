//! The authorizer's results that API Gateway keeps go at once, and once more when no authorizer
//! remembers the key.

use std::time::Duration;

use latchkey_domain::{Key, StageSelector};
use latchkey_fake_gateway::Failure;
use latchkey_store::NativeObject;
use tokio::time::sleep;

use crate::world::{World, key};

fn flush() -> NativeObject {
    NativeObject::Flush(key().id)
}

impl World {
    /// Switches the key on or off, with a flush of these stages.
    async fn switch(&self, stages: &[&str]) {
        let before = self.store.key(key().id).await.unwrap().unwrap();
        let after = Key {
            enabled: !before.key.enabled,
            revision: before.key.revision + 1,
            ..before.key.clone()
        };
        let stages = stages.iter().map(|stage| StageSelector::new("a1", stage));
        let stages: Vec<StageSelector> = stages.map(Result::unwrap).collect();
        let change = self.change();
        let updated = self.store.update_key(&before, &after, &stages, &change);
        updated.await.unwrap();
    }

    fn flushed(&self) -> usize {
        self.fake.flushes().len()
    }

    async fn wait(&self) -> i64 {
        let native = self.native(&flush()).await;
        native.due.duration_since(self.now()).as_secs()
    }
}

#[tokio::test(start_paused = true)]
async fn each_stage_is_flushed_twice() {
    let world = World::in_step().await;
    world.switch(&["prod", "dev"]).await;
    world.sync.first(&[flush()]).await.unwrap();
    assert_eq!((world.flushed(), world.wait().await), (2, 12));
    sleep(Duration::from_secs(12)).await;
    world.attempt(&flush()).await;
    assert_eq!(world.flushed(), 4);
    assert!(world.store.native(&flush()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn where_the_request_died_the_first_flush_is_the_reconciler_s_and_the_last_is_not_forgotten()
{
    let world = World::in_step().await;
    world.switch(&["prod"]).await;
    sleep(Duration::from_secs(31)).await;
    world.attempt(&flush()).await;
    assert_eq!((world.flushed(), world.wait().await), (1, 12));
}

#[tokio::test(start_paused = true)]
async fn a_failed_first_flush_leaves_the_last_where_it_is() {
    let world = World::in_step().await;
    world.switch(&["prod"]).await;
    let operation = "FlushStageAuthorizersCache";
    world.fake.fail_next(operation, Failure::Throttled);
    world.sync.first(&[flush()]).await.unwrap();
    assert_eq!((world.flushed(), world.wait().await), (0, 12));
    sleep(Duration::from_secs(12)).await;
    // And a failed last one is made again.
    world.fake.fail_next(operation, Failure::Fault);
    world.attempt(&flush()).await;
    assert!(world.wait().await > 0);
    sleep(Duration::from_secs(60)).await;
    world.attempt(&flush()).await;
    assert_eq!(world.flushed(), 1);
    assert!(world.store.native(&flush()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_was_just_flushed_is_not_flushed_at_once_again() {
    let world = World::in_step().await;
    world.switch(&["prod"]).await;
    world.sync.first(&[flush()]).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    world.switch(&["prod"]).await;
    world.sync.first(&[flush()]).await.unwrap();
    assert_eq!(world.flushed(), 1);
    assert_eq!(world.wait().await, 12, "but once more later");
    sleep(Duration::from_secs(12)).await;
    world.attempt(&flush()).await;
    assert_eq!(world.flushed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_gone_needs_no_flush() {
    let world = World::in_step().await;
    world.fake.drop_stage("a1", "dev");
    world.switch(&["dev"]).await;
    world.sync.first(&[flush()]).await.unwrap();
    assert_eq!(world.wait().await, 12);
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_api_gateway_refuses_is_given_up_when_nothing_is_kept_any_more() {
    let world = World::in_step().await;
    world.switch(&["prod", "dev"]).await;
    let changed = world.now();
    let refused = || Failure::AccessDenied("apigateway:DELETE is missing".to_owned());
    world.fake.fail_all(Some(refused()));
    world.sync.first(&[flush()]).await.unwrap();
    let mut attempts = 1;
    while world.store.native(&flush()).await.unwrap().is_some() {
        let wait = u64::try_from(world.wait().await).unwrap();
        sleep(Duration::from_secs(wait)).await;
        // Reading what is there is nobody's refusal.
        world.fake.fail_all(None);
        let inventory = world.inventory().await;
        world.fake.fail_all(Some(refused()));
        world.attempt_with(&flush(), &inventory).await;
        attempts += 1;
    }
    assert_eq!(attempts, 8);
    let after = world.now().duration_since(changed).as_secs();
    assert!(after > 3_600, "{after} s");
    assert_eq!(world.flushed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_has_no_answer_is_not_given_up_and_keeps_no_other_stage_back() {
    let world = World::in_step().await;
    world.switch(&["prod", "dev"]).await;
    world.sync.first(&[flush()]).await.unwrap();
    let operation = "FlushStageAuthorizersCache";
    for flushed in 3..15 {
        sleep(Duration::from_secs(3_600)).await;
        world.fake.fail_next(operation, Failure::Fault);
        world.attempt(&flush()).await;
        assert_eq!(world.flushed(), flushed, "one of two");
    }
    sleep(Duration::from_secs(3_600)).await;
    world.attempt(&flush()).await;
    assert!(world.store.native(&flush()).await.unwrap().is_none());
}
