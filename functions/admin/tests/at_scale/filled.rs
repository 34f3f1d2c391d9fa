//! A table with many keys: for each plan one is made by the API, and its items are copied with
//! other ids, names, customers and times.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::time::Instant;

use super::count::Count;
use crate::support::{Admin, Item, SECOND, TABLE, stage_json};

const DAY: i64 = 24 * 3_600 * SECOND;
const PLANS: usize = 50;
/// Keys of a customer.
const OF_CUSTOMER: usize = 20;
/// Items that are put at once.
const AT_ONCE: usize = 20_000;

/// What stands for a key's name and customer in the items that are copied.
const NAME: &str = "name-of-the-first";
const CUSTOMER: &str = "customer-of-the-first";

/// A table with keys on plans, 20 of a customer, each used on one day.
pub(super) struct Filled {
    pub(super) admin: Admin,
    pub(super) count: Count,
    pub(super) plans: Vec<String>,
    pub(super) keys: usize,
    pub(super) items: usize,
    /// How long it took to fill it.
    pub(super) took: Duration,
}

impl Filled {
    pub(super) async fn with(keys: usize) -> Self {
        let began = Instant::now();
        let admin = Admin::start().await;
        admin.pass(-20 * DAY);
        let mut plans = Vec::new();
        let mut firsts = Vec::new();
        for number in 0..PLANS {
            let body = json!({
                "name": format!("Plan {number}"),
                "quota": {"limit": 1_000, "period": "MONTH"},
                "apiStages": [stage_json(&format!("a{number}:prod"))],
            });
            plans.push(admin.post("/v1/plans", body).await.id());
            let body = json!({"name": NAME, "customerId": CUSTOMER, "planIds": [plans[number]]});
            let key = admin.post("/v1/keys", body).await;
            assert_eq!(key.status, 201, "{}", key.body);
            admin.charge(&key.id(), &plans[number]).await;
            firsts.push(First {
                id: key.id().trim_start_matches("key_").to_owned(),
                made: at(admin.now()),
                items: Vec::new(),
            });
            admin.pass(SECOND);
        }
        for item in admin.items().await {
            let first = firsts.iter_mut().find(|first| first.is_of(&item));
            first
                .into_iter()
                .for_each(|first| first.items.push(item.clone()));
        }
        let mut copies = Vec::new();
        for number in PLANS..keys {
            copies.extend(firsts[number % PLANS].copy(number));
            if copies.len() >= AT_ONCE {
                admin.engine.load(TABLE, copies.drain(..)).unwrap();
            }
        }
        admin.engine.load(TABLE, copies).unwrap();
        for (number, plan) in plans.iter().enumerate() {
            let on_plan = (keys + PLANS - 1 - number) / PLANS;
            count_keys(&admin, plan, on_plan).await;
        }
        admin.pass(20 * DAY);
        let count = Count::default();
        Self {
            admin: count.under(&admin),
            count,
            plans,
            keys,
            items: keys * firsts[0].items.len(),
            took: began.elapsed(),
        }
    }
}

/// The key of a plan that was made by the API, and its items.
struct First {
    id: String,
    made: Timestamp,
    items: Vec<Item>,
}

impl First {
    fn is_of(&self, item: &Item) -> bool {
        item.values()
            .any(|value| value.as_s().is_ok_and(|text| text.contains(&self.id)))
    }

    /// The items of key `number`, made so many milliseconds later.
    fn copy(&self, number: usize) -> Vec<Item> {
        let later = self.made + SignedDuration::from_millis(number as i64);
        let sortable = |at: Timestamp| format!("{:019}#", at.as_nanosecond());
        let said = [
            (self.id.clone(), format!("{number:016}")),
            (NAME.to_owned(), format!("key {number}")),
            (CUSTOMER.to_owned(), format!("cus_{}", number / OF_CUSTOMER)),
            (self.made.to_string(), later.to_string()),
            (sortable(self.made), sortable(later)),
        ];
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        let copied = |item: &Item| copied(item, &said, &hash);
        self.items.iter().map(copied).collect()
    }
}

fn copied(item: &Item, said: &[(String, String)], hash: &[u8]) -> Item {
    let of = |value: &AttributeValue| match value {
        AttributeValue::S(text) => AttributeValue::S(
            said.iter()
                .fold(text.clone(), |text, (old, new)| text.replace(old, new)),
        ),
        AttributeValue::B(_) => AttributeValue::B(hash.into()),
        AttributeValue::M(map) => AttributeValue::M(copied(map, said, hash)),
        other => other.clone(),
    };
    item.iter()
        .map(|(name, value)| (name.clone(), of(value)))
        .collect()
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanos.into()).unwrap()
}

/// Has a plan count its keys as attaching them would have.
async fn count_keys(admin: &Admin, plan: &str, keys: usize) {
    let key = HashMap::from([
        ("pk".to_owned(), AttributeValue::S("PLANS".into())),
        ("sk".to_owned(), AttributeValue::S(format!("PLAN#{plan}"))),
    ]);
    let update = admin.engine.client().update_item().table_name(TABLE);
    update
        .set_key(Some(key))
        .update_expression("SET #keys = :keys, #attached = :keys")
        .condition_expression("#keys = :one")
        .expression_attribute_names("#keys", "keys")
        .expression_attribute_names("#attached", "attached")
        .expression_attribute_values(":keys", AttributeValue::N(keys.to_string()))
        .expression_attribute_values(":one", AttributeValue::N("1".into()))
        .send()
        .await
        .unwrap();
}
