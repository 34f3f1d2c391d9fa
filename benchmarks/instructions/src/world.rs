//! The table that the functions under measurement see, and the events that they get.

use jiff::Timestamp;
use latchkey_domain::{
    Key, KeyValue, Period, Plan, PlanStage, Prefix, Quota, RANDOM_BYTES, StageSelector, Throttle,
    TwinValue,
};
use latchkey_engine::Engine;
use latchkey_store::{Change, Patience, Store, create_table};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Outcome;

/// The table's name.
pub(crate) const TABLE: &str = "latchkey";

/// A table, and values that are called with.
pub(crate) struct World {
    /// Where the engine listens: on loopback, without TLS.
    pub(crate) endpoint: String,
    /// Of a key that nothing limits in a run.
    pub(crate) good: KeyValue,
    /// Of a key whose quota is one unit.
    pub(crate) used_up: KeyValue,
    /// Of no key, though well made.
    pub(crate) unknown: KeyValue,
}

impl World {
    /// A table on the embedded engine, which is served until the process ends.
    pub(crate) async fn new() -> Outcome<Self> {
        let engine = Engine::in_memory()?;
        let client = engine.client();
        create_table(&client, TABLE).await?;
        let store = Store::new(&client, TABLE, Patience::Change);
        let value = |byte| KeyValue::generate(&Prefix::default(), &[byte; RANDOM_BYTES]);
        let (good, used_up, unknown) = (value(7), value(8), value(9));
        put(&store, "benchmark", 1_000_000_000, &good).await?;
        put(&store, "used-up", 1, &used_up).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { engine.serve(listener, std::future::pending()).await });
        Ok(Self {
            endpoint,
            good,
            used_up,
            unknown,
        })
    }
}

/// A plan of so many units a month, and a key on it.
async fn put(store: &Store, name: &str, units: u64, value: &KeyValue) -> Outcome<()> {
    let now = Timestamp::now();
    let plan = Plan {
        throttle: Some(Throttle::new("100000".parse()?, Some(100_000))?),
        quota: Some(Quota::new(units, Period::Month)?),
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*")?,
            methods: vec![],
        }],
        ..Plan::new(name.parse()?, name.parse()?, now)
    };
    let key = Key {
        name: Some(name.parse()?),
        ..Key::new(value, now)
    };
    let change = |id: &str| Change {
        at: now,
        id: format!("{name}-{id}"),
        principal: "benchmark".to_owned(),
        source_ip: None,
        receipt: None,
    };
    store.create_plan(&plan, &change("plan")).await?;
    let twin = TwinValue::generate(&[7; 32]);
    store
        .create_key(&key, &[&plan], &twin, &change("key"))
        .await?;
    Ok(())
}

/// A call of an HTTP API, payload format 2.0, with this value in the header.
pub(crate) fn event(value: &str) -> Outcome<String> {
    of_http(include_str!("../../event.json"), value)
}

/// Whole events of a REST API and of an HTTP API, as `tests/fixtures` has them, with this value.
pub(crate) fn whole_events(value: &str) -> Outcome<[String; 2]> {
    let rest = include_str!("../../../tests/fixtures/events/rest-request.json");
    let mut rest: Value = serde_json::from_str(rest)?;
    rest["headers"]["X-Api-Key"] = value.into();
    rest["multiValueHeaders"]["X-Api-Key"] = json!([value]);
    let http = include_str!("../../../tests/fixtures/events/http-2.0.json");
    Ok([rest.to_string(), of_http(http, value)?])
}

fn of_http(event: &str, value: &str) -> Outcome<String> {
    let mut event: Value = serde_json::from_str(event)?;
    event["headers"]["x-api-key"] = value.into();
    event["identitySource"] = json!([value]);
    Ok(event.to_string())
}
