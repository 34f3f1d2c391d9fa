//! A stage that is not there keeps nothing else of its plan back.

use std::time::Duration;

use latchkey_domain::{Plan, PlanStage, StageSelector, Throttle};
use latchkey_fake_gateway::FakePlan;
use tokio::time::sleep;

use crate::world::{World, gold, objects, of_plan, on_plan};

impl World {
    async fn change_plan(&self, edit: impl FnOnce(&mut Plan)) {
        let before = self.store.plan(&gold()).await.unwrap().unwrap();
        let mut after = before.plan.clone();
        edit(&mut after);
        after.version = before.plan.next_version(self.now());
        let change = self.change();
        let updated = self.store.update_plan(&before, &after, &change);
        updated.await.unwrap();
    }

    async fn why(&self) -> String {
        self.native(&of_plan()).await.reason.unwrap()
    }

    async fn retry(&self) {
        sleep(Duration::from_secs(3_600)).await;
        self.attempt(&of_plan()).await;
    }
}

fn stages(plan: &FakePlan) -> Vec<&str> {
    plan.stages.keys().map(String::as_str).collect()
}

fn rate(plan: &FakePlan) -> Option<f64> {
    plan.throttle.map(|throttle| throttle.rate_limit)
}

fn with_dev(plan: &mut Plan) {
    plan.stages.push(PlanStage {
        selector: StageSelector::new("a1", "dev").unwrap(),
        methods: vec![],
    });
}

fn slower(plan: &mut Plan) {
    plan.throttle = Some(Throttle::new("2".parse().unwrap(), Some(2)).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_limit_does_not_wait_for_a_stage_that_is_not_there() {
    let world = World::in_step().await;
    world.change_plan(with_dev).await;
    world.retry().await;
    assert_eq!(world.state(&of_plan()).await, "inSync");

    world.fake.drop_stage("a1", "dev");
    world.change_plan(slower).await;
    sleep(Duration::from_secs(60)).await;
    world.sync.first(&[of_plan()]).await.unwrap();
    assert_eq!(world.state(&of_plan()).await, "failed");
    for _ in 0..3 {
        world.fake.forget_calls();
        world.retry().await;
        let (plan, _) = world.only();
        assert_eq!((rate(&plan), stages(&plan)), (Some(2.0), vec!["a1:prod"]));
        assert_eq!(world.state(&of_plan()).await, "failed");
        assert_eq!(
            world.why().await,
            "UpdateUsagePlan: API Gateway has no such API stage; all but the stages a1:dev is in step"
        );
    }
    let updates = world.operations();
    let updates = updates.iter().filter(|made| **made == "UpdateUsagePlan");
    assert_eq!(updates.count(), 1, "only the stage is missing by now");

    world.fake.add_stage("a1", "dev");
    world.retry().await;
    let (plan, _) = world.only();
    assert_eq!(stages(&plan), ["a1:dev", "a1:prod"]);
    assert_eq!(world.state(&of_plan()).await, "inSync");
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_made_and_has_its_keys_before_its_stages_are_there() {
    let world = World::in_step().await;
    world.change_plan(with_dev).await;
    let (before, key) = world.only();
    world.fake.delete_plan(&before.id);
    world.fake.drop_stage("a1", "dev");
    world.retry().await;
    let (plan, _) = world.only();
    assert_ne!(plan.id, before.id);
    assert_eq!(
        (world.state(&of_plan()).await, stages(&plan).len()),
        ("failed", 0)
    );
    assert_eq!(
        world.why().await,
        "CreateUsagePlan: API Gateway has no such API stage; all but the stages a1:dev, a1:prod is in step"
    );
    assert_eq!(world.state(&on_plan()).await, "pending", "made again");
    world.attempt(&on_plan()).await;
    assert!(world.fake.keys_on(&plan.id).contains(&key.id));

    world.fake.add_stage("a1", "dev");
    world.retry().await;
    let (plan, _) = world.only();
    assert_eq!(stages(&plan), ["a1:dev", "a1:prod"]);
    for object in objects() {
        assert_eq!(world.state(&object).await, "inSync", "{object}");
    }
}
