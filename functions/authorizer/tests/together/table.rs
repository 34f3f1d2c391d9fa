//! A table on one engine, behind a port of its own.

use std::net::SocketAddr;

use latchkey_domain::{
    CustomerId, Key, KeyValue, Plan, PlanStage, Prefix, Quota, RANDOM_BYTES, Reading, Scope,
    StageSelector, Throttle, TwinValue,
    meter::{Meter, Owner},
};
use latchkey_engine::Engine;
use latchkey_store::{Change, Patience, Record, Store, create_table};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::written::MeterKey;

pub(crate) const TABLE: &str = "keys";
const START: Reading = Reading { wall: 0, steady: 0 };

/// The table. Its engine is served until this is dropped.
pub(crate) struct Table {
    pub(crate) address: SocketAddr,
    store: Store,
    serving: JoinHandle<()>,
}

/// A key on one plan.
pub(crate) struct Account {
    pub(crate) plan: Plan,
    /// Whose meter its calls are charged to.
    owner: Owner,
    /// Units of its quota that were used before anybody called.
    pub(crate) used_before: i64,
    /// The event of a call with it.
    pub(crate) event: String,
}

impl Drop for Table {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Table {
    pub(crate) async fn new() -> Self {
        let engine = Engine::in_memory().unwrap();
        let client = engine.client();
        create_table(&client, TABLE).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let never = std::future::pending();
        let serving = tokio::spawn(async move { engine.serve(listener, never).await.unwrap() });
        let store = Store::new(&client, TABLE, Patience::Embedded);
        Self {
            address,
            store,
            serving,
        }
    }

    /// Puts a plan and some keys on it.
    pub(crate) async fn accounts(&self, plan: &Plan, keys: u8) -> Vec<Account> {
        let change = change(plan.id.as_str());
        self.store.create_plan(plan, &change).await.unwrap();
        let mut accounts = Vec::new();
        for number in 0..keys {
            let value = KeyValue::generate(&Prefix::default(), &[number; RANDOM_BYTES]);
            let customer: CustomerId = "acme".parse().unwrap();
            let key = Key {
                customer_id: Some(customer.clone()),
                ..Key::new(&value, START.timestamp())
            };
            let twin = TwinValue::generate(&[7; 32]);
            let change = self::change(&number.to_string());
            let plans = [plan];
            let made = self.store.create_key(&key, &plans, &twin, &change).await;
            made.unwrap();
            accounts.push(Account {
                plan: plan.clone(),
                owner: match plan.scope {
                    Scope::Key => Owner::Key(key.id),
                    Scope::Customer => Owner::Customer(customer),
                },
                used_before: 0,
                event: event(&value),
            });
        }
        accounts
    }

    /// Leaves no more than `remaining` units of an account's quota.
    pub(crate) async fn leave(&self, account: &mut Account, remaining: u64) {
        let (plan, quota) = (&account.plan, account.plan.quota.unwrap());
        let window = (&quota, quota.period().window(START.wall));
        let change = change(&account.meter_key().0);
        let granted = self
            .store
            .grant(&account.owner, plan, window, remaining, &change)
            .await;
        granted.unwrap();
        account.used_before = quota.limit() as i64 - remaining as i64;
    }

    pub(crate) async fn meter(&self, account: &Account) -> Meter {
        let meter = self.store.meter(&account.owner, &account.plan.id).await;
        meter.unwrap().unwrap()
    }
}

impl Account {
    pub(crate) fn meter_key(&self) -> MeterKey {
        Record::Meter(&self.owner, &self.plan.id).key()
    }
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

fn event(value: &KeyValue) -> String {
    let event = serde_json::json!({
        "type": "TOKEN",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:r3stt0ken1/prod/GET/orders",
        "authorizationToken": value.expose(),
    });
    event.to_string()
}

fn change(of: &str) -> Change {
    Change {
        at: START.timestamp(),
        id: format!("{of:0>16}"),
        principal: "arn:aws:iam::123456789012:user/tests".to_owned(),
        source_ip: None,
        receipt: None,
    }
}
