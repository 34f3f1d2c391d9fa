//! What a call costs: the connections that are opened, and the calls of DynamoDB.

use std::sync::{Arc, Mutex};

use latchkey_authorizer::event::Kind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

use crate::{
    world,
    world::{event_with, shown, value},
};

/// Stands between a function and the engine and takes notes.
pub(crate) struct Relay {
    pub(crate) endpoint: String,
    seen: Arc<Mutex<Vec<String>>>,
}

const CONNECTION: &str = "connection";
const TARGET: &str = "DynamoDB_20120810.";

impl Relay {
    pub(crate) async fn start(engine: &str) -> Self {
        let engine = engine.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = seen.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                notes.lock().unwrap().push(CONNECTION.to_owned());
                tokio::spawn(relay(client, engine.clone(), notes.clone()));
            }
        });
        Self { endpoint, seen }
    }

    /// What was seen since the last time.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn relay(client: TcpStream, engine: String, notes: Arc<Mutex<Vec<String>>>) {
    let engine = TcpStream::connect(engine).await.unwrap();
    let ((mut from_client, mut to_client), (mut from_engine, mut to_engine)) =
        (client.into_split(), engine.into_split());
    tokio::spawn(async move { copy(&mut from_engine, &mut to_client).await });
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
        let text = String::from_utf8_lossy(&bytes[..read]);
        for rest in text.split(TARGET).skip(1) {
            let operation = rest.split('\r').next().unwrap_or_default();
            notes.lock().unwrap().push(operation.to_owned());
        }
        if to_engine.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn one_connection_is_opened_at_the_start_and_a_call_is_one_write() {
    let world = world().await;
    let relay = Relay::start(world.endpoint()).await;
    let function = world
        .function(&[("AWS_ENDPOINT_URL_DYNAMODB", &relay.endpoint)])
        .await;
    assert_eq!(
        relay.seen(),
        [CONNECTION, "Query"],
        "the plans, before any event"
    );

    let call = async |value| shown(function.invoke(event_with(Kind::RestRequest, value)).await);
    let known = crate::support::generated();
    let answer = call(&known).await;
    assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
    assert_eq!(
        relay.seen(),
        ["Query", "UpdateItem"],
        "a key at first sight"
    );
    call(&known).await;
    assert_eq!(relay.seen(), ["UpdateItem"], "a key that is known");

    let unknown = value(9);
    assert_eq!(call(&unknown).await, "error: Unauthorized");
    assert_eq!(relay.seen(), ["Query"]);
    assert_eq!(call(&unknown).await, "error: Unauthorized");
    assert!(relay.seen().is_empty(), "an unknown id is remembered");
}

#[tokio::test]
async fn what_cannot_be_a_key_asks_nobody() {
    let world = world().await;
    let relay = Relay::start(world.endpoint()).await;
    let function = world
        .function(&[("AWS_ENDPOINT_URL_DYNAMODB", &relay.endpoint)])
        .await;
    relay.seen();
    let known = crate::support::generated();
    let event = event_with(Kind::RestRequest, &known);
    let mistyped = event.replace(known.last4(), "0000");
    assert_ne!(event, mistyped);
    assert_eq!(
        shown(function.invoke(mistyped).await),
        "error: Unauthorized"
    );
    assert!(relay.seen().is_empty());
}
