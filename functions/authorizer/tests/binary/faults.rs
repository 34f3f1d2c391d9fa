//! Faults: of settings, of events, of the table; and what must not be printed meanwhile.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_authorizer::event::Kind;
use latchkey_runtime_api::{Answer, Ended, Function, FunctionError};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    event, support, world,
    world::{AUTHORIZER, shown},
};

#[tokio::test]
async fn wrong_settings_stop_the_start_with_one_line() {
    let started = async |settings: &[(&str, &str)]| -> Ended {
        match Function::start(AUTHORIZER, settings.iter().copied()).await {
            Err(FunctionError::Ended(ended)) => ended,
            other => panic!("{settings:?} started: {other:?}"),
        }
    };
    let all = [
        ("KEY_SOURCES", "query:a key"),
        ("KEY_CACHE_SECONDS", "3601"),
        ("DENY_FOR", "everyone"),
        ("HTTP_RESPONSE", "xml"),
        ("ON_STORE_FAILURE", "admit"),
        ("LOG_LEVEL", "loud"),
        ("LEASE_MAX", "1001"),
        ("LOG_ALLOWS", "-1"),
        ("METRICS", "all"),
    ];
    let ended = started(&all).await;
    assert!(!ended.status.success());
    assert_eq!(ended.output.lines().count(), 1, "{}", ended.output);
    for name in all.map(|(name, _)| name).iter().chain(&["TABLE_NAME"]) {
        assert!(ended.output.contains(name), "{name}: {}", ended.output);
    }
    for (name, value) in all {
        let ended = started(&[("TABLE_NAME", "keys"), (name, value)]).await;
        assert!(
            !ended.status.success() && ended.output.contains(name),
            "{}",
            ended.output
        );
        assert_eq!(ended.output.lines().count(), 1, "{}", ended.output);
    }
}

#[tokio::test]
async fn one_bad_event_costs_one_answer_and_not_the_process() {
    let world = world().await;
    for level in ["info", "trace"] {
        let function = world.function(&[("LOG_LEVEL", level)]).await;
        let bad: [Vec<u8>; 7] = [
            Vec::new(),
            b"no JSON".to_vec(),
            b"{\"type\":\"TOKEN\",".to_vec(),
            vec![0xff, 0xfe, b'{', b'}'],
            "[".repeat(100_000).into_bytes(),
            [b"{\"type\":".to_vec(), "{\"a\":".repeat(5_000).into_bytes()].concat(),
            [
                b"{\"type\":\"TOKEN\",\"authorizationToken\":\"".to_vec(),
                vec![b'k'; 1 << 20],
                b"\"}".to_vec(),
            ]
            .concat(),
        ];
        for event in bad {
            let start = String::from_utf8_lossy(&event[..event.len().min(20)]).into_owned();
            let answer = function.invoke(event).await.unwrap();
            assert!(
                matches!(answer, Answer::Error { .. }),
                "{start}: {answer:?}"
            );
            let good = shown(function.invoke(crate::event("http-2.0")).await);
            assert_eq!(
                good["principalId"],
                json!(support::generated().presented().id.to_string()),
                "{start}"
            );
        }
    }
}

#[tokio::test]
async fn no_output_holds_a_key_at_any_level() {
    let world = world().await;
    let values = [support::generated(), support::custom()];
    let mut secrets: Vec<String> = values
        .iter()
        .map(|value| value.expose().to_owned())
        .collect();
    // What comes after the id, which is public: the secret, and the check.
    secrets.push(values[0].expose()[24..].to_owned());
    // As `Basic` carries it: of a whole number of three bytes, so that the rest changes nothing.
    let basic = support::events("")
        .into_iter()
        .find(|(name, _)| name == "rest-token-basic");
    let coded = BASE64_STANDARD.encode(&values[0].expose()[..60]);
    assert!(basic.unwrap().1.contains(&coded));
    secrets.push(coded[32..].to_owned());
    let levels = ["info", "debug", "trace"].into_iter();
    let sources = ["header:x-api-key,bearer", support::EVERY_SOURCE];
    for (level, sources) in levels.flat_map(|level| sources.map(|sources| (level, sources))) {
        let function = world
            .function(&[("LOG_LEVEL", level), ("KEY_SOURCES", sources)])
            .await;
        for folder in ["", "malformed"] {
            for (_, event) in support::events(folder) {
                function.invoke(event.clone()).await.unwrap();
                function
                    .invoke(event[..event.len() / 2].to_owned())
                    .await
                    .unwrap();
            }
        }
        let output = function.stop().await.unwrap().output;
        assert!(
            output.contains("\"decision\":\"allow\""),
            "decisions are logged: {output}"
        );
        for secret in &secrets {
            assert!(
                !output.contains(secret),
                "a key value stands in the output at {level} with {sources}"
            );
        }
    }
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_an_error_and_not_a_denial() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let settings = [
        ("TABLE_NAME", "keys"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
    ];
    let function = Function::start(AUTHORIZER, settings).await.unwrap();
    for kind in Kind::ALL {
        let answer = shown(function.invoke(event(kind.as_str())).await);
        assert_eq!(answer, "error: Unavailable", "{kind:?}");
    }
    let missing = shown(function.invoke(event("rest-request-arn-only")).await);
    assert_eq!(missing, "error: Unauthorized", "no table is asked for this");
}
