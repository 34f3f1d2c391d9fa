//! Limits of a plan, and what is granted of them.

use latchkey_domain::{Period, Plan, Quota, Reason, Throttle};

use super::{CHARGED, LIMIT, OUT, PLAN, Two, none_left};
use crate::world::{authorizer, left, plan};

fn quota(limit: u64, period: Period) -> impl FnOnce(&mut Plan) {
    move |plan| plan.quota = Quota::new(limit, period).ok()
}

fn throttle(rate: &str, burst: u64) -> Option<Throttle> {
    Throttle::new(rate.parse().unwrap(), Some(burst)).ok()
}

#[tokio::test]
async fn a_raised_limit_adds_to_what_is_left_and_a_lease_goes_on() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.world
        .change_plan("gold", quota(2 * LIMIT, Period::Day))
        .await;
    assert_eq!(
        two.there().await,
        Ok(Some(LIMIT - 16)),
        "what is on lease counts as used"
    );
    assert_eq!(
        two.here().await,
        Ok(Some(LIMIT - 9)),
        "from memory, under the plan of before"
    );
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(Some(2 * LIMIT - 11)));
    assert_eq!(
        two.charged("gold").await,
        CHARGED + 1,
        "the rest of the lease paid for it"
    );
}

#[tokio::test]
async fn under_a_limit_below_what_was_charged_a_lease_passes_for_its_second_and_then_nothing() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.world.change_plan("gold", quota(10, Period::Day)).await;
    two.calls(2).await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, none_left());
    assert_eq!(two.there().await, none_left());
    assert_eq!(two.charged("gold").await, CHARGED);
    // What was on lease is not lost: 10 have passed, and 10 are left of 20.
    two.world.change_plan("gold", quota(20, Period::Day)).await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(Some(9)));
    assert_eq!(two.charged("gold").await, CHARGED);
}

#[tokio::test]
async fn the_first_charge_under_a_changed_plan_turns_all_others_to_it() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.world.change_plan("gold", quota(100, Period::Day)).await;
    let new = authorizer(&two.world.store, &two.world.time, &[]).await;
    let charged = left(&new, two.value.expose(), super::ORDERS).await;
    assert_eq!(charged, Ok(Some(100 - 16)));
    assert_eq!(
        two.there().await,
        Ok(Some(100 - 17)),
        "its plan was read again"
    );
    two.calls(OUT).await;
    assert_eq!(
        two.here().await,
        Ok(Some(100 - 18)),
        "and here, when the lease was used"
    );
}

#[tokio::test]
async fn a_lowered_throttle_takes_over_the_time_that_was_taken() {
    let limited = Plan {
        throttle: throttle("10", 100),
        ..plan("gold", None)
    };
    let two = Two::new(&[], &limited).await;
    two.take_lease().await;
    // 15 units at 10 a second: the bucket is idle again in 1.5 s.
    two.world
        .change_plan("gold", |plan| plan.throttle = throttle("1", 5))
        .await;
    let new = authorizer(&two.world.store, &two.world.time, &[]).await;
    let on_new = async || left(&new, two.value.expose(), super::ORDERS).await;
    for expected in [Ok(None), Ok(None), Ok(None), Err(Reason::Throttled)] {
        assert_eq!(
            on_new().await,
            expected,
            "3 fit into the 3.5 s that are left of 5 s"
        );
    }
    two.calls(OUT).await;
    assert_eq!(
        two.here().await,
        Err(Reason::Throttled),
        "with its lease used it follows"
    );
    two.pass_milliseconds(499);
    assert_eq!(on_new().await, Err(Reason::Throttled));
    two.pass_milliseconds(1);
    assert_eq!(on_new().await, Ok(None));
}

#[tokio::test]
async fn a_bucket_that_is_fuller_than_a_changed_throttle_holds_is_full_from_then_on() {
    let limited = Plan {
        throttle: throttle("10", 100),
        ..plan("gold", None)
    };
    for (changed, wait) in [(throttle("100", 100), 10), (throttle("10", 2), 100)] {
        let two = Two::new(&[], &limited).await;
        two.take_lease().await;
        two.world
            .change_plan("gold", |plan| plan.throttle = changed)
            .await;
        let new = authorizer(&two.world.store, &two.world.time, &[]).await;
        let on_new = async || left(&new, two.value.expose(), super::ORDERS).await;
        // 1.5 s are more than a full bucket's 1 s, or 0.2 s.
        assert_eq!(on_new().await, Err(Reason::Throttled));
        two.pass_milliseconds(wait);
        assert_eq!(on_new().await, Ok(None), "one unit's time later");
        assert_eq!(on_new().await, Err(Reason::Throttled));
    }
}

