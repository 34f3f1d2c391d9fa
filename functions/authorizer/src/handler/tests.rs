//! What a call does once it is decided.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use aws_sdk_dynamodb::config::HttpClient as _;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use jiff::Timestamp;
use latchkey_domain::{
    Key, KeyValue, Plan, PlanStage, Prefix, RANDOM_BYTES, StageSelector, TwinValue,
};
use latchkey_engine::Engine;
use latchkey_store::{Change, Patience, create_table};
use serde_json::{json, value::to_raw_value};
use tokio::time::Instant;

use super::*;

const TABLE: &str = "latchkey";
const DAY: i64 = 24 * 3_600 * 1_000_000_000;
/// Noon of 2026-11-25.
const NOON: i64 = 20_782 * DAY + DAY / 2;

/// Reaches the table, but where `hangs` is set no answer comes to a return or to a fold.
#[derive(Debug)]
struct Connector {
    next: SharedHttpConnector,
    hangs: Arc<AtomicBool>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body);
        let is_later = body.contains("ADD #r :one") || body.contains("HISTORY#");
        if is_later && self.hangs.load(Ordering::SeqCst) {
            return HttpConnectorFuture::new(std::future::pending());
        }
        self.next.call(request)
    }
}

/// An authorizer that holds one meter, and two keys.
struct World {
    authorizer: Authorizer,
    time: Arc<AtomicI64>,
    hangs: Arc<AtomicBool>,
    values: [KeyValue; 2],
}

impl World {
    async fn new() -> Self {
        let client = Engine::in_memory().unwrap().client();
        create_table(&client, TABLE).await.unwrap();
        let hangs = Arc::new(AtomicBool::new(false));
        let (http, set) = (client.config().http_client().unwrap(), hangs.clone());
        let http = http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Connector {
                next: http.http_connector(settings, components),
                hangs: set.clone(),
            })
        });
        let config = client.config().to_builder().http_client(http).build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        let store = Store::new(&client, TABLE, Patience::Embedded);
        let values =
            [1, 2].map(|seed| KeyValue::generate(&Prefix::default(), &[seed; RANDOM_BYTES]));
        write(&store, &values).await;
        let time = Arc::new(AtomicI64::new(NOON));
        let told = time.clone();
        let clock = Clock::new(move || {
            let now = told.load(Ordering::SeqCst);
            Reading {
                wall: now,
                steady: now,
            }
        });
        let settings = Settings::read(|name| (name == "TABLE_NAME").then(|| TABLE.to_owned()));
        let mut authorizer = Authorizer::start(settings.unwrap(), store, clock).await;
        authorizer.holdings.most = 1;
        Self {
            authorizer,
            time,
            hangs,
            values,
        }
    }

    /// Calls with a key, is let through, and tells how long that took.
    async fn call(&self, value: &KeyValue) -> Duration {
        let begun = Instant::now();
        let event = json!({
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/orders",
            "authorizationToken": value.expose(),
        });
        let handled = self
            .authorizer
            .handle(to_raw_value(&event).unwrap().get())
            .await;
        assert_eq!(handled.log.reason, None);
        begun.elapsed()
    }
}

async fn write(store: &Store, values: &[KeyValue]) {
    let noon = Timestamp::from_nanosecond(i128::from(NOON)).unwrap();
    let change = |count: u8| Change {
        at: noon,
        id: format!("{count:016}"),
        principal: "arn:aws:iam::123456789012:user/ops".into(),
        source_ip: None,
        receipt: None,
    };
    let plan = Plan {
        stages: vec![PlanStage {
            selector: StageSelector::new("a1", "prod").unwrap(),
            methods: vec![],
        }],
        ..Plan::new("gold".parse().unwrap(), "gold".parse().unwrap(), noon)
    };
    store.create_plan(&plan, &change(0)).await.unwrap();
    for (count, value) in (1..).zip(values) {
        let (key, twin) = (Key::new(value, noon), TwinValue::generate(&[7; 32]));
        let made = store
            .create_key(&key, &[&plan], &twin, &change(count))
            .await;
        made.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_beside_a_call_takes_200_ms_at_most_and_holds_no_other_call_up() {
    let world = World::new().await;
    let [other, value] = &world.values;
    for _ in 0..31 {
        assert_eq!(world.call(value).await, Duration::ZERO);
        world.time.fetch_add(DAY, Ordering::SeqCst);
    }
    // Of the two that it takes with the second, one is left.
    for _ in 0..2 {
        assert_eq!(world.call(other).await, Duration::ZERO);
    }
    world.hangs.store(true, Ordering::SeqCst);
    // One of them gives that back, and moves old days, at the same time.
    let (first, second) = tokio::join!(world.call(value), world.call(value));
    let mut taken = [first.as_millis(), second.as_millis()];
    taken.sort_unstable();
    assert_eq!(taken, [0, 200]);
    assert_eq!(world.call(value).await, Duration::ZERO);
}
