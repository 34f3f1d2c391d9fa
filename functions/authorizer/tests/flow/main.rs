//! The flow on a real engine with a clock of the test's own: what is remembered, for how
//! long, and what a call costs in reads and writes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod changes;
mod customers;
mod folding;
mod memory;
mod methods;
mod moves;
mod native;
mod rotation;
mod table;
mod without_store;
mod world;

use std::sync::{Arc, atomic::AtomicI64};

use latchkey_authorizer::DecisionLog;
use latchkey_domain::{KeyValue, Plan, Prefix, RANDOM_BYTES, Reason, Throttle};
use latchkey_store::{Patience, Store};

use world::{
    NOON, TABLE, World, answer, authorizer, call, change, key, key_on, keyed, plan, record, twin,
    value,
};

#[tokio::test]
async fn a_new_key_works_on_its_first_call_and_its_context_says_what_is_left() {
    let world = World::new(&[]).await;
    let value = keyed(&world, &plan("gold", Some(2)), 1).await;
    let first = answer(&world.call(value.expose()).await);
    assert_eq!(first["context"]["quotaRemaining"], "1");
    assert_eq!(first["context"]["keyId"], value.presented().id.to_string());
    assert_eq!(world.reason(value.expose()).await, None);
    let refused = world.call(value.expose()).await;
    let context = answer(&refused)["context"].clone();
    assert_eq!(refused.log.reason, Some(Reason::QuotaExceeded));
    assert_eq!(context["retryAfter"], (12 * 3_600).to_string());
    world.pass(12 * 3_600);
    assert_eq!(world.reason(value.expose()).await, None, "a new day");
}

#[tokio::test]
async fn a_disabled_key_stops_within_the_documented_time() {
    let world = World::new(&[("KEY_CACHE_SECONDS", "10")]).await;
    let value = keyed(&world, &plan("gold", None), 2).await;
    assert_eq!(world.reason(value.expose()).await, None);
    let before = world
        .store
        .key(value.presented().id)
        .await
        .unwrap()
        .unwrap();
    let mut after = before.key.clone();
    (after.enabled, after.revision) = (false, 2);
    world
        .store
        .update_key(&before, &after, &[], &change())
        .await
        .unwrap();
    world.pass(9);
    assert_eq!(
        world.reason(value.expose()).await,
        None,
        "it was read 9 seconds ago"
    );
    world.pass(1);
    assert_eq!(
        world.reason(value.expose()).await,
        Some(Reason::KeyDisabled)
    );
}

#[tokio::test]
async fn with_a_cache_of_0_seconds_it_stops_at_once() {
    let world = World::new(&[("KEY_CACHE_SECONDS", "0")]).await;
    let value = keyed(&world, &plan("gold", None), 3).await;
    assert_eq!(world.reason(value.expose()).await, None);
    let record = world
        .store
        .key(value.presented().id)
        .await
        .unwrap()
        .unwrap();
    world
        .store
        .delete_key(&record, &[&plan("gold", None)], &[], &change())
        .await
        .unwrap();
    assert_eq!(world.reason(value.expose()).await, Some(Reason::UnknownKey));
}

#[tokio::test]
async fn a_detached_key_is_refused_at_once_though_it_is_remembered() {
    let world = World::new(&[]).await;
    let gold = plan("gold", None);
    let value = keyed(&world, &gold, 4).await;
    assert_eq!(world.reason(value.expose()).await, None);
    let record = world
        .store
        .key(value.presented().id)
        .await
        .unwrap()
        .unwrap();
    world
        .store
        .detach(&record, &gold, &[], &change())
        .await
        .unwrap();
    assert_eq!(
        world.reason(value.expose()).await,
        Some(Reason::NoUsagePlan),
        "the meter is a tombstone"
    );
}

