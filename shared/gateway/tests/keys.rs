//! API keys: made, read, listed, changed, deleted.

use latchkey_gateway::{
    GatewayError, Missing, NativeKeyFields, NativeValue, NewNativeKey, Quota, Tags, Values,
};

use crate::support::{account, bare_plan, new_key, quick, tags, value};

#[tokio::test]
async fn a_key_reads_back_as_it_was_wanted_and_with_its_value_only_where_asked() {
    let (_, gateway) = quick();
    let secret = value(1);
    let wanted = NewNativeKey {
        description: Some("words".to_owned()),
        enabled: false,
        customer_id: Some("acme".to_owned()),
        tags: tags(),
        ..new_key("one", &secret)
    };
    let id = gateway.create_key(&wanted).await.unwrap();
    let found = gateway.key(&id).await.unwrap().unwrap();
    assert_eq!((&found.id, found.name.as_str()), (&id, "one"));
    assert_eq!(found.description.as_deref(), Some("words"));
    assert_eq!(found.customer_id.as_deref(), Some("acme"));
    assert_eq!(
        (found.enabled, &found.tags, &found.value),
        (false, &tags(), &None)
    );
    assert_eq!(gateway.keys(Values::Hidden, None).await.unwrap(), [found]);
    let shown = gateway.keys(Values::Shown, None).await.unwrap();
    assert_eq!(shown[0].value, Some(value(1)));
}

#[tokio::test]
async fn a_change_of_a_key_is_one_call_and_what_is_cleared_reads_as_none() {
    let (fake, gateway) = quick();
    let secret = value(1);
    let wanted = NewNativeKey {
        description: Some("words".to_owned()),
        customer_id: Some("acme".to_owned()),
        ..new_key("one", &secret)
    };
    let id = gateway.create_key(&wanted).await.unwrap();
    let found = gateway.key(&id).await.unwrap().unwrap();
    let wanted = NativeKeyFields {
        name: "two".to_owned(),
        description: None,
        enabled: false,
        customer_id: None,
    };
    fake.forget_calls();
    gateway
        .update_key(&id, &found.patches(&wanted))
        .await
        .unwrap();
    assert_eq!(fake.calls().len(), 1);
    let found = gateway.key(&id).await.unwrap().unwrap();
    assert_eq!(
        (found.description.clone(), found.customer_id.clone()),
        (None, None)
    );
    assert_eq!((found.name.as_str(), found.enabled), ("two", false));
    fake.forget_calls();
    gateway
        .update_key(&id, &found.patches(&wanted))
        .await
        .unwrap();
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn a_key_that_is_not_there_is_none_to_read_well_to_delete_and_an_error_to_change() {
    let (_, gateway) = quick();
    let secret = value(1);
    let id = gateway.create_key(&new_key("one", &secret)).await.unwrap();
    let found = gateway.key(&id).await.unwrap().unwrap();
    assert_eq!(gateway.delete_key(&id).await, Ok(()));
    assert_eq!(gateway.delete_key(&id).await, Ok(()));
    assert_eq!(gateway.key(&id).await, Ok(None));
    let wanted = NativeKeyFields {
        name: "two".to_owned(),
        description: None,
        enabled: true,
        customer_id: None,
    };
    let missing = GatewayError::NotFound {
        operation: "UpdateApiKey",
        what: Missing::Key,
    };
    let changed = gateway.update_key(&id, &found.patches(&wanted)).await;
    assert_eq!(changed, Err(missing));
}

#[tokio::test]
async fn a_value_is_one_key_s_and_not_too_short() {
    let (_, gateway) = quick();
    let secret = value(1);
    gateway.create_key(&new_key("one", &secret)).await.unwrap();
    let conflict = gateway.create_key(&new_key("two", &secret)).await;
    assert!(matches!(
        conflict,
        Err(GatewayError::Conflict {
            operation: "CreateApiKey",
            ..
        })
    ));
    let short = NativeValue::new("abcdefghij012345678");
    let refused = gateway.create_key(&new_key("short", &short)).await;
    let Err(GatewayError::Refused { detail, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(detail.ends_with("at least 20 characters"), "{detail}");
}

#[tokio::test]
async fn one_thousand_two_hundred_and_three_keys_are_followed_to_the_last_page() {
    let (fake, gateway) = quick();
    let plan = gateway
        .create_plan(&bare_plan("all"), &Tags::new())
        .await
        .unwrap();
    for number in 0..1_203 {
        let secret = value(number);
        let name = format!(
            "{}/{number}",
            if number % 3 == 0 { "ours" } else { "not ours" }
        );
        let id = gateway.create_key(&new_key(&name, &secret)).await.unwrap();
        gateway.add_key(&plan, &id).await.unwrap();
    }
    fake.forget_calls();
    let found = gateway.keys(Values::Shown, None).await.unwrap();
    assert_eq!((found.len(), fake.calls().len()), (1_203, 49));
    let ids: Vec<_> = found.iter().map(|key| key.id.clone()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "each once");
    let values = fake.keys();
    assert!(found.iter().all(|key| {
        let real = &values[key.id.as_str()].value;
        key.value == Some(NativeValue::new(real.as_str()))
    }));
    assert_eq!(gateway.keys_on(&plan).await.unwrap(), ids);
    // The fake finds "ours" in "not ours" as well, as AWS might.
    let ours = gateway.keys(Values::Hidden, Some("ours")).await.unwrap();
    assert_eq!(ours.len(), 401);
}

#[tokio::test]
async fn the_account_s_quota_of_keys_is_named() {
    let fake = account(latchkey_fake_gateway::Limits {
        keys: 2,
        ..Default::default()
    });
    let gateway = latchkey_gateway::Gateway::new(&fake.client());
    for number in 0..2 {
        let secret = value(number);
        gateway.create_key(&new_key("k", &secret)).await.unwrap();
    }
    let secret = value(2);
    let full = gateway
        .create_key(&new_key("k", &secret))
        .await
        .unwrap_err();
    assert_eq!(full, GatewayError::QuotaReached(Quota::ApiKeys));
    let said = "the AWS quota \"API keys per account per Region\" is used up";
    assert_eq!(full.to_string(), said);
}
