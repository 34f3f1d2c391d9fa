//! The table that the functions under measurement see.

use jiff::Timestamp;
use latchkey_domain::{Key, KeyValue, Prefix, RANDOM_BYTES, TwinValue};
use latchkey_engine::Engine;
use latchkey_instructions::{
    Outcome,
    fixtures::{change, plan},
};
use latchkey_store::{Patience, Store, create_table};
use tokio::net::TcpListener;

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
    let plan = plan(name, units, now)?;
    let key = Key {
        name: Some(name.parse()?),
        ..Key::new(value, now)
    };
    let change = |id: &str| change(&format!("{name}-{id}"), now);
    store.create_plan(&plan, &change("plan")).await?;
    let twin = TwinValue::generate(&[7; 32]);
    store
        .create_key(&key, &[&plan], &twin, &change("key"))
        .await?;
    Ok(())
}
