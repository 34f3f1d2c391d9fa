//! What is answered to events of every kind.

use latchkey_authorizer::event::Kind;
use latchkey_domain::{Period, Quota, Throttle};
use serde_json::{Map, Value};

use crate::{
    event, support, world,
    world::{World, event_with, key, plan, shown, value},
};

#[tokio::test]
async fn every_event_has_its_answer() {
    let world = world().await;
    let function = world.function(&[]).await;
    let mut answers = Map::new();
    for folder in ["", "malformed"] {
        for (name, event) in support::events(folder) {
            let name = format!("{folder} {name}").trim_start().to_owned();
            answers.insert(name, shown(function.invoke(event).await));
        }
    }
    insta::assert_json_snapshot!("every_event", answers);
}

#[tokio::test]
async fn simple_responses_are_for_payload_format_2_alone() {
    let world = world().await;
    let function = world.function(&[("HTTP_RESPONSE", "simple")]).await;
    let mut answers = Map::new();
    for name in ["http-2.0", "http-2.0-two-keys", "http-1.0", "malformed"] {
        let event = match name {
            "malformed" => r#"{"version":"2.0","type":"REQUEST"}"#.to_owned(),
            name => event(name),
        };
        answers.insert(name.to_owned(), shown(function.invoke(event).await));
    }
    insta::assert_json_snapshot!("simple", answers);
}

#[tokio::test]
async fn a_quota_lets_its_limit_through_and_says_when_to_come_back() {
    let world = World::new().await;
    let daily = plan("daily", Quota::new(3, Period::Day).ok(), None);
    let slow = plan(
        "slow",
        None,
        Throttle::new("0.001".parse().unwrap(), Some(3)).ok(),
    );
    for (plan, value, longest) in [(&daily, value(1), 86_400), (&slow, value(2), 1_000)] {
        world.put_plan(plan).await;
        world.put_key(&key(&value), &[plan]).await;
        let function = world.function(&[]).await;
        let (mut effects, mut left) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let answer = shown(function.invoke(event_with(Kind::RestRequest, &value)).await);
            let effect = answer["policyDocument"]["Statement"][0]["Effect"].clone();
            if effect == "Deny" {
                let seconds: i64 = answer["context"]["retryAfter"]
                    .as_str()
                    .unwrap()
                    .parse()
                    .unwrap();
                assert!((1..=longest).contains(&seconds), "{answer}");
            }
            left.extend(
                answer["context"]["quotaRemaining"]
                    .as_str()
                    .map(str::to_owned),
            );
            effects.push(effect);
        }
        assert_eq!(
            effects,
            ["Allow", "Allow", "Allow", "Deny", "Deny"],
            "{}",
            plan.id
        );
    }
}

#[tokio::test]
async fn a_key_is_found_where_the_settings_say() {
    let world = world().await;
    let function = world
        .function(&[("KEY_SOURCES", "header:X-Tenant-Key,bearer")])
        .await;
    let elsewhere = shown(function.invoke(event("rest-request")).await);
    assert_eq!(
        elsewhere, "error: Unauthorized",
        "x-api-key is no source now"
    );
    let moved = event("rest-request").replace("X-Api-Key", "x-tenant-KEY");
    for event in [moved, event("rest-request-bearer"), event("rest-token")] {
        let answer = shown(function.invoke(event).await);
        assert_eq!(
            answer["policyDocument"]["Statement"][0]["Effect"], "Allow",
            "{answer}"
        );
    }
}

/// The key is in the event and in no answer: not in the context, not in a policy.
#[tokio::test]
async fn a_key_in_an_opt_in_source_is_found_where_it_is_named_and_never_answered() {
    let world = world().await;
    let value = support::generated();
    let by_default = world.function(&[]).await;
    let everywhere = world
        .function(&[("KEY_SOURCES", support::EVERY_SOURCE)])
        .await;
    let mut found = 0;
    for (name, event) in support::events("") {
        if !["-query", "-basic", "-protocol"]
            .iter()
            .any(|source| name.contains(source))
        {
            continue;
        }
        let refused = shown(by_default.invoke(event.clone()).await);
        let answer = shown(everywhere.invoke(event).await);
        let effect = |answer: &Value| answer["policyDocument"]["Statement"][0]["Effect"].clone();
        assert_ne!(effect(&refused), "Allow", "{name}: {refused}");
        if name.ends_with("two-keys") {
            assert_ne!(effect(&answer), "Allow", "{name}: {answer}");
            continue;
        }
        assert_eq!(effect(&answer), "Allow", "{name}: {answer}");
        assert_eq!(
            answer["context"]["keyId"],
            value.presented().id.to_string(),
            "{name}"
        );
        let secret = &value.expose()[24..];
        assert!(!answer.to_string().contains(secret), "{name}: {answer}");
        found += 1;
    }
    assert_eq!(found, 10, "events with a key in an opt-in source");
}
