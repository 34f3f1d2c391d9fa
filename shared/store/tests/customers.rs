//! Plans whose allowance is the customer's, and buckets of methods: what is written, and what
//! stands in whose way.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_domain::{
    CustomerId, Key, MethodTerms, Period, Plan, Scope, StageTerms, Throttle,
    meter::{Answer, ChargeWrite, Form, Owner, ThrottleWrite, Write},
};
use latchkey_store::{CreateKeyError, KeyBatch, Lost, NewKey};
use support::{Table, change, key, noon, plan, twin};

fn team(id: &str) -> Plan {
    Plan {
        scope: Scope::Customer,
        ..plan(id, Some((5, Period::Day)), None)
    }
}

fn customer(id: &str) -> CustomerId {
    id.parse().unwrap()
}

fn key_of(number: u64, id: &str) -> Key {
    Key {
        customer_id: Some(customer(id)),
        ..key(number)
    }
}

async fn add(table: &Table, number: u64, id: &str, plan: &Plan) {
    let key = key_of(number, id);
    let made = table
        .store
        .create_key(&key, &[plan], &twin(), &change())
        .await;
    made.unwrap();
}

type Item = HashMap<String, AttributeValue>;

/// The items of a customer, by their sort keys.
async fn items_of(table: &Table, id: &str) -> Vec<(String, Item)> {
    let partition = format!("CUSTOMER#{id}");
    let mut items: Vec<(String, Item)> = table
        .items()
        .await
        .into_iter()
        .filter(|item| *item["pk"].as_s().unwrap() == partition)
        .map(|item| (item["sk"].as_s().unwrap().clone(), item))
        .collect();
    items.sort_by(|(one, _), (other, _)| one.cmp(other));
    items
}

async fn listed(table: &Table, plan: &Plan, limit: u16) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let page = table
            .store
            .plan_customers(plan, limit, cursor.as_ref())
            .await
            .unwrap();
        let ids = page.items.iter().map(|id| id.as_str().to_owned());
        pages.push(ids.collect());
        cursor = page.cursor;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn a_customer_s_keys_have_one_meter_and_the_customer_is_noted_once() {
    let (table, plan) = (Table::new().await, team("team"));
    table.store.create_plan(&plan, &change()).await.unwrap();
    add(&table, 1, "cus_1", &plan).await;
    let first = items_of(&table, "cus_1").await;
    let sorts: Vec<&str> = first.iter().map(|(sort, _)| sort.as_str()).collect();
    assert_eq!(sorts, ["METER#team", "PLAN#team"]);
    add(&table, 2, "cus_2", &plan).await;
    add(&table, 3, "cus_1", &plan).await;
    assert_eq!(items_of(&table, "cus_1").await, first, "nothing is new");
    assert_eq!(listed(&table, &plan, 1).await, [["cus_1"], ["cus_2"]]);
    assert_eq!(listed(&table, &team("other"), 9).await, [[""; 0]]);

    for number in [1, 3] {
        let record = table.store.key(key(number).id).await.unwrap().unwrap();
        let detached = table.store.detach(&record, &plan, &[], &change()).await;
        detached.unwrap();
    }
    assert_eq!(items_of(&table, "cus_1").await, first, "not touched");
    let snapshot = table.store.key_snapshot(key(1).id).await.unwrap().unwrap();
    assert!(snapshot.meters.is_empty(), "the key has none of its own");
}

#[tokio::test]
async fn a_plan_made_again_has_the_customers_that_came_to_it() {
    let (table, plan) = (Table::new().await, team("team"));
    table.store.create_plan(&plan, &change()).await.unwrap();
    add(&table, 1, "cus_1", &plan).await;
    add(&table, 2, "cus_2", &plan).await;
    for number in [1, 2] {
        let record = table.store.key(key(number).id).await.unwrap().unwrap();
        let detached = table.store.detach(&record, &plan, &[], &change()).await;
        detached.unwrap();
    }
    table.store.delete_plan(&plan, &change()).await.unwrap();
    let second = jiff::SignedDuration::from_secs(1);
    let again = Plan {
        created: noon().checked_add(second).unwrap(),
        version: plan.version + 1_000,
        ..team("team")
    };
    table.store.create_plan(&again, &change()).await.unwrap();
    assert_eq!(listed(&table, &again, 9).await, [[""; 0]]);
    add(&table, 3, "cus_2", &again).await;
    assert_eq!(listed(&table, &again, 9).await, [["cus_2"]]);
}

