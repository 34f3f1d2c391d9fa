//! A table, an account at API Gateway, and time that passes only in waiting.

use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use jiff::Timestamp;
use latchkey_domain::{
    Clock, Enforcement, Key, KeyId, KeyValue, Plan, PlanId, PlanStage, Prefix, Quota, Reading,
    StageSelector, Throttle, TwinValue,
};
use latchkey_engine::Engine;
use latchkey_fake_gateway::{FakeGateway, Limits, Rates, Source};
use latchkey_gateway::Gateway;
use latchkey_reconciler::{
    Outcome, Reconciler, Report,
    settings::{DriftMode, Rules},
};
use latchkey_store::{Change, Native, NativeObject, Patience, Store, create_table};
use latchkey_sync::Sync;
use tokio::time::{Instant, sleep};

use crate::dynamo::Dynamo;

pub(crate) const TABLE: &str = "latchkey-keys";
/// What a run has, as in Lambda.
pub(crate) const RUN: Duration = Duration::from_secs(280);

pub(crate) struct World {
    pub(crate) fake: FakeGateway,
    pub(crate) dynamo: Dynamo,
    client: Client,
    pub(crate) store: Store,
    pub(crate) sync: Sync,
    pub(crate) clock: Clock,
    count: AtomicU64,
}

impl World {
    /// An account without limits on rates, and a comparison that was just made.
    pub(crate) async fn new() -> Self {
        let limits = Limits {
            rates: Rates::Unlimited,
            ..Limits::default()
        };
        Self::with(limits).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let engine = Engine::in_memory().unwrap();
        let (dynamo, client) = Dynamo::over(&engine);
        create_table(&client, TABLE).await.unwrap();
        let fake = FakeGateway::new(limits);
        fake.set_api("a1", Source::Authorizer, &["prod", "dev"]);
        fake.set_api("a2", Source::Authorizer, &["prod"]);
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
        let world = Self::of(TABLE, fake, (dynamo, client), clock);
        let now = world.now();
        world.store.scan_done(now).await.unwrap();
        world
    }

    fn of(table: &str, fake: FakeGateway, over: (Dynamo, Client), clock: Clock) -> Self {
        let (dynamo, client) = over;
        let store = Store::new(&client, table, Patience::Change);
        let gateway = Gateway::new(&fake.client());
        let key_cache = Rules::default().key_cache;
        let sync = Sync::new(store.clone(), gateway, clock.clone(), key_cache);
        Self {
            fake,
            dynamo,
            client,
            store,
            sync,
            clock,
            count: AtomicU64::new(0),
        }
    }

    /// A copy of the table under another name, in front of the same account.
    pub(crate) async fn copied_to(&self, table: &str) -> Self {
        create_table(&self.client, table).await.unwrap();
        for item in self.items().await {
            let put = self.client.put_item().table_name(table);
            put.set_item(Some(item)).send().await.unwrap();
        }
        let over = (self.dynamo.clone(), self.client.clone());
        let copy = Self::of(table, self.fake.clone(), over, self.clock.clone());
        // Its changes have ids of their own.
        copy.count.store(1_000_000, Ordering::Relaxed);
        copy
    }

