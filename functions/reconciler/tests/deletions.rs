//! Plans that are being deleted with their attachments: what a request has begun is ended here,
//! also where the reconciler dies, and with no API Gateway at all.

use std::{collections::BTreeMap, time::Duration};

use latchkey_domain::{Enforcement, Plan};
use latchkey_fake_gateway::Moment;
use latchkey_reconciler::Deletions;
use tokio::time::{Instant, sleep};

use crate::{
    dynamo::Calls,
    scenarios::gold,
    stops::Stop,
    world::{RUN, World, key, plan},
};

const MINUTE: Duration = Duration::from_secs(60);

/// A plan with three keys, whose deletion has begun and was left there.
async fn begun(plan: &Plan) -> World {
    let world = World::new().await;
    world.plan(plan).await;
    for number in 1..=3 {
        world.key(&key(number), &plan.id).await;
    }
    world.settle().await;
    let before = world.store.plan(&plan.id).await.unwrap().unwrap();
    let begun = world
        .store
        .begin_deletion(&before, vec![], &world.change())
        .await;
    begun.unwrap();
    world
}

fn ours() -> Plan {
    Plan {
        enforcement: Enforcement::DynamoDb,
        ..plan("gold")
    }
}

impl World {
    async fn assert_gone(&self, case: &str) {
        assert!(self.store.plan(&gold()).await.unwrap().is_none(), "{case}");
        assert_eq!(self.store.deletion(&gold()).await.unwrap(), None, "{case}");
        for number in 1..=3 {
            let record = self.store.key(key(number).id).await.unwrap().unwrap();
            assert!(record.plan_ids.is_empty(), "{case}: key {number}");
        }
        let told = self.told().await;
        let once = ["plan.deleting", "plan.delete"].map(|action| told.get(action).copied());
        assert_eq!(once, [Some(1), Some(1)], "{case}");
        assert_eq!(told["attachment.delete"], 3, "{case}");
    }

    /// How often each action is told by who wanted the deletion.
    async fn told(&self) -> BTreeMap<String, usize> {
        let mut told = BTreeMap::new();
        for item in self.items().await {
            let text = |name: &str| item.get(name).and_then(|text| text.as_s().ok());
            let by = text("principal").is_some_and(|by| by.ends_with(":user/ops"));
            if let Some(action) = text("action").filter(|_| by) {
                *told.entry(action.clone()).or_default() += 1;
            }
        }
        told
    }

    /// Runs by the minute, a few times.
    async fn runs(&self) {
        let reconciler = self.reconciler();
        for _ in 0..3 {
            sleep(MINUTE).await;
            reconciler.run(Instant::now() + RUN).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_request_has_left_is_ended_and_api_gateway_follows() {
    for plan in [ours(), plan("gold")] {
        let world = begun(&plan).await;
        let reconciler = world.reconciler();
        reconciler.run(Instant::now() + RUN).await.unwrap();
        let record = world.store.plan(&gold()).await.unwrap().unwrap();
        assert_eq!(record.keys, 3, "the request has 30 s for its own share");
        world.runs().await;
        world.assert_gone("run").await;
        world.settle().await;
        world.assert_in_step("run").await;
        assert!(world.fake.plans().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn ends_wherever_the_reconciler_dies() {
    let mut stops = 0;
    for moment in [Moment::Before, Moment::After] {
        for n in 1..100 {
            let world = begun(&plan("gold")).await;
            sleep(MINUTE).await;
            let stop = Stop::Dynamo(n, moment, Calls::Writes);
            let died = world
                .dies(Some(stop), async {
                    let reconciler = world.reconciler();
                    reconciler.run(Instant::now() + RUN).await.unwrap();
                })
                .await;
            let case = format!("{stop:?}");
            sleep(2 * RUN).await;
            world.runs().await;
            world.assert_gone(&case).await;
            world.settle().await;
            world.assert_in_step(&case).await;
            if !died {
                break;
            }
            stops += 1;
        }
    }
    assert!(stops > 10, "{stops}");
}

#[tokio::test(start_paused = true)]
async fn without_api_gateway_the_table_s_part_is_done_as_far_as_the_time_goes() {
    let world = begun(&ours()).await;
    let deletions = Deletions::new(world.store.clone(), world.clock.clone(), 1);
    let until = || world.now().checked_add(MINUTE).unwrap();
    sleep(MINUTE).await;
    let over = deletions.run(Instant::now(), until()).await.unwrap();
    assert_eq!(over, 0);
    let record = world.store.plan(&gold()).await.unwrap().unwrap();
    assert_eq!(record.keys, 3, "there was no time");
    let deadline = Instant::now() + MINUTE;
    assert_eq!(deletions.run(deadline, until()).await.unwrap(), 0);
    world.assert_gone("deletions").await;
}

#[tokio::test(start_paused = true)]
async fn two_at_once_end_it_once() {
    let world = begun(&ours()).await;
    sleep(MINUTE).await;
    let all = [1, 2].map(|n| Deletions::new(world.store.clone(), world.clock.clone(), n));
    let until = world.now().checked_add(MINUTE).unwrap();
    let deadline = Instant::now() + MINUTE;
    let [first, second] = &all;
    let (first, second) = tokio::join!(first.run(deadline, until), second.run(deadline, until));
    assert_eq!((first.unwrap(), second.unwrap()), (0, 0));
    world.assert_gone("both").await;
}
