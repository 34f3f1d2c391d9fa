//! What is on its way is no drift, and what is another's is nobody's business.

use std::{collections::BTreeMap, time::Duration};

use latchkey_fake_gateway::{FakeKey, FakePlan, Moment};
use latchkey_reconciler::settings::DriftMode;
use latchkey_store::NativeObject;
use tokio::{select, time::sleep};

use crate::{
    scenarios::{Scenario, gold},
    world::{World, plan},
};

async fn scan(world: &World) -> Vec<String> {
    let scanner = world.scanner(DriftMode::Mend);
    let report = Box::pin(world.run(&scanner)).await;
    let drift = world.store.drift().await.unwrap().unwrap();
    assert_eq!(report.drift.unwrap().0, drift.total);
    let findings = drift.findings.iter();
    findings.map(|finding| format!("{finding:?}")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_somebody_is_making_is_left_to_them_wherever_they_are() {
    for scenario in [
        Scenario::CreatePlan,
        Scenario::ChangePlan,
        Scenario::DeletePlan,
        Scenario::AttachInternal,
        Scenario::Detach,
        Scenario::DeleteKey,
        Scenario::HeaderKey,
    ] {
        for n in 1..9 {
            let world = World::new().await;
            Box::pin(scenario.set_up(&world)).await;
            world.fake.stop_after(n, Moment::After);
            let change = Box::pin(scenario.change(&world));
            let stopped = async {
                world.fake.stopped().await;
                // It has been carried out, and its answer is on the way.
                world.fake.stop_after(usize::MAX, Moment::Before);
                let found = scan(&world).await;
                assert!(found.is_empty(), "{scenario:?}, call {n}: {found:?}");
            };
            let done = select! {
                biased;
                () = change => true,
                () = stopped => false,
            };
            if done {
                break;
            }
            sleep(Duration::from_secs(60)).await;
            world.settle().await;
            world.assert_in_step(&format!("{scenario:?}, {n}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_table_made_or_nobody_is_not_touched() {
    let world = World::new().await;
    world.plan(&plan("gold")).await;
    world
        .sync
        .first(&[NativeObject::Plan(gold())])
        .await
        .unwrap();
    let tags = |table: &str, name: &str| {
        let tags = [("latchkey:table", table), (name, "gold")];
        let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
        BTreeMap::from(tags)
    };
    for tags in [
        BTreeMap::new(),
        tags("another", "latchkey:plan"),
        tags("another", "latchkey:key"),
        tags("", "latchkey:plan"),
    ] {
        world.fake.put_plan(FakePlan {
            name: "theirs".into(),
            stages: BTreeMap::from([("a1:dev".into(), BTreeMap::new())]),
            tags: tags.clone(),
            ..FakePlan::default()
        });
        world.fake.put_key(FakeKey {
            name: "theirs".into(),
            tags,
            ..FakeKey::default()
        });
    }
    let before = (world.fake.plans(), world.fake.keys());
    assert_eq!(scan(&world).await, [""; 0]);
    assert_eq!((world.fake.plans(), world.fake.keys()), before);
}
