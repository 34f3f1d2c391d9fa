//! Whose meter it is, what a call costs, and the shortest and the longest period.

use latchkey_domain::{
    CustomerId, Key, KeyValue, MethodTerms, Period, Plan, Quota, Scope, StageSelector, StageTerms,
    Throttle,
    meter::{Meter, Owner},
};

use super::{CALLS, CHARGED, LIMIT, ORDERS, OUT, PLAN, Two, none_left};
use crate::world::{
    World, answer, authorizer, call, call_of, change, key, left, plan, twin, value,
};

const REPORTS: &str = "GET/reports";

/// A key of a customer on a plan that is there.
async fn key_of(world: &World, customer: &CustomerId, plan: &Plan, seed: u8) -> KeyValue {
    let value = value(seed);
    let key = Key {
        customer_id: Some(customer.clone()),
        ..key(&value)
    };
    let made = world
        .store
        .create_key(&key, &[plan], &twin(), &change())
        .await;
    made.unwrap();
    value
}

async fn shared(world: &World, customer: &CustomerId) -> Meter {
    let owner = Owner::Customer(customer.clone());
    let meter = world.store.meter(&owner, &"team".parse().unwrap()).await;
    meter.unwrap().unwrap()
}

#[tokio::test]
async fn two_keys_of_a_customer_share_a_lease_and_its_throttle() {
    let world = World::new(&[]).await;
    let customer: CustomerId = "cus_1".parse().unwrap();
    let team = Plan {
        scope: Scope::Customer,
        throttle: Throttle::new("10".parse().unwrap(), Some(31)).ok(),
        ..plan("team", Some(LIMIT))
    };
    world.store.create_plan(&team, &change()).await.unwrap();
    let first = key_of(&world, &customer, &team, 1).await;
    let second = key_of(&world, &customer, &team, 2).await;
    for number in 1..=CALLS {
        assert_eq!(
            world.left(first.expose(), ORDERS).await,
            Ok(Some(LIMIT - number))
        );
    }
    for number in 1..=OUT {
        let left = world.left(second.expose(), ORDERS).await;
        assert_eq!(
            left,
            Ok(Some(LIMIT - CALLS - number)),
            "of the lease that is out"
        );
    }
    let meter = shared(&world, &customer).await;
    assert_eq!(meter.days.values().sum::<i64>(), CHARGED);
    // The bucket of 31 has 16 left, for both and on every instance.
    let other = authorizer(&world.store, &world.time, &[]).await;
    let mut admitted = 0;
    for instance in [&world.authorizer, &other] {
        for key in [&first, &second] {
            while left(instance, key.expose(), ORDERS).await.is_ok() {
                admitted += 1;
            }
        }
    }
    assert_eq!(admitted, 16);
}

#[tokio::test]
async fn a_plan_that_comes_to_be_shared_begins_at_nothing_and_keys_keep_what_they_had() {
    let two = Two::daily(&[("KEY_CACHE_SECONDS", "10")]).await;
    two.take_lease().await;
    // The scope of a plan with keys on it does not change: they are taken off, and put back.
    let (record, gold) = (two.record().await, two.plan().await);
    let store = &two.world.store;
    store.detach(&record, &gold, &[], &change()).await.unwrap();
    two.world
        .change_plan("gold", |plan| plan.scope = Scope::Customer)
        .await;
    let before = two.record().await;
    let mut after = before.key.clone();
    (after.customer_id, after.revision) = ("cus_1".parse().ok(), after.revision + 1);
    store
        .update_key(&before, &after, &[], &change())
        .await
        .unwrap();
    let (record, gold) = (two.record().await, two.plan().await);
    store
        .attach(&record, &gold, &twin(), &change())
        .await
        .unwrap();
    two.calls(1).await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 1)));
    assert_eq!(two.there().await, Ok(Some(LIMIT - 2)));
    assert_eq!(two.charged("gold").await, CHARGED, "the key's own meter");
}

/// 5 units for a report, 1 for an order.
fn with_reports(limit: u64) -> Plan {
    let reports = MethodTerms {
        method: "/reports/GET".parse().unwrap(),
        throttle: None,
        units: Some(5),
    };
    let mut plan = plan("gold", Some(limit));
    let stage = StageTerms {
        selector: StageSelector::new("a1", "prod").unwrap(),
        methods: vec![reports],
    };
    plan.set_stages(vec![stage]).unwrap();
    plan
}

#[tokio::test]
async fn a_dear_call_that_is_refused_leaves_the_rest_to_cheap_ones_and_tells_what_is_left() {
    let two = Two::new(&[], &with_reports(LIMIT)).await;
    two.grant(8).await;
    let reports = async |instance| left(instance, two.value.expose(), REPORTS).await;
    assert_eq!(reports(&two.world.authorizer).await, Ok(Some(3)));
    for instance in [&two.world.authorizer, &two.other] {
        assert_eq!(reports(instance).await, none_left());
        assert_eq!(reports(instance).await, none_left(), "from memory");
    }
    let refused = call_of(&two.other, two.value.expose(), "a1/prod/GET/reports").await;
    let refused = answer(&refused);
    assert_eq!(refused["context"]["reason"], "quota_exceeded");
    assert_eq!(refused["context"]["quotaRemaining"], "3");
    assert_eq!(two.there().await, Ok(Some(2)));
    assert_eq!(two.here().await, Ok(Some(1)));
    assert_eq!(two.here().await, Ok(Some(0)));
    assert_eq!(two.here().await, none_left());
}

#[tokio::test]
async fn dear_and_cheap_calls_spend_one_lease() {
    let two = Two::new(&[], &with_reports(LIMIT)).await;
    two.take_lease().await;
    let report = left(&two.world.authorizer, two.value.expose(), REPORTS).await;
    assert_eq!(report, Ok(Some(LIMIT - 13)), "5 of the 7");
    two.calls(2).await;
    assert_eq!(two.charged("gold").await, CHARGED);
}

#[tokio::test]
async fn a_lease_of_an_hour_ends_with_it() {
    let hourly = Plan {
        quota: Quota::new(LIMIT, Period::Hour).ok(),
        ..plan("gold", None)
    };
    let two = Two::new(&[], &hourly).await;
    two.world.pass(3_599);
    two.take_lease().await;
    two.pass_milliseconds(999);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 9)));
    two.pass_milliseconds(1);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 1)), "the next hour's");
    assert_eq!(
        two.there().await,
        Ok(Some(LIMIT - 4)),
        "2 are on lease again"
    );
    assert_eq!(two.charged("gold").await, CHARGED + 4);
}

#[tokio::test]
async fn what_is_left_of_a_lease_of_a_lifetime_is_good_for_ever() {
    let once = Plan {
        quota: Quota::new(LIMIT, Period::Lifetime).ok(),
        ..plan("gold", None)
    };
    let two = Two::new(&[], &once).await;
    two.take_lease().await;
    two.world.pass(40 * 86_400);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 9)));
    assert_eq!(two.charged("gold").await, CHARGED, "no further unit");
    assert_eq!(two.there().await, Ok(Some(LIMIT - 16)));
    two.grant(1).await;
    two.calls(1).await;
    two.world.pass(6);
    assert_eq!(two.there().await, Ok(Some(0)));
    assert_eq!(two.there().await, none_left());
    let refused = call(&two.other, two.value.expose(), "a1", "prod").await;
    assert_eq!(
        answer(&refused)["context"]["retryAfter"],
        serde_json::Value::Null
    );
}
