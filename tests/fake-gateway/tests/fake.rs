//! What tests rely on in the fake.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use aws_sdk_apigateway::types::ApiStage;
use latchkey_fake_gateway::{
    Client, Failure, FakeGateway, FakeKey, FakePlan, Limits, Moment, Rates, Source,
};
use tokio::time::{advance, timeout};

fn unlimited() -> FakeGateway {
    FakeGateway::new(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    })
}

/// A caller that makes three keys, one after the other.
async fn make_three(client: &Client) {
    for name in ["one", "two", "three"] {
        client.create_api_key().name(name).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_stops_at_the_call_that_was_said_before_or_after_it_is_carried_out() {
    for (n, moment, made) in [
        (1, Moment::Before, 0),
        (1, Moment::After, 1),
        (3, Moment::Before, 2),
        (3, Moment::After, 3),
    ] {
        let fake = unlimited();
        let client = Client::new(&fake.client());
        fake.stop_after(n, moment);
        let stopped = tokio::select! {
            () = make_three(&client) => false,
            () = fake.stopped() => true,
        };
        assert!(stopped);
        assert_eq!((fake.calls().len(), fake.keys().len()), (n, made));
        assert_eq!(fake.calls().last().unwrap().status, None);
        // Whoever comes next finds everything in order.
        make_three(&client).await;
        assert_eq!(fake.keys().len(), made + 3);
    }
}

#[tokio::test]
async fn a_stop_that_is_never_reached_stops_nobody() {
    let fake = unlimited();
    fake.stop_after(4, Moment::Before);
    let never = async {
        make_three(&Client::new(&fake.client())).await;
        timeout(Duration::from_millis(1), fake.stopped()).await
    };
    assert!(never.await.is_err());
    assert_eq!(fake.keys().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn aws_s_rates_are_held_and_come_back_with_time() {
    let fake = FakeGateway::new(Limits::default());
    let client = Client::new(&fake.client());
    let made = async || client.create_api_key().send().await.is_ok();
    for _ in 0..5 {
        assert!(made().await);
    }
    assert!(!made().await, "the sixth in a second");
    advance(Duration::from_millis(999)).await;
    assert!(!made().await);
    advance(Duration::from_millis(1)).await;
    assert!(made().await);
    let mut listed = 0;
    while client.get_usage_plans().send().await.is_ok() {
        listed += 1;
    }
    assert!((30..=40).contains(&listed), "{listed}");
    advance(Duration::from_millis(100)).await;
    assert!(client.get_usage_plans().send().await.is_ok());
    assert!(client.get_usage_plans().send().await.is_err());
    assert_eq!(fake.keys().len(), 6);
}

#[tokio::test]
async fn a_page_has_at_most_25_and_keys_that_go_move_no_others() {
    let fake = unlimited();
    let client = Client::new(&fake.client());
    for _ in 0..60 {
        fake.put_key(FakeKey::default());
    }
    let all: Vec<String> = fake.keys().into_keys().collect();
    let page = client.get_api_keys().limit(500).send().await.unwrap();
    let ids: Vec<_> = page.items().iter().map(|key| key.id().unwrap()).collect();
    assert_eq!(ids, all[..25]);
    fake.delete_key(&all[3]);
    fake.delete_key(&all[24]);
    let next = client.get_api_keys().position(page.position().unwrap());
    let next = next.limit(2).send().await.unwrap();
    let ids: Vec<_> = next.items().iter().map(|key| key.id().unwrap()).collect();
    assert_eq!(ids, all[25..27]);
}

#[tokio::test]
async fn a_seed_gives_the_same_account_again() {
    let run = async |seed| {
        let fake = FakeGateway::new(Limits {
            rates: Rates::Unlimited,
            conflicts: 0.5,
            seed,
            ..Limits::default()
        });
        let client = Client::new(&fake.client());
        for number in 0..40 {
            let name = number.to_string();
            let made = client.create_api_key().name(name).send().await;
            drop(made);
        }
        fake.calls()
    };
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await, run(8).await);
    let conflicts = run(7)
        .await
        .iter()
        .filter(|call| call.status == Some(409))
        .count();
    assert!((10..=30).contains(&conflicts), "{conflicts}");
}

#[tokio::test]
async fn a_stage_that_is_dropped_is_off_all_plans_and_does_not_come_back_to_them() {
    let fake = unlimited();
    fake.set_api("a1", Source::Header, &["prod", "test"]);
    let mut plan = FakePlan::default();
    for stage in ["a1:prod", "a1:test"] {
        plan.stages.insert(stage.to_owned(), Default::default());
    }
    let id = fake.put_plan(plan);
    fake.drop_stage("a1", "prod");
    fake.add_stage("a1", "prod");
    let stages: Vec<_> = fake.plans()[&id].stages.keys().cloned().collect();
    assert_eq!(stages, ["a1:test"]);
}

#[tokio::test]
async fn an_api_is_in_one_of_both_apis_and_an_http_api_on_no_usage_plan() {
    let fake = unlimited();
    fake.set_api("rest", Source::Header, &["prod"]);
    fake.set_websocket("socket", "$request.header.x-api-key");
    fake.set_http_api("http");
    for api in ["socket", "http"] {
        fake.add_stage(api, "prod");
        fake.set_method(api, "/orders", "GET", true);
        assert_eq!(fake.requires_key(api, "/orders", "GET"), None);
    }
    let first = Client::new(&fake.client());
    let second = aws_sdk_apigatewayv2::Client::new(&fake.client());
    for (api, in_first, in_second, on_a_plan) in [
        ("rest", true, false, true),
        ("socket", false, true, true),
        ("http", false, true, false),
        ("none", false, false, false),
    ] {
        let answer = first.get_rest_api().rest_api_id(api).send().await;
        assert_eq!(answer.is_ok(), in_first, "{api}");
        let answer = second.get_api().api_id(api).send().await;
        assert_eq!(answer.is_ok(), in_second, "{api}");
        let stage = ApiStage::builder().api_id(api).stage("prod").build();
        let plan = first.create_usage_plan().name("plan").api_stages(stage);
        assert_eq!(plan.send().await.is_ok(), on_a_plan, "{api}");
    }
    fake.set_api("socket", Source::Header, &[]);
    let answer = second.get_api().api_id("socket").send().await;
    assert!(answer.is_err(), "it is a REST API now");
}

#[tokio::test]
async fn changes_by_hand_are_no_calls_and_calls_are_noted_without_values() {
    let fake = unlimited();
    let plan = fake.put_plan(FakePlan::default());
    let key = fake.put_key(FakeKey::default());
    fake.attach(&plan, &key);
    fake.rename_plan(&plan, "Gold");
    fake.rename_key(&key, "one");
    fake.edit_key(&key, |key| key.enabled = true);
    assert_eq!(
        (&fake.plans()[&plan].name[..], &fake.keys()[&key].name[..]),
        ("Gold", "one")
    );
    assert_eq!(fake.keys_on(&plan), [key.clone()].into());
    fake.detach(&plan, &key);
    fake.delete_plan(&plan);
    fake.delete_key(&key);
    assert!(fake.plans().is_empty() && fake.keys().is_empty() && fake.calls().is_empty());

    let client = Client::new(&fake.client());
    let value = "made-up-value-0123456789";
    let made = client.create_api_key().name("two").value(value);
    made.send().await.unwrap();
    let call = &fake.calls()[0];
    assert_eq!(
        (call.operation, call.detail.as_str()),
        ("CreateApiKey", "two")
    );
    assert!(!format!("{:?} {:?}", fake.calls(), fake.keys()).contains(value));
}

#[tokio::test]
async fn failures_come_to_the_calls_that_they_were_meant_for() {
    let fake = unlimited();
    let client = Client::new(&fake.client());
    fake.fail_next("CreateApiKey", Failure::AnswerLost);
    fake.fail_next("CreateApiKey", Failure::NotSent);
    client.get_usage_plans().send().await.unwrap();
    for made in [1, 1] {
        client.create_api_key().name("k").send().await.unwrap_err();
        assert_eq!(fake.keys().len(), made);
    }
    fake.fail_all(Some(Failure::NotFound("gone".to_owned())));
    client.get_usage_plans().send().await.unwrap_err();
    fake.fail_all(None);
    client.get_usage_plans().send().await.unwrap();
}
