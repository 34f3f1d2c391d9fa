//! What is changed while an instance has units on lease: what becomes of what was used, of the
//! lease, and when it acts (docs/metering.md, "Changes while running").

mod keys;
mod limits;
mod methods;
mod owners;

use std::sync::atomic::Ordering;

use latchkey_authorizer::Authorizer;
use latchkey_domain::{
    KeyId, KeyValue, Plan, Reason,
    meter::{Meter, Owner},
};
use latchkey_store::KeyRecord;

use crate::world::{World, authorizer, change, keyed, left, plan};

const ORDERS: &str = "GET/orders";
/// Of a quota so large that a busy key gets leases.
const LIMIT: u64 = 10_000;
/// How long a plan is remembered, in seconds.
const PLAN: i64 = 30;
/// Charges of calls that come at once: 1 unit, then what was asked for by then.
const CHARGED: i64 = 1 + 2 + 4 + 8;
/// Calls that this serves.
const CALLS: u64 = 8;
/// Units that are then left of the lease.
const OUT: u64 = 7;

/// Two instances, and a key on the plan `gold`.
struct Two {
    world: World,
    other: Authorizer,
    value: KeyValue,
}

impl Two {
    async fn new(settings: &[(&str, &str)], plan: &Plan) -> Self {
        let world = World::new(settings).await;
        let value = keyed(&world, plan, 1).await;
        let other = authorizer(&world.store, &world.time, settings).await;
        Self {
            world,
            other,
            value,
        }
    }

    /// With a quota a day of [`LIMIT`].
    async fn daily(settings: &[(&str, &str)]) -> Self {
        Self::new(settings, &plan("gold", Some(LIMIT))).await
    }

    fn id(&self) -> KeyId {
        self.value.presented().id
    }

    /// A call on the first instance: what is left of the quota, or why it is refused.
    async fn here(&self) -> Result<Option<u64>, Reason> {
        self.world.left(self.value.expose(), ORDERS).await
    }

    /// A call on the second.
    async fn there(&self) -> Result<Option<u64>, Reason> {
        left(&self.other, self.value.expose(), ORDERS).await
    }

    /// So many calls on the first instance, none of which is refused.
    async fn calls(&self, count: u64) {
        for number in 0..count {
            assert_eq!(self.here().await.err(), None, "call {number}");
        }
    }

    /// Calls at once on the first instance, until it has [`OUT`] units on lease.
    async fn take_lease(&self) {
        let before = self.charged("gold").await;
        self.calls(CALLS).await;
        assert_eq!(self.charged("gold").await - before, CHARGED);
    }

    async fn plan(&self) -> Plan {
        let record = self.world.store.plan(&"gold".parse().unwrap()).await;
        record.unwrap().unwrap().plan
    }

    async fn record(&self) -> KeyRecord {
        self.world.store.key(self.id()).await.unwrap().unwrap()
    }

    async fn meter(&self, plan: &str) -> Meter {
        let owner = Owner::Key(self.id());
        let meter = self.world.store.meter(&owner, &plan.parse().unwrap()).await;
        meter.unwrap().unwrap()
    }

    /// Units charged to the key on a plan.
    async fn charged(&self, plan: &str) -> i64 {
        self.meter(plan).await.days.values().sum()
    }

    /// Sets what is left of the quota, as the admin API does.
    async fn grant(&self, remaining: u64) {
        let plan = self.plan().await;
        let quota = plan.quota.unwrap();
        let window = quota
            .period()
            .window(self.world.time.load(Ordering::SeqCst));
        let owner = Owner::Key(self.id());
        let change = change();
        let store = &self.world.store;
        let granted = store.grant(&owner, &plan, (&quota, window), remaining, &change);
        granted.await.unwrap();
    }

    fn pass_milliseconds(&self, milliseconds: i64) {
        self.world
            .time
            .fetch_add(milliseconds * 1_000_000, Ordering::SeqCst);
    }
}

fn none_left<T>() -> Result<T, Reason> {
    Err(Reason::QuotaExceeded)
}
