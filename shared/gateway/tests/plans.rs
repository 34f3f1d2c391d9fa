//! Usage plans: made, read, listed, deleted.

use latchkey_fake_gateway::Limits;
use latchkey_gateway::{Gateway, GatewayError, Missing, Quota, Tags};

use crate::support::{account, bare_plan, full_plan, quick, tags};

#[tokio::test]
async fn a_plan_is_made_in_one_call_and_reads_back_as_it_was_wanted() {
    let (fake, gateway) = quick();
    let id = gateway.create_plan(&full_plan(), &tags()).await.unwrap();
    assert_eq!(fake.calls().len(), 1);
    let found = gateway.plan(&id).await.unwrap().unwrap();
    assert_eq!(
        (&found.id, &found.plan, &found.tags),
        (&id, &full_plan(), &tags())
    );
    assert_eq!(gateway.plans().await.unwrap(), [found]);

    let id = gateway
        .create_plan(&bare_plan("Bare"), &Tags::new())
        .await
        .unwrap();
    let found = gateway.plan(&id).await.unwrap().unwrap();
    assert_eq!(found.plan, bare_plan("Bare"));
    assert!(found.tags.is_empty());
}

#[tokio::test]
async fn a_plan_that_is_not_there_is_none_to_read_well_to_delete_and_an_error_to_change() {
    let (_, gateway) = quick();
    let id = "abcdef0123".parse().unwrap();
    assert_eq!(gateway.plan(&id).await, Ok(None));
    assert_eq!(gateway.delete_plan(&id).await, Ok(()));
    let patches = full_plan().patches(&bare_plan("x"));
    let missing = GatewayError::NotFound {
        operation: "UpdateUsagePlan",
        what: Missing::Plan,
    };
    assert_eq!(gateway.update_plan(&id, &patches).await, Err(missing));
}

#[tokio::test]
async fn a_stage_that_is_not_there_is_told_by_api_and_stage() {
    let (_, gateway) = quick();
    for (stage, what) in [("a9:prod", Missing::Api), ("a1:gone", Missing::Stage)] {
        let mut plan = bare_plan("x");
        plan.stages.insert(stage.to_owned(), Default::default());
        let missing = |operation| Err(GatewayError::NotFound { operation, what });
        let made = gateway.create_plan(&plan, &Tags::new()).await;
        assert_eq!(made.map(drop), missing("CreateUsagePlan"));
        let id = gateway
            .create_plan(&bare_plan("x"), &Tags::new())
            .await
            .unwrap();
        let patches = bare_plan("x").patches(&plan);
        let changed = gateway.update_plan(&id, &patches).await;
        assert_eq!(changed, missing("UpdateUsagePlan"));
    }
}

#[tokio::test]
async fn a_plan_loses_its_stages_before_it_is_deleted() {
    let (fake, gateway) = quick();
    let id = gateway.create_plan(&full_plan(), &tags()).await.unwrap();
    let refused = gateway.delete_plan(&id).await.unwrap_err();
    assert!(matches!(refused, GatewayError::Refused { .. }), "{refused}");
    let mut empty = full_plan();
    empty.stages.clear();
    gateway
        .update_plan(&id, &full_plan().patches(&empty))
        .await
        .unwrap();
    gateway.delete_plan(&id).await.unwrap();
    assert!(fake.plans().is_empty());
    gateway.delete_plan(&id).await.unwrap();
}

#[tokio::test]
async fn plans_are_followed_to_the_last_page() {
    let (fake, gateway) = quick();
    for number in 0..300 {
        let name = format!("plan {number}");
        gateway
            .create_plan(&bare_plan(&name), &Tags::new())
            .await
            .unwrap();
    }
    fake.forget_calls();
    let found = gateway.plans().await.unwrap();
    assert_eq!((found.len(), fake.calls().len()), (300, 12));
    assert!(
        found
            .iter()
            .all(|plan| fake.plans()[plan.id.as_str()].name == plan.plan.name)
    );
    let full = gateway
        .create_plan(&bare_plan("one more"), &Tags::new())
        .await;
    assert_eq!(full, Err(GatewayError::QuotaReached(Quota::UsagePlans)));
}

#[tokio::test]
async fn nothing_to_change_is_no_call() {
    let (fake, gateway) = quick();
    let id = "abcdef0123".parse().unwrap();
    gateway
        .update_plan(&id, &full_plan().patches(&full_plan()))
        .await
        .unwrap();
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn more_than_twenty_method_throttles_meet_the_quota_where_it_is_not_raised() {
    let many = |methods| {
        let mut plan = full_plan();
        let throttles = plan.stages.get_mut("a1:prod").unwrap();
        for method in throttles.len()..methods {
            throttles.insert(format!("/m{method}/GET"), crate::support::throttle(1.0, 1));
        }
        plan
    };
    let (_, gateway) = quick();
    let id = gateway.create_plan(&many(20), &Tags::new()).await.unwrap();
    let patches = many(20).patches(&many(21));
    let full = gateway.update_plan(&id, &patches).await;
    assert_eq!(
        full,
        Err(GatewayError::QuotaReached(Quota::MethodThrottles))
    );
    let raised = account(Limits {
        method_throttles: 100,
        ..Limits::default()
    });
    let gateway = Gateway::new(&raised.client());
    let id = gateway.create_plan(&many(20), &Tags::new()).await.unwrap();
    gateway.update_plan(&id, &patches).await.unwrap();
}
