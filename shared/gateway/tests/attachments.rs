//! Keys on plans.

use latchkey_fake_gateway::{FakeGateway, Limits};
use latchkey_gateway::{Gateway, GatewayError, Missing, NativeKeyId, NativePlanId, Quota, Tags};

use crate::support::{account, bare_plan, full_plan, new_key, quick, value};

async fn a_plan_and_a_key(gateway: &Gateway) -> (NativePlanId, NativeKeyId) {
    let plan = gateway
        .create_plan(&full_plan(), &Tags::new())
        .await
        .unwrap();
    let secret = value(1);
    let key = gateway.create_key(&new_key("one", &secret)).await.unwrap();
    (plan, key)
}

#[tokio::test]
async fn a_key_is_put_on_a_plan_once_and_taken_off_any_number_of_times() {
    let (fake, gateway) = quick();
    let (plan, key) = a_plan_and_a_key(&gateway).await;
    assert_eq!(gateway.has_key(&plan, &key).await, Ok(false));
    gateway.add_key(&plan, &key).await.unwrap();
    assert_eq!(gateway.has_key(&plan, &key).await, Ok(true));
    assert_eq!(
        gateway.keys_on(&plan).await.as_deref(),
        Ok(&[key.clone()][..])
    );
    let again = gateway.add_key(&plan, &key).await;
    assert!(
        matches!(again, Err(GatewayError::Conflict { .. })),
        "{again:?}"
    );
    gateway.remove_key(&plan, &key).await.unwrap();
    gateway.remove_key(&plan, &key).await.unwrap();
    assert!(fake.keys_on(plan.as_str()).is_empty());
}

#[tokio::test]
async fn a_deleted_key_is_off_its_plans() {
    let (_, gateway) = quick();
    let (plan, key) = a_plan_and_a_key(&gateway).await;
    gateway.add_key(&plan, &key).await.unwrap();
    gateway.delete_key(&key).await.unwrap();
    assert_eq!(gateway.keys_on(&plan).await, Ok(Vec::new()));
    assert_eq!(gateway.has_key(&plan, &key).await, Ok(false));
}

#[tokio::test]
async fn two_plans_of_one_stage_cannot_have_one_key() {
    let (_, gateway) = quick();
    let (gold, key) = a_plan_and_a_key(&gateway).await;
    let mut silver = bare_plan("Silver");
    silver
        .stages
        .insert("a1:prod".to_owned(), Default::default());
    let silver = gateway.create_plan(&silver, &Tags::new()).await.unwrap();
    gateway.add_key(&gold, &key).await.unwrap();
    let conflict = gateway.add_key(&silver, &key).await;
    assert!(
        matches!(conflict, Err(GatewayError::Conflict { .. })),
        "{conflict:?}"
    );
    // And a stage comes to no plan while one of its keys is on another plan of it.
    let test = bare_plan("Test");
    let id = gateway.create_plan(&test, &Tags::new()).await.unwrap();
    gateway.add_key(&id, &key).await.unwrap();
    let mut wanted = test.clone();
    wanted
        .stages
        .insert("a2:prod".to_owned(), Default::default());
    let conflict = gateway.update_plan(&id, &test.patches(&wanted)).await;
    assert!(
        matches!(conflict, Err(GatewayError::Conflict { .. })),
        "{conflict:?}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let (_, gateway) = quick();
    let (plan, key) = a_plan_and_a_key(&gateway).await;
    let missing = |operation, what| Err(GatewayError::NotFound { operation, what });
    let (no_plan, no_key) = ("noplan".parse().unwrap(), "nokey".parse().unwrap());
    let on = gateway.add_key(&plan, &no_key).await;
    assert_eq!(on, missing("CreateUsagePlanKey", Missing::Key));
    let on = gateway.add_key(&no_plan, &key).await;
    assert_eq!(on, missing("CreateUsagePlanKey", Missing::Plan));
    assert_eq!(gateway.has_key(&no_plan, &key).await, Ok(false));
    assert_eq!(gateway.remove_key(&no_plan, &key).await, Ok(()));
    let keys = gateway.keys_on(&no_plan).await;
    assert_eq!(keys.map(drop), missing("GetUsagePlanKeys", Missing::Plan));
}

#[tokio::test]
async fn a_key_is_on_ten_plans_at_most() {
    let fake: FakeGateway = account(Limits::default());
    let gateway = Gateway::new(&fake.client());
    let (_, key) = a_plan_and_a_key(&gateway).await;
    for number in 0..10 {
        let plan = bare_plan(&number.to_string());
        let plan = gateway.create_plan(&plan, &Tags::new()).await.unwrap();
        gateway.add_key(&plan, &key).await.unwrap();
    }
    let plan = gateway
        .create_plan(&bare_plan("more"), &Tags::new())
        .await
        .unwrap();
    let full = gateway.add_key(&plan, &key).await;
    assert_eq!(full, Err(GatewayError::QuotaReached(Quota::PlansPerKey)));
}
