//! How many calls of the control plane a change makes, and who makes them.

use std::time::Duration;

use latchkey_reconciler::{Left, Outcome};
use latchkey_store::NativeObject;
use tokio::{
    join,
    time::{Instant, sleep},
};

use crate::{
    scenarios::{Scenario, gold},
    world::{RUN, World, key, plan},
};

impl World {
    fn operations(&self) -> Vec<&'static str> {
        let calls = self.fake.calls();
        calls.iter().map(|call| call.operation).collect()
    }

    fn calls_of(&self, operation: &str) -> usize {
        let operations = self.operations();
        operations
            .iter()
            .filter(|called| **called == operation)
            .count()
    }
}

async fn calls_of(scenario: Scenario) -> Vec<&'static str> {
    let world = World::new().await;
    scenario.set_up(&world).await;
    world.fake.forget_calls();
    scenario.change(&world).await;
    if scenario != Scenario::Flush {
        world.assert_in_step("in one attempt").await;
    }
    world.operations()
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_makes_these_calls() {
    for (scenario, calls) in [
        (Scenario::CreatePlan, vec!["CreateUsagePlan"]),
        (
            Scenario::ChangePlan,
            vec!["GetUsagePlan", "UpdateUsagePlan"],
        ),
        (
            Scenario::DeletePlan,
            vec!["GetUsagePlan", "UpdateUsagePlan", "DeleteUsagePlan"],
        ),
        (
            Scenario::AttachInternal,
            vec!["CreateApiKey", "GetRestApi", "CreateUsagePlanKey"],
        ),
        (
            Scenario::AttachAgain,
            vec!["GetRestApi", "CreateUsagePlanKey"],
        ),
        (Scenario::ChangeKey, vec!["GetApiKey", "UpdateApiKey"]),
        (Scenario::Detach, vec!["DeleteUsagePlanKey"]),
        (Scenario::DeleteKey, vec!["DeleteApiKey"]),
        (
            Scenario::HeaderKey,
            vec!["CreateApiKey", "CreateUsagePlanKey"],
        ),
        (
            Scenario::Flush,
            vec![
                "GetApiKey",
                "UpdateApiKey",
                "FlushStageAuthorizersCache",
                "FlushStageAuthorizersCache",
            ],
        ),
    ] {
        assert_eq!(Box::pin(calls_of(scenario)).await, calls, "{scenario:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_due_nothing_is_called() {
    let world = World::new().await;
    let reconciler = world.reconciler();
    world.dynamo.go_on();
    let outcome = reconciler.run(Instant::now() + RUN).await.unwrap();
    assert_eq!(outcome, Outcome::Idle(Left::default()));
    assert_eq!((world.operations().len(), world.dynamo.writes()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_api_gateway_refuses_is_told_by_every_run_though_it_is_tried_once_an_hour() {
    let world = World::new().await;
    world.fake.drop_stage("a1", "prod");
    world.plan(&plan("gold")).await;
    let reconciler = world.reconciler();
    let refused = Left {
        pending: 1,
        failed: 1,
    };
    sleep(Duration::from_secs(60)).await;
    world.run(&reconciler).await;
    let (mut idle, mut attempts) = (0, 0);
    for minute in 0..240 {
        sleep(Duration::from_secs(60)).await;
        match reconciler.run(Instant::now() + RUN).await.unwrap() {
            Outcome::Idle(left) => {
                assert_eq!(left, refused, "minute {minute}");
                idle += 1;
            }
            Outcome::Ran(report) => {
                assert_eq!(report.left, refused, "minute {minute}");
                attempts += 1;
            }
            Outcome::Busy => panic!("nobody else runs"),
        }
    }
    assert!(
        attempts < 20 && idle > 220,
        "{attempts} attempts, {idle} idle"
    );
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_plan_in_quick_succession_are_one_call() {
    let world = World::new().await;
    world.plan(&plan("gold")).await;
    let object = [NativeObject::Plan(gold())];
    world.sync.first(&object).await.unwrap();
    for number in 0..10 {
        let name = format!("Gold {number}").parse().unwrap();
        world.change_plan(&gold(), |plan| plan.name = name).await;
        world.sync.first(&object).await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    world.settle().await;
    world.assert_in_step("merged").await;
    assert_eq!(world.calls_of("UpdateUsagePlan"), 2);
}

#[tokio::test(start_paused = true)]
async fn two_reconcilers_at_once_are_one() {
    let world = World::new().await;
    world.plan(&plan("gold")).await;
    for number in 1..=5 {
        world.key(&key(number), &gold()).await;
    }
    sleep(Duration::from_secs(60)).await;
    let (one, other) = (world.reconciler(), world.reconciler());
    let deadline = Instant::now() + RUN;
    let (one, other) = join!(Box::pin(one.run(deadline)), Box::pin(other.run(deadline)));
    let mut outcomes = [one.unwrap(), other.unwrap()];
    outcomes.sort_by_key(|outcome| matches!(outcome, Outcome::Ran(_)));
    assert_eq!(outcomes[0], Outcome::Busy);
    let Outcome::Ran(report) = &outcomes[1] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(
        (report.attempts, report.left.pending, report.faults),
        (11, 0, 0)
    );
    assert_eq!(report.calls, world.operations().len() as u64);
    world.assert_in_step("by one").await;
    let calls = ["CreateUsagePlan", "CreateApiKey", "CreateUsagePlanKey"];
    assert_eq!(calls.map(|name| world.calls_of(name)), [1, 5, 5]);
}

#[tokio::test(start_paused = true)]
async fn what_is_throttled_at_the_deadline_is_the_next_run_s() {
    let world = World::new().await;
    let mut objects = Vec::new();
    for number in 0..20 {
        let plan = plan(&format!("plan{number:02}"));
        world.plan(&plan).await;
        objects.push(NativeObject::Plan(plan.id));
    }
    world.sync.first(&objects).await.unwrap();
    for number in 0..20 {
        let id = format!("plan{number:02}").parse().unwrap();
        world.change_plan(&id, |plan| plan.quota = None).await;
    }
    sleep(Duration::from_secs(60)).await;
    let (reconciler, start) = (world.reconciler(), Instant::now());
    // Between two turns.
    let time = Duration::from_secs(273);
    let outcome = Box::pin(reconciler.run(start + time)).await.unwrap();
    assert!(start.elapsed() <= time, "{:?}", start.elapsed());
    let Outcome::Ran(report) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(report.left.pending, 6, "14 turns: {report:?}");
    assert!(report.attempts <= 14 + 3 * 6, "{report:?}");
    world.settle().await;
    world.assert_in_step("in two runs").await;
}

#[tokio::test(start_paused = true)]
async fn plans_that_wait_for_their_turns_hold_up_no_key() {
    let world = World::new().await;
    for id in ["gold", "silver", "bronze"] {
        world.plan(&plan(id)).await;
        let id = id.parse().unwrap();
        world.sync.first(&[NativeObject::Plan(id)]).await.unwrap();
    }
    sleep(Duration::from_secs(60)).await;
    for id in ["gold", "silver", "bronze"] {
        let id = id.parse().unwrap();
        world.change_plan(&id, |plan| plan.quota = None).await;
    }
    sleep(Duration::from_secs(31)).await;
    let (reconciler, start) = (world.reconciler(), Instant::now());
    let late = async {
        // While the second plan waits.
        sleep(Duration::from_secs(2)).await;
        world.key(&key(1), &gold()).await;
        sleep(Duration::from_secs(36)).await;
        (world.pending().await.len(), start.elapsed())
    };
    let (report, (pending, elapsed)) = join!(Box::pin(world.run(&reconciler)), late);
    assert_eq!(report.left.pending, 0);
    assert!(elapsed < Duration::from_secs(40), "{elapsed:?}");
    assert_eq!(pending, 1, "the third plan alone");
    world.assert_in_step("beside each other").await;
}