    pub(crate) async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        let scan = self.client.scan().table_name(self.store.table_name());
        let items = scan.into_paginator().items().send();
        items.collect::<Result<_, _>>().await.unwrap()
    }

    /// The audit records of what the reconciler has mended: action, entity, what was found.
    pub(crate) async fn mends(&self) -> Vec<String> {
        let items = self.items().await;
        let text = |value: &AttributeValue| value.as_s().unwrap().clone();
        let mends = items.iter().filter_map(|item| {
            let action = item.get("action").map(text)?;
            let mend = action.starts_with("native.");
            let found = &item.get("before")?.as_m().unwrap().get("found");
            mend.then(|| {
                assert_eq!(text(&item["principal"]), "latchkey:reconciler");
                let (entity, found) = (text(&item["entity"]), text(found.unwrap()));
                format!("{action} {entity}: {found}")
            })
        });
        mends.collect()
    }

    /// All that is in the table and at API Gateway.
    pub(crate) async fn state(&self) -> String {
        let items = self.items().await;
        let items = items.iter().map(|item| {
            let attributes = item
                .iter()
                .map(|(name, value)| format!("{name}: {value:?}"));
            let attributes: BTreeSet<String> = attributes.collect();
            format!("{attributes:?}")
        });
        let items: BTreeSet<String> = items.collect();
        format!("{items:?} {:?} {:?}", self.fake.plans(), self.fake.keys())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }

    /// A process that reconciles and never compares.
    pub(crate) fn reconciler(&self) -> Reconciler {
        self.reconciler_with(Rules {
            scan_every: Duration::from_secs(1_000_000_000),
            ..Rules::default()
        })
    }

    /// One that compares in each run.
    pub(crate) fn scanner(&self, drift: DriftMode) -> Reconciler {
        self.reconciler_with(Rules {
            drift,
            scan_every: Duration::ZERO,
            ..Rules::default()
        })
    }

    pub(crate) fn reconciler_with(&self, rules: Rules) -> Reconciler {
        let gateway = Gateway::new(&self.fake.client());
        let instance = self.count.fetch_add(1, Ordering::Relaxed);
        Reconciler::new(
            self.store.clone(),
            gateway,
            self.clock.clone(),
            rules,
            instance,
        )
    }

    /// Runs once, to the end.
    pub(crate) async fn run(&self, reconciler: &Reconciler) -> Report {
        match reconciler.run(Instant::now() + RUN).await.unwrap() {
            Outcome::Ran(report) => report,
            outcome => panic!("{outcome:?}"),
        }
    }

    /// Runs by the minute until nothing is pending.
    pub(crate) async fn settle(&self) {
        let reconciler = self.reconciler();
        for _ in 0..20 {
            if self.pending().await.is_empty() {
                return;
            }
            sleep(Duration::from_secs(60)).await;
            reconciler.run(Instant::now() + RUN).await.unwrap();
        }
        panic!("still pending: {:?}", self.pending().await);
    }

    pub(crate) async fn pending(&self) -> Vec<Native> {
        let page = self.store.pending(Timestamp::MAX, 500, None).await.unwrap();
        page.items
    }

    pub(crate) async fn native(&self, object: &NativeObject) -> Option<Native> {
        self.store.native(object).await.unwrap()
    }

    pub(crate) fn change(&self) -> Change {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        Change {
            at: self.now(),
            id: format!("{count:016}"),
            principal: "arn:aws:iam::123456789012:user/ops".into(),
            source_ip: None,
            receipt: None,
        }
    }

    /// Makes a plan, without API Gateway.
    pub(crate) async fn plan(&self, plan: &Plan) {
        self.store.create_plan(plan, &self.change()).await.unwrap();
    }

    /// Makes a key on a plan, without API Gateway.
    pub(crate) async fn key(&self, key: &Key, plan: &PlanId) {
        let plan = self.store.plan(plan).await.unwrap().unwrap().plan;
        let (on, twin, change) = ([&plan], twin(key.id), self.change());
        let made = self.store.create_key(key, &on, &twin, &change);
        made.await.unwrap();
    }

    /// Changes a plan's record, and what is wanted of API Gateway with it.
    pub(crate) async fn change_plan(&self, id: &PlanId, edit: impl FnOnce(&mut Plan)) {
        let before = self.store.plan(id).await.unwrap().unwrap();
        let mut after = before.plan.clone();
        edit(&mut after);
        after.version = before.plan.next_version(self.now());
        let change = self.change();
        self.store
            .update_plan(&before, &after, &change)
            .await
            .unwrap();
    }
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

/// A plan of one stage, with all that API Gateway's plans have.
pub(crate) fn plan(id: &str) -> Plan {
    let selector = StageSelector::new("a1", "prod").unwrap();
    let throttle = Throttle::new("5".parse().unwrap(), Some(10)).unwrap();
    let quota = Quota::new(1_000, latchkey_domain::Period::Day).unwrap();
    Plan {
        enforcement: Enforcement::ApiGateway,
        description: "For tests".parse().ok(),
        throttle: Some(throttle),
        quota: Some(quota),
        stages: vec![PlanStage {
            selector,
            methods: vec![],
        }],
        ..Plan::new(id.parse().unwrap(), id.parse().unwrap(), noon())
    }
}

pub(crate) fn stage(api: &str, stage: &str) -> PlanStage {
    PlanStage {
        selector: StageSelector::new(api, stage).unwrap(),
        methods: vec![],
    }
}

/// A key's value; `number` makes it.
pub(crate) fn value(number: u64) -> KeyValue {
    let mut random = [0; 48];
    random[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    random[16..24].copy_from_slice(&number.to_be_bytes());
    KeyValue::generate(&Prefix::default(), &random)
}

pub(crate) fn key(number: u64) -> Key {
    Key {
        name: format!("key {number}").parse().ok(),
        customer_id: "cus_1".parse().ok(),
        ..Key::new(&value(number), noon())
    }
}

/// The value of a key's twin.
pub(crate) fn twin(key: KeyId) -> TwinValue {
    let mut random = [7; 32];
    for (byte, letter) in random.iter_mut().zip(key.to_string().bytes().rev()) {
        *byte = letter;
    }
    TwinValue::generate(&random)
}
