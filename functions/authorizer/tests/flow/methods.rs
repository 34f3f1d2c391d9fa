//! Methods with a throttle of their own, and methods that cost several units: what the admin API
//! writes is what is charged, and a change reaches an instance that is running.

use latchkey_domain::{KeyValue, MethodTerms, Plan, Reason, StageSelector, StageTerms, Throttle};

use crate::world::{World, authorizer, change, key_on, left, plan};

/// A bucket that does not fill up while a test runs.
fn slow(burst: u64) -> Option<Throttle> {
    Throttle::new("0.001".parse().unwrap(), Some(burst)).ok()
}

fn method(key: &str, burst: Option<u64>, units: Option<u64>) -> MethodTerms {
    MethodTerms {
        method: key.parse().unwrap(),
        throttle: burst.and_then(slow),
        units,
    }
}

/// Of `a1:prod`.
fn stages(methods: Vec<MethodTerms>) -> Vec<StageTerms> {
    vec![StageTerms {
        selector: StageSelector::new("a1", "prod").unwrap(),
        methods,
    }]
}

/// A plan with these methods and a key on it.
async fn keyed(world: &World, quota: u64, methods: Vec<MethodTerms>, seed: u8) -> KeyValue {
    let mut plan = Plan {
        throttle: slow(20),
        ..plan("gold", Some(quota))
    };
    plan.set_stages(stages(methods)).unwrap();
    world.store.create_plan(&plan, &change()).await.unwrap();
    key_on(world, &plan, seed).await
}

#[tokio::test]
async fn a_method_s_throttle_replaces_the_plan_s_and_a_call_takes_its_units() {
    let world = World::new(&[]).await;
    let methods = vec![
        method("/orders/GET", Some(2), None),
        method("/reports/*/*", None, Some(5)),
        method("/orders/{id}/PUT", Some(6), Some(3)),
    ];
    let value = keyed(&world, 40, methods, 1).await;
    for (call, expected) in [
        ("GET/orders", Ok(39)),
        ("GET/orders", Ok(38)),
        ("GET/orders", Err(Reason::Throttled)),
        ("GET/reports/daily", Ok(33)),
        ("PUT/orders/7", Ok(30)),
        ("PUT/orders/8", Ok(27)),
        ("PUT/orders/9", Err(Reason::Throttled)),
        ("POST/reports/a/b", Ok(22)),
        ("GET/reports/weekly", Ok(17)),
        ("GET/other", Ok(16)),
        // 16 of the plan's own 20 are gone: the methods' calls took none of them.
        ("GET/reports/daily", Err(Reason::Throttled)),
        ("GET/other", Ok(15)),
    ] {
        let left = world.left(value.expose(), call).await;
        assert_eq!(left, expected.map(Some), "{call}");
    }
}

#[tokio::test]
async fn what_is_left_for_one_unit_is_not_enough_for_five() {
    let world = World::new(&[]).await;
    let value = keyed(&world, 7, vec![method("/reports/GET", None, Some(5))], 2).await;
    let value = value.expose();
    assert_eq!(world.left(value, "GET/reports").await, Ok(Some(2)));
    let refused = world.left(value, "GET/reports").await;
    assert_eq!(refused, Err(Reason::QuotaExceeded));
    assert_eq!(world.left(value, "GET/orders").await, Ok(Some(1)));
}

#[tokio::test]
async fn a_method_s_bucket_is_as_it_was_after_an_unrelated_change() {
    let world = World::new(&[]).await;
    let orders = || method("/orders/GET", Some(1), None);
    let value = keyed(&world, 100, vec![orders()], 3).await;
    let value = value.expose();
    assert_eq!(world.left(value, "GET/orders").await, Ok(Some(99)));
    world
        .change_plan("gold", |plan| plan.name = "Golden".parse().unwrap())
        .await;
    world
        .change_plan("gold", |plan| {
            let methods = vec![
                method("/a/GET", Some(1), None),
                orders(),
                method("/z/GET", None, Some(2)),
            ];
            plan.set_stages(stages(methods)).unwrap();
        })
        .await;
    let fresh = authorizer(&world.store, &world.time, &[]).await;
    world.pass(30);
    for instance in [&fresh, &world.authorizer] {
        let still = left(instance, value, "GET/orders").await;
        assert_eq!(still, Err(Reason::Throttled));
    }
    assert_eq!(left(&fresh, value, "GET/a").await, Ok(Some(98)));
    let spent = world.left(value, "GET/a").await;
    assert_eq!(spent, Err(Reason::Throttled), "the same bucket everywhere");
    assert_eq!(world.left(value, "GET/z").await, Ok(Some(96)));
    // Taken away and given again it is a bucket that nobody has used.
    world
        .change_plan("gold", |plan| plan.set_stages(stages(vec![])).unwrap())
        .await;
    world
        .change_plan("gold", |plan| {
            plan.set_stages(stages(vec![orders()])).unwrap();
        })
        .await;
    world.pass(30);
    assert_eq!(world.left(value, "GET/orders").await, Ok(Some(95)));
}

/// Each change with a call that tells: its outcome before, and within 30 s after it.
#[tokio::test]
async fn a_change_of_a_method_reaches_a_running_instance_within_30_seconds() {
    let world = World::new(&[]).await;
    let with = |burst: u64, units: u64| {
        move |plan: &mut Plan| {
            let methods = vec![method("/orders/GET", Some(burst), Some(units))];
            plan.set_stages(stages(methods)).unwrap();
        }
    };
    let value = keyed(
        &world,
        100,
        vec![method("/orders/GET", Some(2), Some(2))],
        4,
    )
    .await;
    let value = value.expose();
    let orders = async || world.left(value, "GET/orders").await;
    assert_eq!(orders().await, Ok(Some(98)));
    assert_eq!(orders().await, Err(Reason::Throttled));
    world.change_plan("gold", with(6, 2)).await;
    world.pass(29);
    assert_eq!(orders().await, Err(Reason::Throttled));
    world.pass(1);
    assert_eq!(orders().await, Ok(Some(96)), "raised");
    world.change_plan("gold", with(6, 1)).await;
    world.pass(30);
    assert_eq!(orders().await, Ok(Some(95)), "cheaper");
    world.change_plan("gold", with(1, 1)).await;
    world.pass(30);
    assert_eq!(orders().await, Err(Reason::Throttled), "lowered");
}
