//! Plans whose allowance is the customer's: its keys share quota and throttle, on every instance.

use latchkey_domain::{
    Key, KeyValue, MethodTerms, Period, Plan, Quota, Reason, Scope, StageSelector, StageTerms,
    Throttle,
};

use crate::world::{World, authorizer, change, key, left, plan, twin, value};

/// A plan of `limit` units a day for each customer.
fn team(limit: u64) -> Plan {
    Plan {
        scope: Scope::Customer,
        ..plan("team", Some(limit))
    }
}

/// A key of a customer on a plan that is there.
async fn key_of(world: &World, customer: &str, plan: &Plan, seed: u8) -> KeyValue {
    let value = value(seed);
    let key = Key {
        customer_id: customer.parse().ok(),
        ..key(&value)
    };
    let made = world
        .store
        .create_key(&key, &[plan], &twin(), &change())
        .await;
    made.unwrap();
    value
}

async fn detach(world: &World, value: &KeyValue, plan: &Plan) {
    let record = world.store.key(value.presented().id).await.unwrap();
    let detached = world
        .store
        .detach(&record.unwrap(), plan, &[], &change())
        .await;
    detached.unwrap();
}

async fn attach(world: &World, value: &KeyValue, plan: &Plan) {
    let record = world.store.key(value.presented().id).await.unwrap();
    let attached = world
        .store
        .attach(&record.unwrap(), plan, &twin(), &change())
        .await;
    attached.unwrap();
}

async fn stored(world: &World) -> Plan {
    let record = world.store.plan(&"team".parse().unwrap()).await.unwrap();
    record.unwrap().plan
}

const ORDERS: &str = "GET/orders";

#[tokio::test]
async fn keys_of_a_customer_share_quota_and_throttle() {
    let world = World::new(&[]).await;
    let throttle = |burst| Throttle::new("0.001".parse().unwrap(), Some(burst)).ok();
    let mut plan = Plan {
        throttle: throttle(4),
        ..team(9)
    };
    let reports = MethodTerms {
        method: "/reports/GET".parse().unwrap(),
        throttle: throttle(5),
        units: Some(5),
    };
    let stage = StageTerms {
        selector: StageSelector::new("a1", "prod").unwrap(),
        methods: vec![reports],
    };
    plan.set_stages(vec![stage]).unwrap();
    world.store.create_plan(&plan, &change()).await.unwrap();
    let first = key_of(&world, "cus_1", &plan, 1).await;
    let second = key_of(&world, "cus_1", &plan, 2).await;
    let other = key_of(&world, "cus_2", &plan, 3).await;
    let elsewhere = authorizer(&world.store, &world.time, &[]).await;
    for (instance, key, method, expected) in [
        (&world.authorizer, &first, ORDERS, Ok(8)),
        (&elsewhere, &second, ORDERS, Ok(7)),
        (&world.authorizer, &second, "GET/reports", Ok(2)),
        (
            &elsewhere,
            &first,
            "GET/reports",
            Err(Reason::QuotaExceeded),
        ),
        (&elsewhere, &first, ORDERS, Ok(1)),
        (&world.authorizer, &other, ORDERS, Ok(8)),
        (&world.authorizer, &second, ORDERS, Ok(0)),
        (
            &world.authorizer,
            &first,
            ORDERS,
            Err(Reason::QuotaExceeded),
        ),
        (&elsewhere, &second, ORDERS, Err(Reason::QuotaExceeded)),
        (&elsewhere, &other, "GET/reports", Ok(3)),
    ] {
        let left = left(instance, key.expose(), method).await;
        assert_eq!(left, expected.map(Some), "{method}");
    }
    world.pass(12 * 3_600);
    // A new day; the bucket of 4 has filled up, and fills no further.
    for (key, expected) in [
        (&first, Ok(8)),
        (&second, Ok(7)),
        (&first, Ok(6)),
        (&second, Ok(5)),
        (&first, Err(Reason::Throttled)),
        (&second, Err(Reason::Throttled)),
    ] {
        let left = world.left(key.expose(), ORDERS).await;
        assert_eq!(left, expected.map(Some));
    }
}

#[tokio::test]
async fn a_key_that_is_detached_stops_within_the_time_that_keys_are_remembered() {
    let world = World::new(&[("KEY_CACHE_SECONDS", "10")]).await;
    let plan = team(9);
    world.store.create_plan(&plan, &change()).await.unwrap();
    let first = key_of(&world, "cus_1", &plan, 1).await;
    let second = key_of(&world, "cus_1", &plan, 2).await;
    assert_eq!(world.left(first.expose(), ORDERS).await, Ok(Some(8)));
    detach(&world, &first, &plan).await;
    world.pass(10);
    let refused = world.left(first.expose(), ORDERS).await;
    assert_eq!(refused, Err(Reason::NoUsagePlan));
    let left = world.left(second.expose(), ORDERS).await;
    assert_eq!(left, Ok(Some(7)), "what they shared is the other's still");
    attach(&world, &first, &plan).await;
    world.pass(10);
    assert_eq!(world.left(first.expose(), ORDERS).await, Ok(Some(6)));
}

