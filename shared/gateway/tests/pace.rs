//! Calls within AWS's rates, in virtual time.

use std::time::Duration;

use latchkey_fake_gateway::{Failure, FakeGateway, FakePlan, Limits, Moment, Rates};
use latchkey_gateway::{Gateway, GatewayError, NativePlan, Pacer, Tags};
use tokio::time::Instant;

use crate::support::{account, bare_plan, new_key, value};

fn paced(fake: &FakeGateway, seconds: u64) -> (Gateway, Pacer) {
    let pacer = Pacer::until(Instant::now() + Duration::from_secs(seconds));
    (Gateway::paced(&fake.client(), pacer.clone()), pacer)
}

/// How often the fake, which counts for itself, had to throttle.
fn throttled(fake: &FakeGateway) -> usize {
    let calls = fake.calls();
    calls.iter().filter(|call| call.status == Some(429)).count()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_keys_come_at_five_a_second_and_none_is_throttled() {
    let fake = account(Limits::default());
    let (gateway, pacer) = paced(&fake, 1_000);
    let plan = gateway
        .create_plan(&bare_plan("x"), &Tags::new())
        .await
        .unwrap();
    let begun = Instant::now();
    for number in 0..1_000 {
        let secret = value(number);
        let id = gateway.create_key(&new_key("k", &secret)).await.unwrap();
        gateway.add_key(&plan, &id).await.unwrap();
    }
    assert_eq!(throttled(&fake), 0);
    assert_eq!(
        (fake.keys().len(), fake.keys_on(plan.as_str()).len()),
        (1_000, 1_000)
    );
    assert_eq!(begun.elapsed().as_secs(), 199, "a key each 200 ms");
    assert_eq!(pacer.counts()["CreateApiKey"], 1_000);
    assert_eq!(pacer.counts()["CreateUsagePlanKey"], 1_000);
    assert!(pacer.throttles().is_empty());
}

#[tokio::test(start_paused = true)]
async fn many_at_once_keep_the_rate_of_all_calls_together() {
    let fake = account(Limits::default());
    let (gateway, _) = paced(&fake, 1_000);
    let begun = Instant::now();
    let tasks: Vec<_> = (0..140)
        .map(|number| {
            let gateway = gateway.clone();
            tokio::spawn(async move {
                match number % 4 {
                    0 => gateway.plans().await.map(drop),
                    1 => {
                        gateway
                            .delete_key(&format!("k{number}").parse().unwrap())
                            .await
                    }
                    2 => gateway.key_source("a1").await.map(drop),
                    _ => {
                        let secret = value(number);
                        gateway.create_key(&new_key("k", &secret)).await.map(drop)
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!((throttled(&fake), fake.calls().len()), (0, 140));
    assert_eq!(
        begun.elapsed().as_millis(),
        10_000,
        "40 at once, then 100 at 10 a second"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_changes_once_in_twenty_seconds_without_holding_up_other_calls() {
    let fake = account(Limits::default());
    let (gateway, _) = paced(&fake, 1_000);
    let ids: Vec<_> = (0..4)
        .map(|_| fake.put_plan(FakePlan::default()).parse().unwrap())
        .collect();
    let begun = Instant::now();
    let rename = NativePlan::default().patches(&bare_plan("new"));
    let changes = async {
        for id in &ids {
            gateway.update_plan(id, &rename).await.unwrap();
        }
        begun.elapsed().as_secs()
    };
    let reads = async {
        for _ in 0..100 {
            gateway.plan(&ids[0]).await.unwrap();
        }
        begun.elapsed().as_secs()
    };
    assert_eq!(tokio::join!(changes, reads), (60, 6));
    assert_eq!(throttled(&fake), 0);
}

#[tokio::test(start_paused = true)]
async fn what_would_begin_after_the_deadline_is_throttled_at_once() {
    let fake = account(Limits::default());
    let (gateway, pacer) = paced(&fake, 30);
    let id = fake.put_plan(FakePlan::default()).parse().unwrap();
    let rename = NativePlan::default().patches(&bare_plan("new"));
    gateway.update_plan(&id, &rename).await.unwrap();
    gateway.update_plan(&id, &rename).await.unwrap();
    let begun = Instant::now();
    let operation = "UpdateUsagePlan";
    let late = Err(GatewayError::Throttled { operation });
    assert_eq!(gateway.update_plan(&id, &rename).await, late);
    assert_eq!((begun.elapsed().as_secs(), fake.calls().len()), (0, 2));
    // The next run in this process remembers the rate.
    let next = pacer.again_until(Instant::now() + Duration::from_secs(30));
    let gateway = Gateway::paced(&fake.client(), next);
    gateway.update_plan(&id, &rename).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 20);
    assert_eq!(pacer.counts()[operation], 3);
}

#[tokio::test(start_paused = true)]
async fn rates_that_somebody_else_has_spent_are_waited_for() {
    let fake = account(Limits::default());
    let other = Gateway::new(&fake.client());
    while other.plans().await.is_ok() {}
    let throttled_before = throttled(&fake);
    let (gateway, pacer) = paced(&fake, 60);
    for _ in 0..20 {
        gateway.plans().await.unwrap();
    }
    let throttles = throttled(&fake) - throttled_before;
    assert!(throttles > 0);
    assert_eq!(pacer.throttles()["GetUsagePlans"], throttles as u64);
    assert_eq!(pacer.counts()["GetUsagePlans"], 20 + throttles as u64);
}

#[tokio::test(start_paused = true)]
async fn throttling_without_end_is_told_at_the_deadline() {
    let fake = account(Limits::default());
    fake.fail_all(Some(Failure::Throttled));
    let (gateway, _) = paced(&fake, 60);
    let begun = Instant::now();
    let operation = "GetUsagePlans";
    let error = gateway.plans().await.unwrap_err();
    assert_eq!(error, GatewayError::Throttled { operation });
    // 1 + 2 + 4 + 8 + 16 + 20 s, and the next would pass the deadline.
    assert_eq!((begun.elapsed().as_secs(), fake.calls().len()), (51, 7));
}

#[tokio::test(start_paused = true)]
async fn another_change_at_the_same_time_is_waited_out_and_an_equal_value_is_not() {
    let fake = account(Limits::default());
    let (gateway, _) = paced(&fake, 600);
    let secret = value(1);
    for _ in 0..6 {
        fake.fail_next("CreateApiKey", Failure::ConcurrentModification);
    }
    gateway.create_key(&new_key("k", &secret)).await.unwrap();
    assert_eq!(fake.calls().len(), 7);
    fake.forget_calls();
    let equal = gateway.create_key(&new_key("k", &secret)).await;
    assert!(
        matches!(equal, Err(GatewayError::Conflict { .. })),
        "{equal:?}"
    );
    assert_eq!(fake.calls().len(), 2);
    fake.forget_calls();
    fake.fail_all(Some(Failure::ConcurrentModification));
    let secret = value(2);
    let busy = gateway.create_key(&new_key("k", &secret)).await;
    assert!(
        matches!(busy, Err(GatewayError::Conflict { .. })),
        "{busy:?}"
    );
    assert_eq!(fake.calls().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn conflicts_at_random_lose_nothing_and_make_nothing_twice() {
    for seed in 0..20 {
        let fake = account(Limits {
            conflicts: 0.2,
            seed,
            ..Limits::default()
        });
        let (gateway, _) = paced(&fake, 10_000);
        let plan = gateway
            .create_plan(&bare_plan("x"), &Tags::new())
            .await
            .unwrap();
        for number in 0..60 {
            let secret = value(number);
            let id = gateway.create_key(&new_key("k", &secret)).await.unwrap();
            gateway.add_key(&plan, &id).await.unwrap();
        }
        assert_eq!((fake.plans().len(), fake.keys().len()), (1, 60));
        assert_eq!(fake.keys_on(plan.as_str()).len(), 60);
        assert_eq!(throttled(&fake), 0, "seed {seed}");
        let conflicts = fake
            .calls()
            .iter()
            .filter(|call| call.status == Some(409))
            .count();
        assert!(conflicts > 0, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_answered_is_repeated_where_a_repeat_does_no_harm() {
    for failure in [Failure::NotSent, Failure::AnswerLost, Failure::Fault] {
        let fake = account(Limits::default());
        let (gateway, _) = paced(&fake, 600);
        let secret = value(1);
        let id = gateway.create_key(&new_key("k", &secret)).await.unwrap();
        for operation in ["DeleteApiKey", "GetApiKeys"] {
            fake.fail_next(operation, failure.clone());
            fake.fail_next(operation, failure.clone());
        }
        gateway.delete_key(&id).await.unwrap();
        let keys = gateway.keys(latchkey_gateway::Values::Hidden, None).await;
        assert_eq!(keys, Ok(Vec::new()));
        fake.forget_calls();
        fake.fail_next("CreateUsagePlan", failure.clone());
        let error = gateway
            .create_plan(&bare_plan("x"), &Tags::new())
            .await
            .unwrap_err();
        assert!(error.may_have_happened());
        assert_eq!(fake.calls().len(), 1, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_put_on_plans_one_at_a_time() {
    let fake = account(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    let (gateway, _) = paced(&fake, 600);
    let plan: latchkey_gateway::NativePlanId = fake.put_plan(FakePlan::default()).parse().unwrap();
    let keys: Vec<latchkey_gateway::NativeKeyId> = (0..2)
        .map(|_| fake.put_key(Default::default()).parse().unwrap())
        .collect();
    // The first is not answered: the second waits until that is known.
    fake.stop_after(1, Moment::After);
    let begun = Instant::now();
    let (first, second) = tokio::join!(
        gateway.add_key(&plan, &keys[0]),
        gateway.add_key(&plan, &keys[1])
    );
    assert!(first.unwrap_err().may_have_happened());
    second.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_the_others_their_turn() {
    let fake = account(Limits::default());
    let (gateway, _) = paced(&fake, 600);
    let id: latchkey_gateway::NativePlanId = fake.put_plan(FakePlan::default()).parse().unwrap();
    let rename = NativePlan::default().patches(&bare_plan("new"));
    gateway.update_plan(&id, &rename).await.unwrap();
    let waiting = gateway.update_plan(&id, &rename);
    tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap_err();
    let begun = Instant::now();
    gateway.update_plan(&id, &rename).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 15);
}
