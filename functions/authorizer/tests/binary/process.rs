//! The process: its start, its end, and how many calls it takes at once.

use std::sync::Arc;

use latchkey_authorizer::event::Kind;
use latchkey_runtime_api::{Extension, Function};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    event, world,
    world::{AUTHORIZER, World, event_with, key, plan, shown, value},
};

/// It answers a call, and SIGTERM ends it in order.
async fn serves_and_ends(function: Function) {
    let answer = shown(function.invoke(event("websocket")).await);
    assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
    let ended = function.stop().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    assert!(!ended.output.contains("WARN"), "{}", ended.output);
}

/// Lambda sends SIGTERM only where an extension is registered, and refuses to register one
/// after the first question for an event: so does the harness.
#[tokio::test]
async fn an_extension_is_registered_before_the_first_event_and_sigterm_ends_the_process() {
    let world = world().await;
    let function = world.function(&[]).await;
    let registered = Extension {
        name: "latchkey-authorizer".to_owned(),
        events: vec![],
        asked: true,
    };
    assert_eq!(function.extensions(), [registered]);
    serves_and_ends(function).await;
}

#[tokio::test]
async fn without_an_extensions_api_it_serves_and_ends_all_the_same() {
    let world = world().await;
    let function = Function::start_without_extensions(AUTHORIZER, world.settings(&[]))
        .await
        .unwrap();
    assert_eq!(function.extensions(), []);
    serves_and_ends(function).await;
}

#[tokio::test]
async fn what_is_left_of_its_leases_is_given_back_at_sigterm() {
    let world = World::new().await;
    let gold = plan("gold", None, None);
    world.put_plan(&gold).await;
    let busy = value(1);
    let key = key(&busy);
    world.put_key(&key, &[&gold]).await;
    let function = world.function(&[]).await;
    let mut admitted = 0;
    let ahead = loop {
        let answer = shown(function.invoke(event_with(Kind::RestRequest, &busy)).await);
        assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
        admitted += 1;
        let ahead = world.charged(&key).await - admitted;
        if ahead > 0 || admitted > 1_000 {
            break ahead;
        }
    };
    assert!(ahead > 0, "{admitted} calls in a row and no lease");
    let ended = function.stop().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    assert_eq!(world.charged(&key).await, admitted, "{}", ended.output);
}

/// What managed instances of Lambda set, where an instance takes several calls at once.
const EIGHT_AT_ONCE: (&str, &str) = ("AWS_LAMBDA_MAX_CONCURRENCY", "8");

#[tokio::test]
async fn of_many_calls_at_once_each_gets_its_own_answer() {
    let world = World::new().await;
    let gold = plan("gold", None, None);
    world.put_plan(&gold).await;
    let values: Vec<_> = (1..=16).map(value).collect();
    for value in &values {
        world.put_key(&key(value), &[&gold]).await;
    }
    let function = Arc::new(world.function(&[EIGHT_AT_ONCE]).await);
    function.polls(8).await.unwrap();
    let mut calls = JoinSet::new();
    for value in values.iter().cycle().take(64) {
        let (event, function) = (event_with(Kind::RestRequest, value), function.clone());
        let id = value.presented().id.to_string();
        calls.spawn(async move { (id, shown(function.invoke(event).await)) });
    }
    for (id, answer) in calls.join_all().await {
        assert_eq!(answer["principalId"], json!(id));
    }
    function.polls(8).await.unwrap();
}

/// The table is silent here, so a call that asks it takes as long as a decision may.
#[tokio::test]
async fn calls_that_wait_for_the_table_do_not_hold_up_others() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let settings = [
        ("TABLE_NAME", "keys"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
        EIGHT_AT_ONCE,
    ];
    let function = Arc::new(Function::start(AUTHORIZER, settings).await.unwrap());
    function.polls(8).await.unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..7 {
        let function = function.clone();
        waiting.spawn(async move { shown(function.invoke(event("websocket")).await) });
    }
    function.polls(1).await.unwrap();
    let missing = shown(function.invoke(event("rest-request-arn-only")).await);
    assert_eq!(missing, "error: Unauthorized");
    for answer in waiting.join_all().await {
        assert_eq!(answer, "error: Unavailable");
    }
}
