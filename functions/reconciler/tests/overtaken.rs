//! Attempts that meet each other, answers that are lost, things that are deleted by hand: what
//! one attempt at a time does not show.

use std::time::Duration;

use latchkey_domain::Key;
use latchkey_fake_gateway::{Failure, Source};
use latchkey_store::{NativeObject, NativeState};
use tokio::{
    join,
    time::{Instant, sleep},
};

use crate::{
    dynamo::Calls,
    scenarios::{attach, detach, gold},
    world::{World, key, plan, stage},
};

/// A world with key 1 on gold, in step.
async fn in_step() -> World {
    let world = World::new().await;
    world.plan(&plan("gold")).await;
    world.key(&key(1), &gold()).await;
    world.sync.first(&objects()).await.unwrap();
    world.assert_in_step("set up").await;
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

async fn rename(world: &World, name: &str) {
    let before = world.store.key(key(1).id).await.unwrap().unwrap();
    let after = Key {
        name: name.parse().ok(),
        revision: before.key.revision + 1,
        ..before.key.clone()
    };
    let change = world.change();
    let updated = world.store.update_key(&before, &after, &[], &change);
    updated.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_last_call_comes_late_has_the_later_change_tried_again() {
    let world = in_step().await;
    let object = [NativeObject::Key(key(1).id)];
    rename(&world, "second").await;
    // It has read that name when the next request comes, which is faster.
    world.dynamo.hold(2, Calls::All);
    let slow = async { world.sync.first(&object).await.unwrap() };
    let fast = async {
        world.dynamo.stopped().await;
        rename(&world, "third").await;
        world.sync.first(&object).await.unwrap();
        world.dynamo.let_go();
    };
    join!(Box::pin(slow), Box::pin(fast));
    let names: Vec<String> = world
        .fake
        .keys()
        .into_values()
        .map(|key| key.name)
        .collect();
    assert_eq!(names, ["second"], "overtaken");
    let now = world.native(&object[0]).await.unwrap();
    assert_eq!(now.state, NativeState::Pending, "{now:?}");
    world.settle().await;
    world.assert_in_step("the third name").await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_put_on_its_plan_too_late_is_taken_off_again() {
    for wanted_again in [false, true] {
        let world = in_step().await;
        let on = [NativeObject::PlanKey(key(1).id, gold())];
        detach(&world, &gold()).await;
        world.sync.first(&on).await.unwrap();
        world.assert_in_step("off").await;
        attach(&world, &gold()).await;
        // It has read that it is wanted, when a request that is faster takes it off.
        world.dynamo.hold(4, Calls::All);
        let slow = async { world.sync.first(&on).await.unwrap() };
        let fast = async {
            world.dynamo.stopped().await;
            detach(&world, &gold()).await;
            world.sync.first(&on).await.unwrap();
            assert_eq!(world.native(&on[0]).await, None);
            if wanted_again {
                attach(&world, &gold()).await;
                world.sync.first(&on).await.unwrap();
            }
            world.fake.forget_calls();
            world.dynamo.let_go();
        };
        join!(Box::pin(slow), Box::pin(fast));
        let calls = world.fake.calls();
        let put_on = calls
            .iter()
            .any(|call| call.operation == "CreateUsagePlanKey");
        assert!(put_on, "{calls:?}");
        world.settle().await;
        world.assert_in_step(&format!("{wanted_again}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn requests_at_once_end_in_step() {
    let world = in_step().await;
    let one = async {
        rename(&world, "one").await;
        world.sync.first(&objects()).await.unwrap();
    };
    let other = async {
        world
            .change_plan(&gold(), |plan| plan.stages = vec![stage("a2", "prod")])
            .await;
        world.sync.first(&objects()).await.unwrap();
    };
    join!(Box::pin(one), Box::pin(other));
    rename(&world, "two").await;
    let again = async || world.sync.first(&objects()).await.unwrap();
    join!(Box::pin(again()), Box::pin(again()), Box::pin(again()));
    world.settle().await;
    world.assert_in_step("whoever was first").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_made_though_its_answer_was_lost_is_made_once() {
    for operation in ["CreateUsagePlan", "CreateApiKey", "CreateUsagePlanKey"] {
        let world = World::new().await;
        world.plan(&plan("gold")).await;
        world.key(&key(1), &gold()).await;
        // By the request, and then by the reconciler, whose next attempt comes in the same run.
        for _ in 0..3 {
            world.fake.fail_next(operation, Failure::AnswerLost);
        }
        world.sync.first(&objects()).await.unwrap();
        world.settle().await;
        world.assert_in_step(operation).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_run_made_and_heard_nothing_of_is_found_by_its_next_attempt() {
    for again in [false, true] {
        Box::pin(made_and_heard_nothing_of(again)).await;
    }
}

/// For the first time, or `again` after somebody has deleted it.
async fn made_and_heard_nothing_of(again: bool) {
    let world = World::new().await;
    // Their turns make the run long.
    for id in ["silver", "bronze", "tin"] {
        let plan = plan(id);
        world.plan(&plan).await;
        let object = [NativeObject::Plan(plan.id.clone())];
        world.sync.first(&object).await.unwrap();
        world.change_plan(&plan.id, |plan| plan.quota = None).await;
    }
    world.plan(&plan("gold")).await;
    world.key(&key(1), &gold()).await;
    if again {
        world.sync.first(&objects()).await.unwrap();
        for object in &objects()[..2] {
            let native = world.native(object).await.unwrap();
            let id = native.native_id.clone().unwrap();
            world.fake.delete_plan(&id);
            world.fake.delete_key(&id);
            let reopened = world.store.reopen(&native, "deleted", world.now());
            assert!(reopened.await.unwrap());
        }
    }
    for operation in ["CreateUsagePlan", "CreateApiKey", "CreateUsagePlanKey"] {
        world.fake.fail_next(operation, Failure::AnswerLost);
    }
    sleep(Duration::from_secs(60)).await;
    let (reconciler, start) = (world.reconciler(), Instant::now());
    let report = Box::pin(world.run(&reconciler)).await;
    assert!(
        start.elapsed() > Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    for object in &objects()[..2] {
        let native = world.native(object).await.unwrap();
        assert_eq!(native.state, NativeState::InSync, "{object}: {report:?}");
    }
    world.settle().await;
    world.assert_in_step("nothing twice").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_made_again_by_the_next_change_with_all_that_was_on_it() {
    for gone in ["plan", "key"] {
        let world = in_step().await;
        world.key(&key(2), &gold()).await;
        world.settle().await;
        let [of_plan, of_key, _] = objects();
        let id = async |object: &NativeObject| {
            let native = world.native(object).await.unwrap();
            native.native_id.unwrap()
        };
        if gone == "plan" {
            world.fake.delete_plan(&id(&of_plan).await);
            world.change_plan(&gold(), |plan| plan.quota = None).await;
        } else {
            world.fake.delete_key(&id(&of_key).await);
            rename(&world, "second").await;
        }
        world.fake.forget_calls();
        world.sync.first(&objects()).await.unwrap();
        let made = world.fake.calls();
        let made = made.iter().any(|call| call.operation.starts_with("Create"));
        assert!(!made, "a request does not put all keys on a plan again");
        world.settle().await;
        world.assert_in_step(gone).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_put_on_a_plan_that_is_gone_brings_the_plan_back() {
    let world = in_step().await;
    let [of_plan, ..] = objects();
    let id = world.native(&of_plan).await.unwrap().native_id.unwrap();
    world.fake.delete_plan(&id);
    world.key(&key(2), &gold()).await;
    let on = NativeObject::PlanKey(key(2).id, gold());
    let objects = [NativeObject::Key(key(2).id), on.clone()];
    world.sync.first(&objects).await.unwrap();
    let native = world.native(&on).await.unwrap();
    assert_eq!(
        native.reason.unwrap(),
        "waits for its usage plan and its key"
    );
    world.settle().await;
    world.assert_in_step("the plan is back").await;
}

#[tokio::test(start_paused = true)]
async fn a_twin_is_put_on_no_plan_where_its_value_would_open_an_api() {
    let world = World::new().await;
    world.fake.set_api("a1", Source::Header, &["prod"]);
    world.plan(&plan("gold")).await;
    world.key(&key(1), &gold()).await;
    world.sync.first(&objects()).await.unwrap();
    for object in [&objects()[0], &objects()[2]] {
        let native = world.native(object).await.unwrap();
        let reason = native.reason.unwrap();
        assert!(
            native.state == NativeState::Failed || reason.starts_with("waits"),
            "{reason}"
        );
    }
    assert!(world.fake.plans().is_empty());
    world.fake.set_api("a1", Source::Authorizer, &["prod"]);
    world.settle().await;
    world.assert_in_step("it opens nothing").await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_does_not_exist_yet_is_waited_for() {
    let world = World::new().await;
    let mut wanted = plan("gold");
    wanted.stages.push(stage("a1", "later"));
    world.plan(&wanted).await;
    world.sync.first(&objects()[..1]).await.unwrap();
    let native = world.native(&objects()[0]).await.unwrap();
    assert_eq!(native.state, NativeState::Failed);
    assert!(native.reason.unwrap().contains("API stage"));
    world.fake.add_stage("a1", "later");
    world.settle().await;
    world.assert_in_step("the stage is there").await;
}

#[tokio::test(start_paused = true)]
async fn a_first_flush_that_fails_does_not_bring_the_last_one_forward() {
    let world = in_step().await;
    let before = world.store.key(key(1).id).await.unwrap().unwrap();
    let after = Key {
        enabled: false,
        revision: before.key.revision + 1,
        ..before.key.clone()
    };
    let stages = [latchkey_domain::StageSelector::new("a1", "prod").unwrap()];
    let change = world.change();
    let updated = world.store.update_key(&before, &after, &stages, &change);
    updated.await.unwrap();
    world
        .fake
        .fail_next("FlushStageAuthorizersCache", Failure::Throttled);
    let flush = NativeObject::Flush(key(1).id);
    let objects = [NativeObject::Key(key(1).id), flush.clone()];
    world.sync.first(&objects).await.unwrap();
    assert_eq!(world.fake.flushes().len(), 0);
    let native = world.native(&flush).await.unwrap();
    let wait = native.due.duration_since(world.now());
    assert!(
        wait.as_secs() >= 12,
        "an authorizer remembers the key for {wait}"
    );
    sleep(Duration::from_secs(11)).await;
    world
        .reconciler()
        .run(tokio::time::Instant::now() + crate::world::RUN)
        .await
        .unwrap();
    assert_eq!(world.fake.flushes().len(), 0);
    world.settle().await;
    assert_eq!(world.fake.flushes().len(), 1);
}