#[tokio::test]
async fn an_unknown_id_is_remembered_for_5_seconds() {
    let world = World::new(&[("KEY_CACHE_SECONDS", "60")]).await;
    let value = value(5);
    let gold = plan("gold", None);
    world.store.create_plan(&gold, &change()).await.unwrap();
    assert_eq!(world.reason(value.expose()).await, Some(Reason::UnknownKey));
    world
        .store
        .create_key(&key(&value), &[&gold], &twin(), &change())
        .await
        .unwrap();
    world.pass(4);
    assert_eq!(world.reason(value.expose()).await, Some(Reason::UnknownKey));
    world.pass(1);
    assert_eq!(world.reason(value.expose()).await, None);
}

#[tokio::test]
async fn a_wrong_secret_for_a_real_id_is_an_unknown_key_and_learns_nothing() {
    let world = World::new(&[("DENY_FOR", "all")]).await;
    let real = keyed(&world, &plan("gold", None), 6).await;
    let mut random = [9; RANDOM_BYTES];
    random[..16].copy_from_slice(&[6; 16]);
    let forged = KeyValue::generate(&Prefix::default(), &random);
    assert_eq!(forged.presented().id, real.presented().id);
    let (forged, unknown) = (
        world.call(forged.expose()).await,
        world.call(value(7).expose()).await,
    );
    assert_eq!(
        format!("{:?}", forged.answer),
        format!("{:?}", unknown.answer)
    );
    assert_eq!(forged.log.key_id, None);
    assert_eq!(world.reason(real.expose()).await, None);
}

#[tokio::test]
async fn a_key_of_one_stage_is_refused_on_another() {
    let world = World::new(&[]).await;
    let value = keyed(&world, &plan("gold", None), 8).await;
    for (api, stage) in [("a1", "test"), ("a2", "prod")] {
        let refused = call(&world.authorizer, value.expose(), api, stage).await;
        assert_eq!(
            refused.log.reason,
            Some(Reason::NoUsagePlan),
            "{api}/{stage}"
        );
    }
}

#[tokio::test]
async fn a_raised_limit_that_another_instance_charged_under_opens_within_five_seconds() {
    let world = World::new(&[]).await;
    let gold = plan("gold", Some(1));
    let value = keyed(&world, &gold, 10).await;
    assert_eq!(world.reason(value.expose()).await, None);
    assert_eq!(
        world.reason(value.expose()).await,
        Some(Reason::QuotaExceeded)
    );
    let raised = Plan {
        version: gold.version + 1,
        ..plan("gold", Some(5))
    };
    world
        .store
        .update_plan(&record(&gold), &raised, &change())
        .await
        .unwrap();
    let other = authorizer(&world.store, &world.time, &[]).await;
    assert_eq!(
        call(&other, value.expose(), "a1", "prod").await.log.reason,
        None
    );
    assert_eq!(
        world.reason(value.expose()).await,
        Some(Reason::QuotaExceeded),
        "a used-up quota is remembered for a moment"
    );
    world.pass(5);
    assert_eq!(
        world.reason(value.expose()).await,
        None,
        "the meter says that the plan is older"
    );
}

#[tokio::test]
async fn a_lowered_limit_is_seen_within_30_seconds() {
    let world = World::new(&[]).await;
    let gold = plan("gold", Some(100));
    let value = keyed(&world, &gold, 11).await;
    assert_eq!(world.reason(value.expose()).await, None);
    let lowered = Plan {
        version: gold.version + 1,
        ..plan("gold", Some(1))
    };
    world
        .store
        .update_plan(&record(&gold), &lowered, &change())
        .await
        .unwrap();
    world.pass(30);
    assert_eq!(
        world.reason(value.expose()).await,
        Some(Reason::QuotaExceeded)
    );
}

