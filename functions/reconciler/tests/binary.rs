//! The function's own binary through the Runtime API: what it makes of settings and events, and
//! what it prints.

use jiff::Timestamp;
use latchkey_engine::Engine;
use latchkey_runtime_api::{Answer, Ended, Function, FunctionError};
use latchkey_store::{Change, Patience, Store, create_table};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use crate::world::{key, plan, twin};

const RECONCILER: &str = env!("CARGO_BIN_EXE_reconciler");
const TABLE: &str = "keys";

/// As EventBridge sends it.
const SCHEDULED: &str =
    r#"{"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{}}"#;

/// The table, its engine served on a port of its own.
struct Served {
    store: Store,
    endpoint: String,
    serving: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Served {
    async fn table() -> Self {
        let engine = Engine::in_memory().unwrap();
        let client = engine.client();
        create_table(&client, TABLE).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let store = Store::new(&client, TABLE, Patience::Embedded);
        let serving = tokio::spawn(async move {
            let served = engine.serve(listener, std::future::pending());
            served.await.unwrap();
        });
        Self {
            store,
            endpoint,
            serving,
        }
    }

    /// A plan and a key on it, long wanted.
    async fn want(&self) {
        let (plan, key) = (plan("gold"), key(1));
        let change = |id: &str| Change {
            at: Timestamp::UNIX_EPOCH,
            id: id.to_owned(),
            principal: "arn:aws:iam::123456789012:user/ops".to_owned(),
            source_ip: None,
            receipt: None,
        };
        let created = self.store.create_plan(&plan, &change("1")).await;
        created.unwrap();
        let (twin, on) = (twin(key.id), [&plan]);
        let created = self.store.create_key(&key, &on, &twin, &change("2")).await;
        created.unwrap();
    }

    async fn function(&self, api_gateway: &str) -> Function {
        let settings = [
            ("TABLE_NAME", TABLE),
            ("LOG_LEVEL", "trace"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoint),
            ("AWS_ENDPOINT_URL_API_GATEWAY", api_gateway),
        ];
        Function::start(RECONCILER, settings).await.unwrap()
    }
}

/// An account at API Gateway without plans and keys.
async fn empty_account() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.write_all(answer).await.unwrap();
        }
    });
    (endpoint, serving)
}

fn lines(output: &str) -> Vec<Value> {
    let lines = output.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn wrong_settings_stop_the_start_with_one_line() {
    let settings = [("DRIFT", "mends"), ("DRIFT_SCAN_SECONDS", "1")];
    let started = Function::start(RECONCILER, settings).await;
    let Err(FunctionError::Ended(Ended { status, output, .. })) = started else {
        panic!("it started");
    };
    assert!(!status.success());
    assert_eq!(output.lines().count(), 1, "{output}");
    for name in ["TABLE_NAME", "DRIFT is", "DRIFT_SCAN_SECONDS"] {
        assert!(output.contains(name), "{name}: {output}");
    }
}

#[tokio::test]
async fn a_run_prints_its_numbers_and_one_that_does_nothing_what_is_left() {
    let table = Served::table().await;
    let (account, serving) = empty_account().await;
    let function = table.function(&account).await;
    let answer = function.invoke(SCHEDULED).await.unwrap();
    assert_eq!(answer, Answer::Response(Value::Null));
    let drift = table.store.drift().await.unwrap().unwrap();
    assert_eq!(drift.total, 0);
    let printed = lines(&function.output());
    let metrics = printed.iter().find(|line| line["_aws"].is_object());
    let metrics = metrics.unwrap();
    assert_eq!(metrics["TableName"], TABLE);
    assert_eq!(
        (&metrics["Pending"], &metrics["DriftFound"]),
        (&0.into(), &0.into())
    );
    assert!(printed.iter().any(|line| line["message"] == "reconciled"));

    // The comparison is not due again, whatever the event says.
    for event in [SCHEDULED, "{}", "null", "[1]"] {
        let answer = function.invoke(event).await.unwrap();
        assert_eq!(answer, Answer::Response(Value::Null), "{event}");
    }
    let idle = lines(&function.output()).split_off(printed.len());
    let is_left = |line: &Value| (&line["Pending"], &line["Failed"]) == (&0.into(), &0.into());
    assert_eq!(idle.len(), 4, "{idle:?}");
    assert!(idle.iter().all(is_left), "{idle:?}");
    serving.abort();
}

#[tokio::test]
async fn a_run_that_fails_is_an_error_and_gives_the_lock_back() {
    let table = Served::table().await;
    // Nobody listens there.
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let function = table.function(&endpoint).await;
    for _ in 0..2 {
        let answer = function.invoke(SCHEDULED).await.unwrap();
        let Answer::Error { error_message, .. } = answer else {
            panic!("{answer:?}");
        };
        assert!(
            error_message.contains("GetUsagePlans got no answer"),
            "{error_message}"
        );
        assert_eq!(table.store.reconciling().await.unwrap().until, None);
    }
}

#[tokio::test]
async fn no_line_tells_a_value() {
    let table = Served::table().await;
    table.want().await;
    let (account, serving) = empty_account().await;
    let function = table.function(&account).await;
    // What it makes has no id in the answer.
    let answer = function.invoke(SCHEDULED).await.unwrap();
    assert_eq!(answer, Answer::Response(Value::Null));
    let output = function.output();
    let reason = "CreateApiKey got no answer: its answer has no id";
    assert!(output.contains(reason), "{output}");
    assert!(!output.contains(twin(key(1).id).expose()), "{output}");
    serving.abort();
}