#[tokio::test]
async fn a_period_with_another_start_begins_anew_and_one_that_comes_back_goes_on() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.world
        .change_plan("gold", quota(LIMIT, Period::Hour))
        .await;
    two.world.pass(PLAN);
    assert_eq!(
        two.here().await,
        Ok(Some(LIMIT - 1)),
        "the hour began at noon"
    );
    assert_eq!(two.there().await, Ok(Some(LIMIT - 2)));
    two.world
        .change_plan("gold", quota(LIMIT, Period::Day))
        .await;
    two.world.pass(PLAN);
    // What was on lease is lost: 15 were charged, 8 had passed.
    assert_eq!(two.here().await, Ok(Some(LIMIT - 16)));
    assert_eq!(
        two.charged("gold").await,
        CHARGED + 3,
        "the day's history knows of all"
    );
}

#[tokio::test]
async fn a_period_with_the_same_start_goes_on_and_so_does_a_lease() {
    let two = Two::new(&[], &hourly()).await;
    two.world.pass(12 * 3_600);
    two.take_lease().await;
    // At midnight an hour and a day have begun.
    two.world
        .change_plan("gold", quota(LIMIT, Period::Day))
        .await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 9)));
    assert_eq!(two.there().await, Ok(Some(LIMIT - 16)), "6 are on lease");
    assert_eq!(two.charged("gold").await, CHARGED + 1);
}

fn hourly() -> Plan {
    Plan {
        quota: Quota::new(LIMIT, Period::Hour).ok(),
        ..plan("gold", None)
    }
}

#[tokio::test]
async fn a_quota_that_is_added_begins_at_nothing_and_what_was_on_lease_does_not_count() {
    let two = Two::new(&[], &plan("gold", None)).await;
    two.take_lease().await;
    two.world
        .change_plan("gold", quota(LIMIT, Period::Day))
        .await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(Some(LIMIT - 1)));
    assert_eq!(two.there().await, Ok(Some(LIMIT - 2)));
    assert_eq!(two.charged("gold").await, CHARGED + 2);
}

#[tokio::test]
async fn a_quota_that_is_removed_and_comes_back_in_its_period_goes_on() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.world
        .change_plan("gold", |plan| plan.quota = None)
        .await;
    two.world.pass(PLAN);
    assert_eq!(two.here().await, Ok(None), "nothing is left to tell");
    assert_eq!(two.charged("gold").await, CHARGED + 1);
    two.world
        .change_plan("gold", quota(LIMIT, Period::Day))
        .await;
    two.world.pass(PLAN);
    assert_eq!(
        two.here().await,
        Ok(Some(LIMIT - 16)),
        "of calls in between it knows nothing"
    );
}

#[tokio::test]
async fn what_is_granted_is_left_for_all_and_leases_come_on_top() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.grant(3).await;
    for left in [2, 1, 0] {
        assert_eq!(two.there().await, Ok(Some(left)));
    }
    assert_eq!(two.there().await, none_left());
    two.calls(OUT).await;
    assert_eq!(two.here().await, none_left());
    // Whoever was refused a moment ago sees more within 5 seconds.
    two.grant(100).await;
    two.world.pass(5);
    assert_eq!(two.there().await, Ok(Some(99)));
    assert_eq!(two.here().await, Ok(Some(98)));
}

#[tokio::test]
async fn a_grant_of_more_than_the_limit_is_what_is_left() {
    let two = Two::daily(&[]).await;
    two.take_lease().await;
    two.grant(3 * LIMIT).await;
    assert_eq!(two.there().await, Ok(Some(3 * LIMIT - 1)));
    two.calls(OUT).await;
    two.world.pass(2);
    assert_eq!(two.here().await, Ok(Some(3 * LIMIT - 2)));
    assert_eq!(two.charged("gold").await, CHARGED + 2, "a grant is no use");
}
