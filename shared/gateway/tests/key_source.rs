//! Where APIs of each kind take keys from.

use std::time::Duration;

use latchkey_fake_gateway::{Failure, FakeGateway, Limits, Moment};
use latchkey_gateway::{Gateway, GatewayError, KeySource, Pacer};
use tokio::time::Instant;

use crate::{
    scripted::Scripted,
    support::{account, quick},
};

fn operations(fake: &FakeGateway) -> Vec<&'static str> {
    fake.calls().iter().map(|call| call.operation).collect()
}

#[tokio::test]
async fn a_rest_api_s_is_told_by_one_call() {
    let (fake, gateway) = quick();
    for (api, source) in [("a1", KeySource::Authorizer), ("a2", KeySource::Header)] {
        assert_eq!(gateway.key_source(api).await, Ok(Some(source)));
    }
    assert_eq!(operations(&fake), ["GetRestApi"; 2]);
}

#[tokio::test]
async fn a_websocket_api_s_is_told_by_its_expression_and_what_is_not_known_is_the_header() {
    let (fake, gateway) = quick();
    for (expression, source) in [
        ("$request.header.x-api-key", KeySource::Header),
        (
            "$context.authorizer.usageIdentifierKey",
            KeySource::Authorizer,
        ),
        (
            "${context.authorizer.usageIdentifierKey}",
            KeySource::Authorizer,
        ),
        (
            "$context.authorizer.usageIdentifierKey$request.header.x-api-key",
            KeySource::Header,
        ),
        ("", KeySource::Header),
    ] {
        fake.set_websocket("w1", expression);
        let found = gateway.key_source("w1").await;
        assert_eq!(found, Ok(Some(source)), "{expression}");
    }
    assert_eq!(operations(&fake)[..2], ["GetRestApi", "GetApi"]);
}

#[tokio::test]
async fn an_http_api_has_no_usage_plans_and_what_is_no_api_has_no_source() {
    let (fake, gateway) = quick();
    fake.set_http_api("h1");
    let found = gateway.key_source("h1").await;
    assert_eq!(found, Ok(Some(KeySource::NoUsagePlans)));
    assert_eq!(gateway.key_source("a9").await, Ok(None));
}

#[tokio::test]
async fn an_api_of_a_kind_that_is_not_known_counts_as_the_header_unless_it_says_otherwise() {
    for (answer, source) in [
        ("{}", KeySource::Header),
        (r#"{"protocolType":"NEW"}"#, KeySource::Header),
        (
            r#"{"apiKeySelectionExpression":"$context.authorizer.usageIdentifierKey"}"#,
            KeySource::Authorizer,
        ),
    ] {
        let scripted = Scripted::new([(404, "{}"), (200, answer)]);
        let found = scripted.gateway().key_source("x1").await;
        assert_eq!(found, Ok(Some(source)), "{answer}");
    }
}

#[tokio::test]
async fn an_error_of_either_call_is_no_answer() {
    let (fake, gateway) = quick();
    fake.set_websocket("w1", "$context.authorizer.usageIdentifierKey");
    for operation in ["GetRestApi", "GetApi"] {
        fake.fail_next(operation, Failure::Throttled);
        let throttled = Err(GatewayError::Throttled { operation });
        assert_eq!(gateway.key_source("w1").await, throttled);
        fake.fail_next(operation, Failure::Fault);
        let error = gateway.key_source("w1").await.unwrap_err();
        assert!(error.may_have_happened(), "{error}");
        let text = "User: me is not authorized to perform: apigateway:GET on resource: /apis/w1";
        fake.fail_next(operation, Failure::AccessDenied(text.to_owned()));
        let detail = format!("AccessDeniedException: {text}");
        let refused = Err(GatewayError::Refused { operation, detail });
        assert_eq!(gateway.key_source("w1").await, refused);
    }
    let calls = operations(&fake);
    assert_eq!(calls[..4], ["GetRestApi"; 4], "each error is the end");
}

#[tokio::test(start_paused = true)]
async fn no_answer_to_either_call_within_five_seconds_is_none() {
    let (fake, gateway) = quick();
    fake.stop_after(2, Moment::Before);
    let begun = Instant::now();
    let error = gateway.key_source("a9").await.unwrap_err();
    assert_eq!(error.to_string(), "GetApi got no answer: it took too long");
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn both_calls_keep_the_rate_of_all_together_and_are_repeated() {
    let fake = account(Limits::default());
    fake.set_websocket("w1", "$request.header.x-api-key");
    let pacer = Pacer::until(Instant::now() + Duration::from_secs(600));
    let gateway = Gateway::new(&fake.client()).within(pacer.clone());
    let begun = Instant::now();
    for _ in 0..70 {
        let found = gateway.key_source("w1").await;
        assert_eq!(found, Ok(Some(KeySource::Header)));
    }
    assert!(fake.calls().iter().all(|call| call.status != Some(429)));
    assert_eq!(
        begun.elapsed().as_millis(),
        10_000,
        "40 at once, then 100 at 10 a second"
    );
    assert_eq!(pacer.counts()["GetApi"], 70);
    fake.fail_next("GetApi", Failure::NotSent);
    gateway.key_source("w1").await.unwrap();
    assert_eq!(pacer.counts()["GetApi"], 72);
}
