//! Methods that get a throttle of their own, or lose it.

use latchkey_domain::{MethodTerms, Plan, StageSelector, StageTerms, Throttle};

use super::{CHARGED, LIMIT, PLAN, Two};

/// Orders have a bucket of their own, which holds this many.
fn orders(plan: &mut Plan, burst: Option<u64>) {
    let method = |burst| MethodTerms {
        method: "/orders/GET".parse().unwrap(),
        throttle: Throttle::new("0.001".parse().unwrap(), Some(burst)).ok(),
        units: None,
    };
    let stage = StageTerms {
        selector: StageSelector::new("a1", "prod").unwrap(),
        methods: burst.map(method).into_iter().collect(),
    };
    plan.set_stages(vec![stage]).unwrap();
}

#[tokio::test]
async fn a_method_that_gets_or_loses_its_throttle_spends_what_was_on_lease() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.world
        .change_plan("gold", |plan| orders(plan, Some(3)))
        .await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 9)));
    assert_eq!(two.there().await, Ok(Some(LIMIT - 16)), "6 are on lease");
    assert_eq!(two.charged("gold").await, CHARGED + 1);
    two.calls(1).await;
    let third = two.here().await;
    assert_eq!(third, Err(latchkey_domain::Reason::Throttled), "of all 3");
    two.world
        .change_plan("gold", |plan| orders(plan, None))
        .await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 12)));
    assert_eq!(
        two.charged("gold").await,
        CHARGED + 1,
        "5 of the lease were left"
    );
}
