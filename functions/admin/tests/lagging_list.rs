//! The list of a plan's keys is an index, which DynamoDB brings up after the table. The
//! embedded engine's is never behind, so that its items are changed by hand here.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::{Admin, Answer, Item, TABLE, stage_json};

/// The item that puts a key on a plan, and into the list of its keys.
async fn attachment(admin: &Admin, plan: &str, key: &str) -> Item {
    let is = |item: &Item, name: &str, text: &str| {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.is_some_and(|value| value == text)
    };
    let items = admin.items().await;
    let mut listed = items.into_iter().filter(|item| {
        item.contains_key("listPk") && is(item, "planId", plan) && is(item, "keyId", key)
    });
    listed.next().unwrap()
}

fn unlisted(mut item: Item) -> Item {
    assert!(item.remove("listPk").is_some() && item.remove("listSk").is_some());
    item
}

fn under(mut item: Item, sort: &str) -> Item {
    item.insert("sk".to_owned(), AttributeValue::S(sort.to_owned()));
    item
}

async fn put(admin: &Admin, item: Item) {
    let put = admin.engine.client().put_item().table_name(TABLE);
    put.set_item(Some(item)).send().await.unwrap();
}

async fn listed(admin: &Admin, plan: &str) -> Vec<String> {
    let mut keys = admin
        .get(&format!("/v1/plans/{plan}/keys"))
        .await
        .each("keyId");
    keys.sort();
    keys
}

async fn moved(admin: &Admin, plan: &str, stage: &str) -> Answer {
    let stages = json!({"apiStages": [stage_json(stage)]});
    admin.patch(&format!("/v1/plans/{plan}"), stages).await
}

/// The same, while the list comes up with `item` after more than one try.
async fn moved_meanwhile(admin: &Admin, plan: &str, stage: &str, item: Item) -> Answer {
    let later = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        put(admin, item).await;
    };
    tokio::join!(moved(admin, plan, stage), later).0
}

#[tokio::test(start_paused = true)]
async fn stages_wait_for_a_key_that_the_list_does_not_show_yet() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:x"]).await;
    let other = admin.plan("Other", &["a2:x"]).await;
    let (key, _) = admin.key(&[&plan, &other]).await;
    let whole = attachment(&admin, &plan, &key).await;
    put(&admin, unlisted(whole.clone())).await;
    assert!(listed(&admin, &plan).await.is_empty());

    let answer = moved(&admin, &plan, "a2:x").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (409, "changed-meanwhile"),
        "it never came up"
    );
    let answer = moved_meanwhile(&admin, &plan, "a3:x", whole.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);

    put(&admin, unlisted(whole.clone())).await;
    let answer = moved_meanwhile(&admin, &plan, "a2:x", whole).await;
    assert_eq!(answer.problem(), "plan-in-the-way", "it was not missed");
    assert_eq!(answer.text("keyId"), key);
}

#[tokio::test]
async fn a_key_that_is_listed_twice_or_no_longer_attached_does_not_matter() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:x"]).await;
    let other = admin.plan("Other", &["a2:x"]).await;
    let (key, _) = admin.key(&[&plan]).await;
    let (gone, _) = admin.key(&[&plan, &other]).await;
    let twice = under(attachment(&admin, &plan, &key).await, "TWICE");
    let stale = under(attachment(&admin, &plan, &gone).await, "STALE");
    admin.delete(&format!("/v1/plans/{plan}/keys/{gone}")).await;
    put(&admin, twice).await;
    put(&admin, stale).await;
    let mut expected = [key.clone(), key, gone];
    expected.sort();
    assert_eq!(listed(&admin, &plan).await, expected);
    assert_eq!(moved(&admin, &plan, "a2:x").await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_listed_twice_is_told_once_with_what_it_used() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (key, _) = admin.key(&[&plan]).await;
    let (gone, _) = admin.key(&[&plan]).await;
    admin.charge(&key, &plan).await;
    let twice = under(attachment(&admin, &plan, &key).await, "TWICE");
    let stale = under(attachment(&admin, &plan, &gone).await, "STALE");
    admin.delete(&format!("/v1/plans/{plan}/keys/{gone}")).await;
    put(&admin, twice).await;
    put(&admin, stale).await;
    let usage = admin.get(&format!("/v1/plans/{plan}/usage")).await;
    assert_eq!(usage.body["values"][&key], json!([[1, null]]));
    let of_plan = admin.get(&format!("/v1/keys?planId={plan}")).await;
    assert_eq!(of_plan.ids(), [key]);
}

/// More plans than are read at a time, the one in the way among the last.
#[tokio::test]
async fn each_of_many_other_plans_is_looked_at() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a0:x"]).await;
    let mut others = Vec::new();
    for number in 1..=40 {
        others.push(admin.plan("Other", &[&format!("a{number}:x")]).await);
    }
    for nine in others.chunks(9) {
        let mut on: Vec<&str> = nine.iter().map(String::as_str).collect();
        on.push(&plan);
        admin.key(&on).await;
    }
    for (number, other) in (1..).zip(&others) {
        let answer = moved(&admin, &plan, &format!("a{number}:x")).await;
        assert_eq!(
            (answer.problem(), &answer.text("planId")),
            ("plan-in-the-way", other)
        );
    }
    assert_eq!(moved(&admin, &plan, "a41:x").await.status, 200);
}
