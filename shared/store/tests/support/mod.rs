//! A table on the embedded engine, and things to put into it.

#![expect(
    unreachable_pub,
    reason = "each test is a crate of its own that shares this file"
)]
#![allow(dead_code, reason = "no test uses all of it")]

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use latchkey_domain::{
    Key, KeyValue, Period, Plan, PlanStage, Prefix, Quota, Request, StageSelector, Throttle,
    TwinValue,
};
use latchkey_store::{Change, Patience, Store, create_table};

pub const TABLE: &str = "latchkey";

/// Noon of 2026-11-25.
pub fn noon() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

pub struct Table {
    pub store: Store,
    pub client: Client,
}

impl Table {
    pub async fn new() -> Self {
        let client = latchkey_test_dynamodb::client();
        create_table(&client, TABLE).await.unwrap();
        Self {
            store: Store::new(&client, TABLE, Patience::Embedded),
            client,
        }
    }

    /// With [`key`] number 1 on a plan.
    pub async fn keyed(plan: &Plan) -> Self {
        let table = Self::new().await;
        table.store.create_plan(plan, &change()).await.unwrap();
        table.add_key(1, plan).await;
        table
    }

    /// Makes a key on a plan that is there.
    pub async fn add_key(&self, number: u64, plan: &Plan) {
        self.store
            .create_key(&key(number), &[plan], &twin(), &change())
            .await
            .unwrap();
    }

    /// Every item, as DynamoDB has it.
    pub async fn items(
        &self,
    ) -> Vec<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>> {
        self.client
            .scan()
            .table_name(TABLE)
            .send()
            .await
            .unwrap()
            .items
            .unwrap_or_default()
    }

    /// The actions of all audit records, oldest first.
    pub async fn actions(&self) -> Vec<String> {
        let mut records = self.items().await;
        records.retain(|item| item["pk"].as_s().unwrap().starts_with("AUDIT#"));
        records.sort_by_key(|item| item["sk"].as_s().unwrap().clone());
        records
            .iter()
            .map(|item| item["action"].as_s().unwrap().clone())
            .collect()
    }
}

/// A change, each a second after the one before.
pub fn change() -> Change {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    Change {
        at: noon()
            .checked_add(jiff::SignedDuration::from_secs(count as i64))
            .unwrap(),
        id: format!("{count:016}"),
        principal: "arn:aws:iam::123456789012:user/ops".into(),
        source_ip: Some("192.0.2.1".into()),
        receipt: None,
    }
}

/// A key; `number` makes its value.
pub fn key(number: u64) -> Key {
    let mut random = [0; 48];
    random[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    random[16..24].copy_from_slice(&number.to_be_bytes());
    let value = KeyValue::generate(&Prefix::default(), &random);
    Key {
        name: format!("key {number}").parse().ok(),
        updated: noon(),
        ..Key::new(
            &value,
            noon()
                .checked_add(jiff::SignedDuration::from_secs(number as i64))
                .unwrap(),
        )
    }
}

/// The value of a twin.
pub fn twin() -> TwinValue {
    TwinValue::generate(&[7; 32])
}

/// A plan for everything.
pub fn plan(id: &str, quota: Option<(u64, Period)>, throttle: Option<(&str, u64)>) -> Plan {
    Plan {
        throttle: throttle
            .map(|(rate, burst)| Throttle::new(rate.parse().unwrap(), Some(burst)).unwrap()),
        quota: quota.map(|(limit, period)| Quota::new(limit, period).unwrap()),
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*").unwrap(),
            methods: vec![],
        }],
        ..Plan::new(id.parse().unwrap(), id.parse().unwrap(), noon())
    }
}

/// A call to anything.
pub fn request() -> Request {
    Request {
        stage: latchkey_domain::ApiStage {
            api_id: "a1".into(),
            stage: "prod".into(),
        },
        method: "GET".into(),
        path: "/".into(),
        resource: None,
        source_ip: None,
        has_native_plans: true,
    }
}
