//! A table on the embedded engine, a clock of the test's own, and what is put into them.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::Timestamp;
use latchkey_authorizer::{Authorizer, Handled, settings::Settings};
use latchkey_domain::{
    Clock, Key, KeyValue, Period, Plan, PlanStage, Prefix, Quota, RANDOM_BYTES, Reading, Reason,
    StageSelector, TwinValue,
};
use latchkey_store::{Change, Patience, PlanRecord, Store, create_table};
use serde_json::{Value, json, value::to_raw_value};

use crate::table::Passage;

pub(crate) const TABLE: &str = "latchkey";
pub(crate) const SECOND: i64 = 1_000_000_000;
/// Noon of 2026-11-25.
pub(crate) const NOON: i64 = (20_782 * 24 + 12) * 3_600 * SECOND;

/// A table, a clock that stands still until it is told, and an authorizer.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) time: Arc<AtomicI64>,
    pub(crate) authorizer: Authorizer,
}

impl World {
    pub(crate) async fn new(settings: &[(&str, &str)]) -> Self {
        let store = |client: &_| Store::new(client, TABLE, Patience::Embedded);
        Self::on(store, settings).await
    }

    /// With a table whose calls are counted, and fail where a test wants that.
    pub(crate) async fn counted(settings: &[(&str, &str)]) -> (Self, Passage) {
        let passage = Passage::default();
        let store = |client: &_| Store::new(&passage.to(client), TABLE, Patience::Embedded);
        (Self::on(store, settings).await, passage)
    }

    /// With a table that is reached in a way of the test's own.
    pub(crate) async fn on(
        store: impl Fn(&aws_sdk_dynamodb::Client) -> Store,
        settings: &[(&str, &str)],
    ) -> Self {
        let client = latchkey_test_dynamodb::client();
        create_table(&client, TABLE).await.unwrap();
        let store = store(&client);
        let time = Arc::new(AtomicI64::new(NOON));
        let authorizer = authorizer(&store, &time, settings).await;
        Self {
            store,
            time,
            authorizer,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.time.load(Ordering::SeqCst))).unwrap()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.time.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }

    /// Changes a plan that is there, as the admin API does.
    pub(crate) async fn change_plan(&self, id: &str, edit: impl FnOnce(&mut Plan)) {
        let before = self.store.plan(&id.parse().unwrap()).await.unwrap();
        let before = before.unwrap();
        let mut after = before.plan.clone();
        edit(&mut after);
        after.version = before.plan.next_version(self.now());
        let changed = self.store.update_plan(&before, &after, &change()).await;
        changed.unwrap();
    }

    /// What is left of the quota after a call of this method, or why it is refused.
    pub(crate) async fn left(&self, value: &str, method: &str) -> Result<Option<u64>, Reason> {
        left(&self.authorizer, value, method).await
    }

    pub(crate) async fn call(&self, value: &str) -> Handled {
        call(&self.authorizer, value, "a1", "prod").await
    }

    /// The reason of a refusal; none where the call passes.
    pub(crate) async fn reason(&self, value: &str) -> Option<Reason> {
        self.call(value).await.log.reason
    }
}

pub(crate) async fn authorizer(
    store: &Store,
    time: &Arc<AtomicI64>,
    settings: &[(&str, &str)],
) -> Authorizer {
    let get = |name: &str| match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        name => settings
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| (*value).to_owned()),
    };
    let time = time.clone();
    let clock = Clock::new(move || {
        let now = time.load(Ordering::SeqCst);
        Reading {
            wall: now,
            steady: now,
        }
    });
    Authorizer::start(Settings::read(get).unwrap(), store.clone(), clock).await
}

/// What is left of the quota after a call of `METHOD/path` on a1:prod, or why it is refused.
pub(crate) async fn left(
    authorizer: &Authorizer,
    value: &str,
    method: &str,
) -> Result<Option<u64>, Reason> {
    let log = call_of(authorizer, value, &format!("a1/prod/{method}"))
        .await
        .log;
    log.reason.map_or(Ok(log.quota_remaining), Err)
}

pub(crate) async fn call(authorizer: &Authorizer, value: &str, api: &str, stage: &str) -> Handled {
    call_of(authorizer, value, &format!("{api}/{stage}/GET/orders")).await
}

pub(crate) async fn call_of(authorizer: &Authorizer, value: &str, resource: &str) -> Handled {
    let event = json!({
        "type": "REQUEST",
        "methodArn": format!("arn:aws:execute-api:eu-west-1:123456789012:{resource}"),
        "resource": "/{proxy+}",
        "headers": { "X-Api-Key": value },
        "requestContext": { "identity": { "sourceIp": "192.0.2.1" } },
    });
    authorizer.handle(to_raw_value(&event).unwrap().get()).await
}

pub(crate) fn answer(handled: &Handled) -> Value {
    serde_json::from_str(handled.answer.as_ref().unwrap().get()).unwrap()
}

pub(crate) fn change() -> Change {
    static COUNT: AtomicI64 = AtomicI64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let at = Timestamp::from_second(NOON / SECOND + count).unwrap();
    Change {
        at,
        id: format!("{count:016}"),
        principal: "arn:aws:iam::123456789012:user/ops".into(),
        source_ip: None,
        receipt: None,
    }
}

pub(crate) fn value(seed: u8) -> KeyValue {
    KeyValue::generate(&Prefix::default(), &[seed; RANDOM_BYTES])
}

pub(crate) fn key(value: &KeyValue) -> Key {
    let noon = Timestamp::from_second(NOON / SECOND).unwrap();
    Key {
        name: "Acme".parse().ok(),
        ..Key::new(value, noon)
    }
}

pub(crate) fn plan(id: &str, quota: Option<u64>) -> Plan {
    let noon = Timestamp::from_second(NOON / SECOND).unwrap();
    Plan {
        quota: quota.map(|limit| Quota::new(limit, Period::Day).unwrap()),
        stages: vec![PlanStage {
            selector: StageSelector::new("a1", "prod").unwrap(),
            methods: vec![],
        }],
        ..Plan::new(id.parse().unwrap(), id.parse().unwrap(), noon)
    }
}

/// The value that keys get for a twin at API Gateway.
pub(crate) fn twin() -> TwinValue {
    TwinValue::generate(&[7; 32])
}

/// A plan with one key on it.
pub(crate) fn record(plan: &Plan) -> PlanRecord {
    PlanRecord {
        internal: 0,
        plan: plan.clone(),
        keys: 1,
        attached: 1,
    }
}

/// A key on a plan, both written.
pub(crate) async fn keyed(world: &World, plan: &Plan, seed: u8) -> KeyValue {
    world.store.create_plan(plan, &change()).await.unwrap();
    key_on(world, plan, seed).await
}

/// A key on a plan that is there.
pub(crate) async fn key_on(world: &World, plan: &Plan, seed: u8) -> KeyValue {
    let value = value(seed);
    world
        .store
        .create_key(&key(&value), &[plan], &twin(), &change())
        .await
        .unwrap();
    value
}
