//! A table with a plan and a key on it that API Gateway is to have, and an account there.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use jiff::Timestamp;
use latchkey_domain::{
    Clock, Enforcement, Key, KeyValue, NativeKeyValue, Plan, PlanId, PlanStage, Prefix, Reading,
    StageSelector, TwinValue,
};
use latchkey_engine::Engine;
use latchkey_fake_gateway::{FakeGateway, FakeKey, FakePlan, Limits, Rates, Source};
use latchkey_gateway::Gateway;
use latchkey_store::{Change, Native, NativeObject, Patience, Settled, Store, create_table};
use latchkey_sync::{Inventory, Owner, Sync};
use tokio::time::Instant;

pub(crate) const TABLE: &str = "latchkey-keys";

pub(crate) struct World {
    pub(crate) fake: FakeGateway,
    pub(crate) store: Store,
    pub(crate) sync: Sync,
    clock: Clock,
    changes: AtomicU64,
}

impl World {
    /// Wanted, and tried by nobody.
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        let (plan, change) = (plan(), world.change());
        world.store.create_plan(&plan, &change).await.unwrap();
        world.make(&key()).await;
        world
    }

    /// In step.
    pub(crate) async fn in_step() -> Self {
        let world = Self::new().await;
        world.sync.first(&objects()).await.unwrap();
        for object in objects() {
            assert_eq!(world.state(&object).await, "inSync", "{object}");
        }
        world.fake.forget_calls();
        world
    }

    pub(crate) async fn empty() -> Self {
        let client = Engine::in_memory().unwrap().client();
        create_table(&client, TABLE).await.unwrap();
        let store = Store::new(&client, TABLE, Patience::Embedded);
        let fake = FakeGateway::new(Limits {
            rates: Rates::Unlimited,
            ..Limits::default()
        });
        fake.set_api("a1", Source::Authorizer, &["prod", "dev"]);
        let start = Instant::now();
        let clock = Clock::new(move || {
            let noon: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
            let passed = i64::try_from(start.elapsed().as_nanos()).unwrap();
            let wall = i64::try_from(noon.as_nanosecond()).unwrap() + passed;
            Reading {
                wall,
                steady: passed,
            }
        });
        let gateway = Gateway::new(&fake.client());
        let key_cache = Duration::from_secs(10);
        Self {
            sync: Sync::new(store.clone(), gateway, clock.clone(), key_cache),
            fake,
            store,
            clock,
            changes: AtomicU64::new(0),
        }
    }

    pub(crate) async fn make(&self, key: &Key) {
        let (plan, twin, change) = (plan(), twin(), self.change());
        let on = [&plan];
        let made = self.store.create_key(key, &on, &twin, &change);
        made.await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }

    pub(crate) fn change(&self) -> Change {
        let number = self.changes.fetch_add(1, Ordering::Relaxed);
        Change {
            at: self.now(),
            id: format!("{number:016}"),
            principal: "arn:aws:iam::123456789012:user/ops".into(),
            source_ip: None,
            receipt: None,
        }
    }

    pub(crate) async fn native(&self, object: &NativeObject) -> Native {
        self.store.native(object).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, object: &NativeObject) -> &'static str {
        self.native(object).await.state.as_str()
    }

    /// A later attempt, by somebody who has looked at all that is there.
    pub(crate) async fn attempt(&self, object: &NativeObject) {
        let inventory = self.inventory().await;
        self.attempt_with(object, &inventory).await;
    }

    pub(crate) async fn attempt_with(&self, object: &NativeObject, inventory: &Inventory) {
        let native = self.native(object).await;
        let until = self.now() + Duration::from_secs(300);
        let claimed = self.sync.claim(&native, until).await.unwrap().unwrap();
        self.sync.attempt(&claimed, inventory).await.unwrap();
    }

    pub(crate) async fn inventory(&self) -> Inventory {
        let gateway = self.sync.gateway();
        let read = Inventory::read(gateway, Owner(TABLE), self.now()).await;
        read.unwrap()
    }

    /// Has an object tried again from the start.
    pub(crate) async fn reopen(&self, object: &NativeObject) {
        let native = self.native(object).await;
        let reopened = self.store.reopen(&native, "a test", self.now());
        assert!(reopened.await.unwrap());
    }

    /// As if an attempt had made it and said no more.
    pub(crate) async fn forget_id(&self, object: &NativeObject) {
        let native = self.native(object).await;
        let later = Settled::Later {
            id: latchkey_store::Id::Gone,
            state: latchkey_store::NativeState::Pending,
            reason: "a test".to_owned(),
            due: self.now(),
        };
        self.store.settle(&native, &later).await.unwrap();
    }

    pub(crate) async fn delete_key(&self) {
        let record = self.store.key(key().id).await.unwrap().unwrap();
        let (plan, change) = (plan(), self.change());
        let on = [&plan];
        let deleted = self.store.delete_key(&record, &on, &[], &change);
        deleted.await.unwrap();
    }

    pub(crate) fn operations(&self) -> Vec<&'static str> {
        let calls = self.fake.calls();
        calls.iter().map(|call| call.operation).collect()
    }

    /// The only plan and the only key that are there.
    pub(crate) fn only(&self) -> (FakePlan, FakeKey) {
        let (plans, keys) = (self.fake.plans(), self.fake.keys());
        assert_eq!((plans.len(), keys.len()), (1, 1));
        let plan = plans.into_values().next().unwrap();
        (plan, keys.into_values().next().unwrap())
    }
}

pub(crate) fn gold() -> PlanId {
    "gold".parse().unwrap()
}

pub(crate) fn plan() -> Plan {
    let noon: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
    let stage = PlanStage {
        selector: StageSelector::new("a1", "prod").unwrap(),
        methods: vec![],
    };
    Plan {
        enforcement: Enforcement::ApiGateway,
        stages: vec![stage],
        ..Plan::new(gold(), "Gold".parse().unwrap(), noon)
    }
}

pub(crate) fn value() -> KeyValue {
    KeyValue::generate(&Prefix::default(), &[3; 48])
}

pub(crate) fn key() -> Key {
    Key {
        name: "Ann".parse().ok(),
        ..Key::new(&value(), "2026-11-25T12:00:00Z".parse().unwrap())
    }
}

pub(crate) fn header_key() -> Key {
    Key {
        native_value: NativeKeyValue::Header,
        ..key()
    }
}

pub(crate) fn twin() -> TwinValue {
    TwinValue::generate(&[7; 32])
}

pub(crate) fn of_plan() -> NativeObject {
    NativeObject::Plan(gold())
}

pub(crate) fn of_key() -> NativeObject {
    NativeObject::Key(key().id)
}

pub(crate) fn on_plan() -> NativeObject {
    NativeObject::PlanKey(key().id, gold())
}

pub(crate) fn objects() -> [NativeObject; 3] {
    [of_plan(), of_key(), on_plan()]
}
