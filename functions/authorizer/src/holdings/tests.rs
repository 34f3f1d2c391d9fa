//! Meters that are let go of, and what becomes of their leases.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use latchkey_domain::{
    ApiStage, Key, KeyValue, Nanos, Plan, PlanStage, Prefix, RANDOM_BYTES, Request, StageSelector,
    TwinValue,
    meter::{Asked, Step},
};
use latchkey_engine::Engine;
use latchkey_store::{Change, Patience, create_table};

use super::*;
use crate::settings::MetricsOf;

/// Noon of 2026-11-25.
const NOON: Nanos = (20_782 * 24 + 12) * 3_600 * 1_000_000_000;
const TEN_MILLIS: Nanos = 10_000_000;

struct World {
    time: Arc<AtomicI64>,
    holdings: Holdings,
    plan: Plan,
    owners: Vec<Owner>,
}

fn change(count: usize) -> Change {
    Change {
        at: Timestamp::from_nanosecond(i128::from(NOON)).unwrap(),
        id: format!("{count:016}"),
        principal: "arn:aws:iam::123456789012:user/ops".into(),
        source_ip: None,
        receipt: None,
    }
}

impl World {
    /// Room for `most` meters, and keys of one plan without limits.
    async fn new(most: usize, keys: u8) -> Self {
        let client = Engine::in_memory().unwrap().client();
        create_table(&client, "latchkey").await.unwrap();
        let store = Store::new(&client, "latchkey", Patience::Embedded);
        let noon = change(0).at;
        let plan = Plan {
            stages: vec![PlanStage {
                selector: StageSelector::new("a1", "prod").unwrap(),
                methods: vec![],
            }],
            ..Plan::new("gold".parse().unwrap(), "gold".parse().unwrap(), noon)
        };
        store.create_plan(&plan, &change(0)).await.unwrap();
        let mut owners = Vec::new();
        for seed in 1..=keys {
            let value = KeyValue::generate(&Prefix::default(), &[seed; RANDOM_BYTES]);
            let key = Key::new(&value, noon);
            let twin = TwinValue::generate(&[7; 32]);
            let change = change(seed.into());
            let made = store.create_key(&key, &[&plan], &twin, &change).await;
            made.unwrap();
            owners.push(Owner::Key(key.id));
        }
        let time = Arc::new(AtomicI64::new(NOON));
        let told = time.clone();
        let clock = Clock::new(move || {
            let now = told.load(Ordering::SeqCst);
            Reading {
                wall: now,
                steady: now,
            }
        });
        let metrics = Metrics::new("latchkey", MetricsOf::Totals, clock.now());
        let metrics = Arc::new(metrics);
        let holdings = Holdings {
            most,
            ..Holdings::new((store, clock, metrics), 1_000)
        };
        Self {
            time,
            holdings,
            plan,
            owners,
        }
    }

    /// Calls with a key, a hundred a second, until a lease is half spent.
    async fn call(&self, owner: &Owner, calls: usize) {
        let request = Request {
            stage: ApiStage {
                api_id: "a1".into(),
                stage: "prod".into(),
            },
            method: "GET".into(),
            path: "/orders".into(),
            resource: None,
            source_ip: None,
            has_native_plans: true,
        };
        let terms = self.plan.terms(&request);
        for _ in 0..calls {
            self.time.fetch_add(TEN_MILLIS, Ordering::SeqCst);
            let now = self.holdings.clock.now();
            let shared = self.holdings.of(owner, &self.plan.id, now);
            let mut holding = shared.lock().await;
            if let Asked::Charge(mut charge, write) = holding.ask(&terms, false, now) {
                let store = &self.holdings.store;
                let answer = store.write_meter(owner, &self.plan.id, &write).await;
                let step = charge.answer(&mut holding, answer, &now);
                assert!(matches!(step, Step::Done(_)), "{step:?}");
            }
        }
    }

    async fn charged(&self, owner: &Owner) -> i64 {
        let meter = self.holdings.store.meter(owner, &self.plan.id).await;
        meter.unwrap().unwrap().days.values().sum()
    }
}

#[tokio::test]
async fn the_oldest_meter_goes_first_and_its_lease_is_given_back_with_a_later_call() {
    let world = World::new(2, 3).await;
    let [first, second, third] = &world.owners[..] else {
        panic!()
    };
    world.call(first, 150).await;
    world.call(second, 1).await;
    assert!(world.charged(first).await > 150, "a lease is out");
    world.holdings.give_back_some(BESIDE_A_CALL).await;
    assert!(world.charged(first).await > 150, "it is still held");
    world.call(third, 1).await;
    world.holdings.give_back_some(BESIDE_A_CALL).await;
    assert_eq!(world.charged(first).await, 150);
    assert_eq!(world.holdings.held.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_meter_without_a_lease_leaves_nothing_behind() {
    let world = World::new(1, 3).await;
    for owner in &world.owners {
        world.call(owner, 1).await;
    }
    assert_eq!(world.holdings.leaving.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn all_leases_are_given_back_at_the_end_and_once() {
    let world = World::new(10, 5).await;
    for (number, owner) in world.owners.iter().enumerate() {
        world.call(owner, 100 + number).await;
    }
    for _ in 0..2 {
        world.holdings.give_back_all(Duration::from_secs(10)).await;
        for (number, owner) in world.owners.iter().enumerate() {
            assert_eq!(world.charged(owner).await, 100 + number as i64);
        }
    }
}

#[tokio::test]
async fn what_a_charge_under_way_brings_to_a_meter_let_go_of_is_given_back_later() {
    let world = World::new(1, 2).await;
    let [first, second] = &world.owners[..] else {
        panic!()
    };
    world.call(first, 150).await;
    assert!(world.charged(first).await > 150, "a lease is out");
    let now = world.holdings.clock.now();
    let shared = world.holdings.of(first, &world.plan.id, now);
    let under_way = shared.lock().await;
    world.call(second, 1).await;
    world.holdings.give_back_some(BESIDE_A_CALL).await;
    assert!(world.charged(first).await > 150, "it is still in use");
    drop(under_way);
    world.holdings.give_back_some(BESIDE_A_CALL).await;
    assert!(world.charged(first).await > 150, "a call holds it still");
    drop(shared);
    world.holdings.give_back_some(BESIDE_A_CALL).await;
    assert_eq!(world.charged(first).await, 150);
}

#[tokio::test]
async fn no_more_meters_wait_than_there_is_room_for() {
    let world = World::new(1, 1).await;
    let name = (world.owners[0].clone(), world.plan.id.clone());
    let now = world.holdings.clock.now();
    let shared = world.holdings.of(&name.0, &name.1, now);
    let one = || (name.clone(), shared.clone());
    assert_eq!(world.holdings.wait(vec![one(); LEAVING - 1]), 0);
    assert_eq!(world.holdings.wait(vec![one(), one(), one()]), 2);
    assert_eq!(world.holdings.leaving.lock().unwrap().len(), LEAVING);
}
