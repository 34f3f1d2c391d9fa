//! A table on the embedded engine, behind a port of its own, and functions that use it.

use latchkey_authorizer::event::Kind;
use latchkey_domain::{
    Key, KeyValue, Plan, PlanStage, Prefix, Quota, RANDOM_BYTES, Reading, StageSelector, Throttle,
    TwinValue,
};
use latchkey_engine::Engine;
use latchkey_runtime_api::{Answer, Function, FunctionError};
use latchkey_store::{Change, Patience, Store, create_table};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const AUTHORIZER: &str = env!("CARGO_BIN_EXE_authorizer");
const TABLE: &str = "keys";
const START: Reading = Reading { wall: 0, steady: 0 };

/// The table. Its engine is served until this is dropped.
pub(crate) struct World {
    store: Store,
    endpoint: String,
    serving: JoinHandle<()>,
    changes: std::sync::atomic::AtomicU64,
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let engine = Engine::in_memory().unwrap();
        let client = engine.client();
        create_table(&client, TABLE).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            engine
                .serve(listener, std::future::pending())
                .await
                .unwrap();
        });
        Self {
            store: Store::new(&client, TABLE, Patience::Embedded),
            endpoint,
            serving,
            changes: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// Where its engine is served.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) async fn put_plan(&self, plan: &Plan) {
        self.store.create_plan(plan, &self.change()).await.unwrap();
    }

    /// Puts a key onto plans that are there.
    pub(crate) async fn put_key(&self, key: &Key, plans: &[&Plan]) {
        self.store
            .create_key(key, plans, &twin(), &self.change())
            .await
            .unwrap();
    }

    /// Units that are charged to a key, on whatever days.
    pub(crate) async fn charged(&self, key: &Key) -> i64 {
        let found = self.store.key_snapshot(key.id).await.unwrap().unwrap();
        let days = found.meters.values().flat_map(|meter| meter.days.values());
        days.sum()
    }

    pub(crate) async fn disable(&self, key: &Key) {
        let before = self.store.key(key.id).await.unwrap().unwrap();
        let after = Key {
            enabled: false,
            revision: before.key.revision + 1,
            ..before.key.clone()
        };
        self.store
            .update_key(&before, &after, &[], &self.change())
            .await
            .unwrap();
    }

    fn change(&self) -> Change {
        let count = self
            .changes
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Change {
            at: START.timestamp(),
            id: format!("{count:016}"),
            principal: "arn:aws:iam::123456789012:user/tests".to_owned(),
            source_ip: None,
            receipt: None,
        }
    }

    /// What a function needs to find the table, and more settings.
    pub(crate) fn settings(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let table = [
            ("TABLE_NAME", TABLE),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoint),
        ];
        let all = table.iter().chain(more);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    pub(crate) async fn function(&self, settings: &[(&str, &str)]) -> Function {
        Function::start(AUTHORIZER, self.settings(settings))
            .await
            .unwrap()
    }
}

/// A key without rules.
pub(crate) fn key(value: &KeyValue) -> Key {
    Key {
        name: "Ann's key".parse().ok(),
        customer_id: "acme".parse().ok(),
        ..Key::new(value, START.timestamp())
    }
}

/// The value that keys get for a twin at API Gateway.
pub(crate) fn twin() -> TwinValue {
    TwinValue::generate(&[7; 32])
}

/// A value that no event carries by itself.
pub(crate) fn value(number: u8) -> KeyValue {
    KeyValue::generate(&Prefix::default(), &[number; RANDOM_BYTES])
}

/// A plan for everything.
pub(crate) fn plan(id: &str, quota: Option<Quota>, throttle: Option<Throttle>) -> Plan {
    Plan {
        throttle,
        quota,
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*").unwrap(),
            methods: vec![],
        }],
        ..Plan::new(id.parse().unwrap(), id.parse().unwrap(), START.timestamp())
    }
}

/// The event of a kind, with this key value instead of its own.
pub(crate) fn event_with(kind: Kind, value: &KeyValue) -> String {
    let event = crate::event(kind.as_str());
    event.replace(crate::support::generated().expose(), value.expose())
}

/// The answer in one value; an error is its message.
pub(crate) fn shown(answer: Result<Answer, FunctionError>) -> Value {
    match answer.unwrap() {
        Answer::Response(answer) => answer,
        Answer::Error { error_message, .. } => Value::from(format!("error: {error_message}")),
    }
}