#[tokio::test]
async fn a_store_that_is_silent_gives_unavailable_and_no_policy() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let client = latchkey_store::client_from_environment(|name| match name {
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(endpoint.clone()),
        "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        _ => None,
    });
    let store = Store::new(&client.unwrap(), TABLE, Patience::Call);
    let authorizer = authorizer(&store, &Arc::new(AtomicI64::new(NOON)), &[]).await;
    let handled = call(&authorizer, value(14).expose(), "a1", "prod").await;
    assert_eq!(handled.log.reason, Some(Reason::Unavailable));
    assert_eq!(handled.answer.unwrap_err().to_string(), "Unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_together_let_exactly_the_quota_through() {
    let world = World::new(&[]).await;
    let value = Arc::new(keyed(&world, &plan("gold", Some(60)), 15).await);
    let instances = [
        authorizer(&world.store, &world.time, &[]).await,
        authorizer(&world.store, &world.time, &[]).await,
    ];
    let instances = Arc::new(instances);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (instances, value) = (instances.clone(), value.clone());
            tokio::spawn(async move {
                let mut logs: Vec<DecisionLog> = Vec::new();
                for _ in 0..25 {
                    logs.push(
                        call(&instances[task % 2], value.expose(), "a1", "prod")
                            .await
                            .log,
                    );
                }
                logs
            })
        })
        .collect();
    let mut logs = Vec::new();
    for task in tasks {
        logs.extend(task.await.unwrap());
    }
    assert_eq!(logs.iter().filter(|log| log.allowed).count(), 60);
    assert!(
        logs.iter()
            .all(|log| log.allowed || log.reason == Some(Reason::QuotaExceeded))
    );
}

#[tokio::test]
async fn a_throttled_call_says_when_to_come_back() {
    let world = World::new(&[]).await;
    let throttle = Throttle::new("0.5".parse().unwrap(), Some(1)).ok();
    let value = keyed(
        &world,
        &Plan {
            throttle,
            ..plan("slow", None)
        },
        16,
    )
    .await;
    assert_eq!(world.reason(value.expose()).await, None);
    let refused = world.call(value.expose()).await;
    assert_eq!(refused.log.reason, Some(Reason::Throttled));
    assert_eq!(answer(&refused)["context"]["retryAfter"], "2");
    world.pass(2);
    assert_eq!(world.reason(value.expose()).await, None);
}

/// A plan that is made again under its id goes on after the versions of the one before.
#[tokio::test]
async fn a_plan_deleted_and_made_again_works_on_the_first_call() {
    let world = World::new(&[]).await;
    let gold = plan("gold", Some(9));
    let value = keyed(&world, &gold, 17).await;
    let changed = Plan {
        version: gold.next_version(world.now()),
        ..plan("gold", Some(8))
    };
    let key = async || {
        let found = world.store.key(value.presented().id).await;
        found.unwrap().unwrap()
    };
    world
        .store
        .update_plan(&record(&gold), &changed, &change())
        .await
        .unwrap();
    world.pass(30);
    assert_eq!(world.reason(value.expose()).await, None);
    world
        .store
        .detach(&key().await, &changed, &[], &change())
        .await
        .unwrap();
    world.store.delete_plan(&changed, &change()).await.unwrap();

    world.pass(1);
    let again = Plan {
        created: world.now(),
        version: Plan::new("x".parse().unwrap(), "x".parse().unwrap(), world.now()).version,
        ..plan("gold", Some(7))
    };
    world.store.create_plan(&again, &change()).await.unwrap();
    world
        .store
        .attach(&key().await, &again, &twin(), &change())
        .await
        .unwrap();
    let fresh = authorizer(&world.store, &world.time, &[]).await;
    let first = call(&fresh, value.expose(), "a1", "prod").await;
    assert_eq!(first.log.reason, None, "an instance that has seen neither");
    assert_eq!(first.log.quota_remaining, Some(5), "what was used stands");
    assert_eq!(
        world.reason(value.expose()).await,
        None,
        "an instance that still holds the plan of before"
    );
    let next = key_on(&world, &again, 18).await;
    assert_eq!(world.reason(next.expose()).await, None, "a new key too");
}
