//! What the functions read: Latchkey's table, with keys for each row, and the peers' table, with
//! one key for all of them. Key values are drawn from a seed, so that runs are alike.

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    },
};
use fastrand::Rng;
use latchkey_domain::{Key, KeyId, KeyValue, Plan, Prefix, RANDOM_BYTES, TwinValue, meter::Owner};
use latchkey_engine::Engine;
use latchkey_instructions::fixtures::{change, event, plan, whole_rest_event};
use latchkey_store::{Patience, Store, create_table};
use sha2::{Digest as _, Sha256};

use crate::{clock::today, outcome::Outcome, runtime_api::Event};

pub(crate) const TABLE: &str = "latchkey";
pub(crate) const PEERS: &str = "peers";
const SEED: u64 = 14;
/// The plan of all keys but one.
const OPEN: &str = "open";

/// Events for each row.
#[derive(Debug)]
pub(crate) struct Events {
    /// Of one key with room for every call.
    pub(crate) open: Event,
    /// The same, with all that a REST API sends.
    pub(crate) whole: Event,
    /// Of keys with room, each another.
    pub(crate) fresh: Vec<Event>,
    /// Of a key whose quota is used up.
    pub(crate) shut: Event,
    /// Of values that no key has, each another.
    pub(crate) unknown: Vec<Event>,
    /// Of a text that is no key value.
    pub(crate) malformed: Event,
    /// Of the peers' key.
    pub(crate) peer: Event,
}

/// Writes both tables, with `count` keys that are called once each.
pub(crate) async fn fill(engine: &Engine, count: usize) -> Outcome<Events> {
    let client = engine.client();
    create_table(&client, TABLE).await?;
    let store = Store::new(&client, TABLE, Patience::Change);
    let mut random = Rng::with_seed(SEED);
    let open = plan(OPEN, 1_000_000_000, today())?;
    let shut = plan("shut", 1, today())?;
    for plan in [&open, &shut] {
        store
            .create_plan(plan, &change(&plan.id.to_string(), today()))
            .await?;
    }
    let key = put(&store, &mut random, &shut).await?;
    use_up(&store, key.presented().id, &shut).await?;
    let shut = called(key.expose())?;
    let key = put(&store, &mut random, &open).await?;
    let fresh = keys(&store, &mut random, &open, count).await?;
    let (open, whole) = (called(key.expose())?, sent(whole_rest_event(key.expose())?));
    let unknown = (0..count)
        .map(|_| called(drawn(&mut random).expose()))
        .collect::<Outcome<_>>()?;
    let peer = drawn(&mut random);
    peers(&client, peer.expose()).await?;
    Ok(Events {
        open,
        whole,
        fresh,
        shut,
        unknown,
        malformed: called("not-a-key")?,
        peer: called(peer.expose())?,
    })
}

/// Writes so many keys more than `fill` did, and returns an event of each.
pub(crate) async fn more_keys(engine: &Engine, count: usize) -> Outcome<Vec<Event>> {
    let store = Store::new(&engine.client(), TABLE, Patience::Change);
    let open = store.plan(&OPEN.parse()?).await?.ok_or("no plan")?.plan;
    keys(&store, &mut Rng::with_seed(SEED + 1), &open, count).await
}

async fn keys(store: &Store, random: &mut Rng, plan: &Plan, count: usize) -> Outcome<Vec<Event>> {
    let mut events = Vec::with_capacity(count);
    for _ in 0..count {
        events.push(called(put(store, random, plan).await?.expose())?);
    }
    Ok(events)
}

/// A new key on a plan.
async fn put(store: &Store, random: &mut Rng, plan: &Plan) -> Outcome<KeyValue> {
    let value = drawn(random);
    let key = Key::new(&value, today());
    let twin = TwinValue::generate(&[7; 32]);
    let change = change(&format!("key {}", key.id), today());
    store.create_key(&key, &[plan], &twin, &change).await?;
    Ok(value)
}

async fn use_up(store: &Store, key: KeyId, plan: &Plan) -> Outcome<()> {
    let quota = plan.quota.ok_or("a plan without a quota")?;
    let now = i64::try_from(today().as_nanosecond())?;
    let window = (&quota, quota.period().window(now));
    let change = change("used up", today());
    store
        .grant(&Owner::Key(key), plan, window, 0, &change)
        .await?;
    Ok(())
}

fn drawn(random: &mut Rng) -> KeyValue {
    let mut bytes = [0; RANDOM_BYTES];
    random.fill(&mut bytes);
    KeyValue::generate(&Prefix::default(), &bytes)
}

/// A call with this value.
fn called(value: &str) -> Outcome<Event> {
    Ok(sent(event(value)?))
}

/// As the Runtime API sends it.
fn sent(event: String) -> Event {
    event.into_bytes().into()
}

/// The peers' table: benchmarks/peers/README.md says what is in it.
async fn peers(client: &Client, value: &str) -> Outcome<()> {
    client
        .create_table()
        .table_name(PEERS)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("pk")
                .attribute_type(ScalarAttributeType::S)
                .build()?,
        )
        .key_schema(
            KeySchemaElement::builder()
                .attribute_name("pk")
                .key_type(KeyType::Hash)
                .build()?,
        )
        .send()
        .await?;
    let hash = Sha256::digest(value);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let key = client.put_item().table_name(PEERS);
    key.item("pk", text(&format!("key#{hash}")))
        .item("plan", text("open"))
        .item("enabled", AttributeValue::Bool(true))
        .send()
        .await?;
    let plan = client.put_item().table_name(PEERS);
    plan.item("pk", text("plan#open"))
        .item("quota", AttributeValue::N("1000000000".to_owned()))
        .send()
        .await?;
    Ok(())
}