#[tokio::test]
async fn a_limit_that_is_raised_or_lowered_reaches_a_running_instance_within_30_seconds() {
    let world = World::new(&[]).await;
    let plan = team(1);
    world.store.create_plan(&plan, &change()).await.unwrap();
    let value = key_of(&world, "cus_1", &plan, 1).await;
    let orders = async || world.left(value.expose(), ORDERS).await;
    let limit = |limit| move |plan: &mut Plan| plan.quota = Quota::new(limit, Period::Day).ok();
    assert_eq!(orders().await, Ok(Some(0)));
    world.change_plan("team", limit(5)).await;
    world.pass(29);
    assert_eq!(orders().await, Err(Reason::QuotaExceeded));
    world.pass(1);
    assert_eq!(orders().await, Ok(Some(3)));
    world.change_plan("team", limit(2)).await;
    world.pass(30);
    assert_eq!(orders().await, Err(Reason::QuotaExceeded));
}

/// An instance that still holds the plan of before looks for the meter of the wrong owner, finds
/// none that can be charged, and reads the plan.
#[tokio::test]
async fn when_a_plan_comes_to_be_shared_or_not_no_call_is_refused() {
    for settings in [&[][..], &[("KEY_CACHE_SECONDS", "300")]] {
        let world = World::new(settings).await;
        let own = plan("team", Some(9));
        world.store.create_plan(&own, &change()).await.unwrap();
        let first = key_of(&world, "cus_1", &own, 1).await;
        assert_eq!(world.left(first.expose(), ORDERS).await, Ok(Some(8)));
        detach(&world, &first, &own).await;
        world
            .change_plan("team", |plan| plan.scope = Scope::Customer)
            .await;
        let shared = stored(&world).await;
        let second = key_of(&world, "cus_1", &shared, 2).await;
        assert_eq!(world.left(second.expose(), ORDERS).await, Ok(Some(8)));
        attach(&world, &first, &shared).await;
        assert_eq!(world.left(first.expose(), ORDERS).await, Ok(Some(7)));

        for key in [&first, &second] {
            detach(&world, key, &shared).await;
        }
        world
            .change_plan("team", |plan| plan.scope = Scope::Key)
            .await;
        attach(&world, &first, &stored(&world).await).await;
        world.pass(30);
        assert_eq!(
            world.left(first.expose(), ORDERS).await,
            Ok(Some(7)),
            "its own meter goes on as it stood"
        );
    }
}

/// The key's own meter, which is left over, has a busy bucket: by it the first write would be
/// wrong.
#[tokio::test]
async fn of_a_shared_meter_a_key_s_own_tells_nothing() {
    let (world, passage) = World::counted(&[]).await;
    let own = Plan {
        throttle: Throttle::new("0.001".parse().unwrap(), Some(4)).ok(),
        ..plan("team", Some(9))
    };
    world.store.create_plan(&own, &change()).await.unwrap();
    let key = key_of(&world, "cus_1", &own, 1).await;
    for left in [8, 7, 6] {
        assert_eq!(world.left(key.expose(), ORDERS).await, Ok(Some(left)));
    }
    detach(&world, &key, &own).await;
    let shared = |plan: &mut Plan| plan.scope = Scope::Customer;
    world.change_plan("team", shared).await;
    attach(&world, &key, &stored(&world).await).await;
    let fresh = authorizer(&world.store, &world.time, &[]).await;
    passage.taken();
    assert_eq!(left(&fresh, key.expose(), ORDERS).await, Ok(Some(8)));
    let read_and_charge = (2, 0);
    assert_eq!(passage.taken(), read_and_charge);
}

/// A shared meter is not read with a key: the first write takes its bucket for idle, and the
/// table answers that it is not.
#[tokio::test]
async fn the_first_sight_of_a_key_costs_three_calls_of_the_table_where_a_guess_is_wrong() {
    let (world, passage) = World::counted(&[]).await;
    let shared = Plan {
        throttle: Throttle::new("0.001".parse().unwrap(), Some(4)).ok(),
        ..team(9)
    };
    world.store.create_plan(&shared, &change()).await.unwrap();
    let key = key_of(&world, "cus_1", &shared, 1).await;
    for left in [8, 7] {
        assert_eq!(world.left(key.expose(), ORDERS).await, Ok(Some(left)));
    }
    let fresh = authorizer(&world.store, &world.time, &[]).await;
    passage.taken();
    assert_eq!(left(&fresh, key.expose(), ORDERS).await, Ok(Some(6)));
    let read_and_two_writes = (3, 0);
    assert_eq!(passage.taken(), read_and_two_writes);
}

/// What the customer has used stands, and its old meter is in nobody's way.
#[tokio::test]
async fn a_shared_plan_deleted_and_made_again_works_on_the_first_call() {
    let world = World::new(&[]).await;
    let plan = team(9);
    world.store.create_plan(&plan, &change()).await.unwrap();
    let value = key_of(&world, "cus_1", &plan, 1).await;
    assert_eq!(world.left(value.expose(), ORDERS).await, Ok(Some(8)));
    detach(&world, &value, &plan).await;
    world.store.delete_plan(&plan, &change()).await.unwrap();
    world.pass(1);
    let again = Plan {
        created: world.now(),
        version: Plan::new("x".parse().unwrap(), "x".parse().unwrap(), world.now()).version,
        ..team(7)
    };
    world.store.create_plan(&again, &change()).await.unwrap();
    attach(&world, &value, &again).await;
    let fresh = authorizer(&world.store, &world.time, &[]).await;
    assert_eq!(left(&fresh, value.expose(), ORDERS).await, Ok(Some(5)));
    let running = world.left(value.expose(), ORDERS).await;
    assert_eq!(running, Ok(Some(4)), "it still held the plan of before");
}