#[tokio::test]
async fn a_plan_that_changed_meanwhile_is_named_behind_a_shared_one_too() {
    let (table, shared, gone) = (Table::new().await, team("shared"), plan("gone", None, None));
    table.store.create_plan(&shared, &change()).await.unwrap();
    let key = key_of(1, "cus_1");
    let made = table
        .store
        .create_key(&key, &[&shared, &gone], &twin(), &change())
        .await;
    assert!(
        matches!(&made, Err(CreateKeyError::PlanChanged(id)) if *id == gone.id),
        "{made:?}"
    );
    assert!(items_of(&table, "cus_1").await.is_empty());
}

#[tokio::test]
async fn an_import_notes_the_customers_whose_meters_it_opens() {
    let (table, plan) = (Table::new().await, team("team"));
    table.store.create_plan(&plan, &change()).await.unwrap();
    let keys = [key_of(1, "cus_1"), key_of(2, "cus_2"), key_of(3, "cus_1")];
    let mut batch = KeyBatch::default();
    for key in &keys {
        let new = NewKey {
            key,
            plans: vec![&plan],
            twin: twin(),
            change: change(),
        };
        assert!(batch.add(new).is_ok());
    }
    table.store.import_keys(&batch).await.unwrap();
    assert_eq!(listed(&table, &plan, 9).await, [["cus_1", "cus_2"]]);
    for id in ["cus_1", "cus_2"] {
        let owner = Owner::Customer(customer(id));
        let meter = table.store.meter(&owner, &plan.id).await.unwrap();
        assert!(meter.is_some(), "{id}");
    }
}

fn stages(plan: &Plan, throttled: &[&str]) -> Vec<StageTerms> {
    let method = |key: &&str| MethodTerms {
        method: key.parse().unwrap(),
        throttle: Throttle::new("1".parse().unwrap(), Some(1)).ok(),
        units: None,
    };
    let stage = |stage: &latchkey_domain::PlanStage| StageTerms {
        selector: stage.selector.clone(),
        methods: throttled.iter().map(method).collect(),
    };
    plan.stages.iter().map(stage).collect()
}

#[tokio::test]
async fn only_stages_that_come_are_lost_to_a_key_that_came_meanwhile() {
    let plan = plan("gold", None, None);
    let table = Table::keyed(&plan).await;
    let before = table.store.plan(&plan.id).await.unwrap().unwrap();
    table.add_key(2, &plan).await;
    let mut after = before.plan.clone();
    after.version += 1;
    let elsewhere = Plan {
        stages: vec![latchkey_domain::PlanStage {
            selector: latchkey_domain::StageSelector::new("a9", "x").unwrap(),
            methods: vec![],
        }],
        ..after.clone()
    };
    let lost = table
        .store
        .update_plan(&before, &elsewhere, &change())
        .await;
    assert!(matches!(lost, Err(Lost::Condition(_))), "{lost:?}");
    after
        .set_stages(stages(&plan, &["/a/GET", "/b/GET"]))
        .unwrap();
    let changed = table.store.update_plan(&before, &after, &change()).await;
    changed.unwrap();
    let read = table.store.plan(&plan.id).await.unwrap().unwrap();
    assert_eq!((&read.plan, read.keys), (&after, 2));
    assert_eq!(read.plan.buckets_given, 2);
    // A plan without its stages is in nobody's way, whoever has come.
    let stale = latchkey_store::PlanRecord {
        attached: before.attached,
        ..read
    };
    let without = Plan {
        stages: vec![],
        version: after.version + 1,
        ..after
    };
    let changed = table.store.update_plan(&stale, &without, &change()).await;
    changed.unwrap();
}

#[tokio::test]
async fn a_bucket_has_any_of_the_numbers() {
    let plan = plan("gold", None, None);
    let table = Table::keyed(&plan).await;
    let owner = Owner::Key(key(1).id);
    for bucket in [0, 1, 255, 256, u16::MAX] {
        let write = |drop_buckets| ChargeWrite {
            plan_version: plan.version,
            net: 1,
            day: 20_782,
            quota: None,
            throttle: Some(ThrottleWrite {
                bucket,
                form: Form::Idle {
                    now: 100,
                    arrival: 150,
                },
            }),
            drop_buckets,
            drop_windows: vec![],
            by_previous: false,
        };
        let answer = table
            .store
            .write_meter(&owner, &plan.id, &Write::Charge(write(vec![])))
            .await;
        let applied = |answer| match answer {
            Answer::Applied(meter) => meter,
            other => unreachable!("{other:?}"),
        };
        assert_eq!(applied(answer).arrivals[&bucket], 150);
        let other = bucket.wrapping_add(1);
        let write = ChargeWrite {
            throttle: None,
            ..write(vec![bucket, other])
        };
        let answer = table
            .store
            .write_meter(&owner, &plan.id, &Write::Charge(write))
            .await;
        assert!(applied(answer).arrivals.is_empty(), "dropped");
    }
}
