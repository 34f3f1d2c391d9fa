//! The authorizer beside an empty function, through the Runtime API, in one run.
//!
//! ```text
//! cargo build --release -p latchkey-authorizer -p latchkey-empty-function
//! cargo run -p latchkey-benchmarks -- target/release/empty-function target/release/authorizer
//! ```
//!
//! starts both binaries in turn, so that a noisy machine is noisy for both, and prints a table.
//! DynamoDB is the embedded engine, in this process, over HTTP on loopback without TLS: what its
//! own network adds is not in it.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark asks the machine for the time"
)]

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use latchkey_domain::{
    Key, KeyValue, Period, Plan, PlanStage, Prefix, Quota, RANDOM_BYTES, StageSelector, Throttle,
    TwinValue,
};
use latchkey_engine::Engine;
use latchkey_runtime_api::{Answer, Function};
use latchkey_store::{Change, Patience, Store, create_table};
use serde_json::json;
use tokio::net::TcpListener;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const TABLE: &str = "latchkey";
const STARTS: usize = 25;
const CALLS: usize = 400;

/// What was measured of a function, each sorted.
#[derive(Default)]
struct Times {
    start_to_poll: Vec<Duration>,
    first_call: Vec<Duration>,
    call: Vec<Duration>,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut binaries = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(empty_binary), Some(authorizer_binary), None) =
        (binaries.next(), binaries.next(), binaries.next())
    else {
        return Err("two binaries are needed: the empty function's and the authorizer's".into());
    };
    let (endpoint, value) = table_with_a_key().await?;
    let event = event(&value);
    let (mut empty, mut authorizer) = (Times::default(), Times::default());
    for _ in 0..STARTS {
        measure(&empty_binary, &endpoint, &event, &mut empty).await?;
        measure(&authorizer_binary, &endpoint, &event, &mut authorizer).await?;
    }
    println!("{STARTS} starts of each in turn, {CALLS} calls after each; times in µs\n");
    println!(
        "| | empty function | authorizer | ratio | difference |\n| --- | --- | --- | --- | --- |"
    );
    row(
        "start to first poll, p50",
        &mut empty.start_to_poll,
        &mut authorizer.start_to_poll,
        50,
    );
    row(
        "first call, p50",
        &mut empty.first_call,
        &mut authorizer.first_call,
        50,
    );
    row("call, p50", &mut empty.call, &mut authorizer.call, 50);
    row("call, p99", &mut empty.call, &mut authorizer.call, 99);
    let bytes = |binary: &Path| std::fs::metadata(binary).map(|file| file.len());
    println!(
        "\nbinary: empty function {} bytes, authorizer {} bytes",
        bytes(&empty_binary)?,
        bytes(&authorizer_binary)?
    );
    Ok(())
}

/// A table on the engine, served on loopback, with a key that nothing limits in this run.
async fn table_with_a_key() -> Outcome<(String, KeyValue)> {
    let engine = Engine::in_memory()?;
    let client = engine.client();
    create_table(&client, TABLE).await?;
    let store = Store::new(&client, TABLE, Patience::Change);
    let now = Timestamp::now();
    let plan = Plan {
        throttle: Some(Throttle::new("100000".parse()?, Some(100_000))?),
        quota: Some(Quota::new(1_000_000_000, Period::Month)?),
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*")?,
            methods: vec![],
        }],
        ..Plan::new("benchmark".parse()?, "Benchmark".parse()?, now)
    };
    let value = KeyValue::generate(&Prefix::default(), &[7; RANDOM_BYTES]);
    let key = Key {
        name: Some("Benchmark".parse()?),
        ..Key::new(&value, now)
    };
    let change = |id: &str| Change {
        at: now,
        id: id.to_owned(),
        principal: "benchmark".to_owned(),
        source_ip: None,
        receipt: None,
    };
    store.create_plan(&plan, &change("1")).await?;
    store
        .create_key(&key, &[&plan], &TwinValue::generate(&[7; 32]), &change("2"))
        .await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { engine.serve(listener, std::future::pending()).await });
    Ok((endpoint, value))
}

fn event(value: &KeyValue) -> String {
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/$default/GET/orders",
        "identitySource": [value.expose()],
        "routeKey": "GET /orders",
        "rawPath": "/orders",
        "headers": { "accept": "*/*", "host": "example.org", "user-agent": "benchmark", "x-api-key": value.expose() },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdef1234", "stage": "$default",
            "http": { "method": "GET", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "benchmark" },
        },
    })
    .to_string()
}

async fn measure(binary: &PathBuf, endpoint: &str, event: &str, times: &mut Times) -> Outcome<()> {
    let environment = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
        ("LOG_LEVEL", "error"),
    ];
    let start = Instant::now();
    let function = Function::start(binary, environment).await?;
    times.start_to_poll.push(start.elapsed());
    times.first_call.push(call(&function, event).await?);
    for _ in 0..CALLS {
        times.call.push(call(&function, event).await?);
    }
    Ok(())
}

async fn call(function: &Function, event: &str) -> Outcome<Duration> {
    let start = Instant::now();
    let answer = function.invoke(event).await?;
    let took = start.elapsed();
    match answer {
        Answer::Response(answer)
            if answer["policyDocument"]["Statement"][0]["Effect"] == "Allow" =>
        {
            Ok(took)
        }
        other => Err(format!("not allowed: {other:?}").into()),
    }
}

fn row(name: &str, empty: &mut [Duration], authorizer: &mut [Duration], percent: usize) {
    let at = |times: &mut [Duration]| {
        times.sort_unstable();
        times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6
    };
    let (empty, authorizer) = (at(empty), at(authorizer));
    println!(
        "| {name} | {empty:.0} | {authorizer:.0} | {:.2} | {:.0} |",
        authorizer / empty,
        authorizer - empty
    );
}
