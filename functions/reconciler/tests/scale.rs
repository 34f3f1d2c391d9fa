//! Many keys and plans at AWS's rates, in virtual time.

use std::time::Duration;

use latchkey_domain::PlanId;
use latchkey_fake_gateway::Limits;
use tokio::time::{Instant, sleep};

use crate::world::{RUN, World, key, plan, twin};

/// Keys on plans, each on one: wanted, and tried by nobody.
async fn wanted(limits: Limits, keys: u64, plans: u64) -> World {
    let world = World::with(limits).await;
    let ids: Vec<PlanId> = (0..plans)
        .map(|number| format!("plan{number:02}").parse().unwrap())
        .collect();
    let mut on = Vec::new();
    for id in &ids {
        world.plan(&plan(id.as_str())).await;
        on.push(world.store.plan(id).await.unwrap().unwrap().plan);
    }
    for number in 0..keys {
        let (key, plan) = (key(number + 100), &on[(number % plans) as usize]);
        let (plan, twin, change) = ([plan], twin(key.id), world.change());
        let made = world.store.create_key(&key, &plan, &twin, &change);
        made.await.unwrap();
    }
    sleep(Duration::from_secs(60)).await;
    world
}

/// Runs by the minute until all is in step: how long that took.
async fn brought_in_step(world: &World) -> Duration {
    let (reconciler, start) = (world.reconciler(), Instant::now());
    for minute in 0..60 {
        let next = start + Duration::from_secs(60 * minute);
        tokio::time::sleep_until(next).await;
        Box::pin(reconciler.run(Instant::now() + RUN))
            .await
            .unwrap();
        if world.pending().await.is_empty() {
            return start.elapsed();
        }
    }
    panic!("not in an hour: {:?}", world.pending().await);
}

async fn conflicts(keys: u64, plans: u64, share: f64, seed: u64) -> Duration {
    let limits = Limits {
        conflicts: share,
        seed,
        ..Limits::default()
    };
    let world = wanted(limits, keys, plans).await;
    let took = Box::pin(brought_in_step(&world)).await;
    world.assert_in_step(&format!("seed {seed}")).await;
    let (keys, plans) = (world.fake.keys().len(), world.fake.plans().len());
    println!(
        "{keys} keys on {plans} plans, conflicts in {share} of the calls: in step after {took:?}, {} calls",
        world.fake.calls().len()
    );
    took
}

#[tokio::test(start_paused = true)]
async fn twelve_hundred_keys_on_fifty_plans_in_spite_of_conflicts() {
    let took = conflicts(1_203, 51, 0.02, 1).await;
    assert!(took < Duration::from_secs(600), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn whatever_meets_a_conflict() {
    for (seed, share) in (2..).zip([0.1, 0.3, 0.5, 0.7]) {
        let took = Box::pin(conflicts(40, 5, share, seed)).await;
        assert!(took < Duration::from_secs(600), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_keys_on_one_plan_as_fast_as_aws_makes_keys() {
    let world = wanted(Limits::default(), 1_000, 1).await;
    let took = Box::pin(brought_in_step(&world)).await;
    println!(
        "1,000 keys on one plan: in step after {took:?}, {} calls",
        world.fake.calls().len()
    );
    world.assert_in_step("a thousand").await;
    // 1,000 CreateApiKey calls at 5 a second, and a little.
    assert!(took < Duration::from_secs(215), "{took:?}");
    let throttled = world.fake.calls().into_iter();
    let throttled = throttled.filter(|call| call.status == Some(429)).count();
    assert!(throttled <= 2, "{throttled} calls came too fast");
}
