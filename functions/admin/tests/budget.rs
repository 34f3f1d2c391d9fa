//! An operation that waits often for a slow table ends before API Gateway gives it up.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    config::{HttpClient as _, SharedHttpClient},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use latchkey_store::{Patience, Store};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    captured_log,
    support::{Admin, TABLE},
};

/// Shorter than the store's patience with one attempt.
const WAIT: Duration = Duration::from_millis(2_900);

/// Hands on each request after a while.
#[derive(Debug)]
struct Slow(SharedHttpConnector);

impl HttpConnector for Slow {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let next = self.0.clone();
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(WAIT).await;
            next.call(request).await
        })
    }
}

fn slow(client: &Client) -> Client {
    let quick: SharedHttpClient = client.config().http_client().unwrap();
    let slow = http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Slow(quick.http_connector(settings, components)))
    });
    Client::from_conf(client.config().to_builder().http_client(slow).build())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_given_up_with_a_line() {
    let admin = Admin::start().await;
    let mut plans = Vec::new();
    for number in 0..10 {
        plans.push(admin.plan("P", &[&format!("a{number}:x")]).await);
    }
    let client = slow(&admin.engine.client());
    let slow = admin.with_store(Store::new(&client, TABLE, Patience::Change));
    let start = Instant::now();
    assert_eq!(slow.get("/v1/keys").await.status, 200, "slow, but in time");
    assert_eq!(start.elapsed().as_secs(), 2);

    captured_log::start();
    let start = Instant::now();
    // It reads each plan by itself.
    let answer = slow.post("/v1/keys", json!({"planIds": plans})).await;
    let took = start.elapsed();
    let log = captured_log::take();
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (503, "unavailable")
    );
    assert_eq!(took.as_secs(), 25);
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!((lines("no answer in time"), lines("answered")), (1, 1));
    tokio::time::sleep(WAIT * 20).await;
    let keys = admin.get("/v1/keys").await;
    assert_eq!(keys.body["items"], json!([]), "nothing goes on behind it");
}
