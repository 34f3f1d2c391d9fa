//! Plans that API Gateway counts: what is answered to events of every kind, and what it costs.

use latchkey_authorizer::event::Kind;
use latchkey_domain::{Enforcement, Key, KeyValue, NativeKeyValue, Period, Plan, Quota};
use serde_json::Map;

use crate::{
    calls::Relay,
    event, support,
    world::{World, event_with, key, plan, shown, twin},
};

/// A world in which both key values of the events are on a plan for everything that API
/// Gateway counts: it knows the generated one by a twin, the custom one by itself.
async fn world() -> World {
    let world = World::new().await;
    let counted = Plan {
        enforcement: Enforcement::ApiGateway,
        ..plan("counted", Quota::new(1, Period::Day).ok(), None)
    };
    world.put_plan(&counted).await;
    world
        .put_key(&key(&support::generated()), &[&counted])
        .await;
    let custom = Key {
        native_value: NativeKeyValue::Header,
        ..key(&support::custom())
    };
    world.put_key(&custom, &[&counted]).await;
    world
}

fn values() -> [KeyValue; 2] {
    [support::generated(), support::custom()]
}

#[tokio::test]
async fn every_event_has_its_answer_and_none_of_them_is_charged() {
    let world = world().await;
    let function = world.function(&[]).await;
    let mut answers = Map::new();
    for value in values() {
        for kind in Kind::ALL {
            // More calls than the quota has: it is not ours to count.
            let answers_of_three = [
                shown(function.invoke(event_with(kind, &value)).await),
                shown(function.invoke(event_with(kind, &value)).await),
                shown(function.invoke(event_with(kind, &value)).await),
            ];
            let [answer, second, third] = answers_of_three;
            assert_eq!((&answer, &answer), (&second, &third), "{kind:?}");
            answers.insert(format!("{} {}", value.last4(), kind.as_str()), answer);
        }
    }
    insta::assert_json_snapshot!("counted_by_api_gateway", answers);
}

#[tokio::test]
async fn a_call_writes_nothing_and_a_known_key_s_asks_nobody() {
    let world = world().await;
    let relay = Relay::start(world.endpoint()).await;
    let function = world
        .function(&[("AWS_ENDPOINT_URL_DYNAMODB", &relay.endpoint)])
        .await;
    relay.seen();
    for value in values() {
        for expected in [&["Query"][..], &[]] {
            let answer = shown(function.invoke(event_with(Kind::RestRequest, &value)).await);
            assert!(answer["usageIdentifierKey"].is_string(), "{answer}");
            assert_eq!(relay.seen(), expected);
        }
    }
}

#[tokio::test]
async fn no_output_holds_a_value_that_api_gateway_counts_by() {
    let world = world().await;
    for level in ["error", "info", "debug", "trace"] {
        let function = world.function(&[("LOG_LEVEL", level)]).await;
        for (_, event) in support::events("") {
            function.invoke(event).await.unwrap();
        }
        let twin_sent =
            event("rest-request").replace(support::generated().expose(), twin().expose());
        assert_eq!(
            shown(function.invoke(twin_sent).await),
            "error: Unauthorized"
        );
        let output = function.stop().await.unwrap().output;
        assert_eq!(
            output.contains("\"plan_id\":\"counted\""),
            level != "error",
            "{level}: decisions are logged"
        );
        for value in values() {
            assert!(!output.contains(value.expose()), "a key value at {level}");
        }
        assert!(
            !output.contains(twin().expose()),
            "a twin's value at {level}"
        );
    }
}
