//! Keys, plans and attachments on a real engine: what is written together, and races.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_domain::{Period, PlanId, meter::Owner};
use latchkey_store::{AttachError, CreateKeyError, DeletePlanError, GrantError, Lost, PlanRecord};
use support::{TABLE, Table, change, key, noon, plan, twin};

#[tokio::test]
async fn a_key_is_made_with_its_plans_in_one_step() {
    let table = Table::new().await;
    let (gold, key) = (plan("gold", Some((5, Period::Day)), None), key(1));
    table.store.create_plan(&gold, &change()).await.unwrap();
    table
        .store
        .create_key(&key, &[&gold], &twin(), &change())
        .await
        .unwrap();

    let snapshot = table.store.key_snapshot(key.id).await.unwrap().unwrap();
    assert_eq!(snapshot.record.key, key);
    assert_eq!(snapshot.record.plan_ids, [gold.id.clone()].into());
    assert_eq!(snapshot.meters[&gold.id].plan_version, gold.version);
    assert_eq!(table.store.plan(&gold.id).await.unwrap().unwrap().keys, 1);
    let attached = table.store.attachments(&gold.id, 10, None).await.unwrap();
    assert_eq!(
        attached.items.iter().map(|a| a.key_id).collect::<Vec<_>>(),
        [key.id]
    );
    assert_eq!(table.actions().await, ["plan.create", "key.create"]);
}

#[tokio::test]
async fn a_taken_value_names_the_key_and_writes_nothing() {
    let table = Table::new().await;
    let gold = plan("gold", None, None);
    table.store.create_plan(&gold, &change()).await.unwrap();
    table
        .store
        .create_key(&key(1), &[], &twin(), &change())
        .await
        .unwrap();
    let before = table.items().await.len();
    let again = table
        .store
        .create_key(&key(1), &[&gold], &twin(), &change())
        .await;
    assert!(
        matches!(again, Err(CreateKeyError::Taken(id)) if id == key(1).id),
        "{again:?}"
    );
    assert_eq!(table.items().await.len(), before);
    assert_eq!(table.store.plan(&gold.id).await.unwrap().unwrap().keys, 0);
}

#[tokio::test]
async fn a_plan_that_changed_meanwhile_stops_the_creation() {
    let table = Table::new().await;
    let (first, second) = (plan("first", None, None), plan("second", None, None));
    table.store.create_plan(&first, &change()).await.unwrap();
    let made = table
        .store
        .create_key(&key(1), &[&first, &second], &twin(), &change())
        .await;
    assert!(
        matches!(&made, Err(CreateKeyError::PlanChanged(id)) if *id == second.id),
        "{made:?}"
    );
    assert_eq!(table.store.key(key(1).id).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_changes_from_one_state_one_is_lost() {
    let table = Table::new().await;
    table
        .store
        .create_key(&key(1), &[], &twin(), &change())
        .await
        .unwrap();
    let before = table.store.key(key(1).id).await.unwrap().unwrap();
    let mut after = before.key.clone();
    after.enabled = false;
    after.name = None;
    after.revision += 1;
    table
        .store
        .update_key(&before, &after, &[], &change())
        .await
        .unwrap();
    let lost = table
        .store
        .update_key(&before, &before.key, &[], &change())
        .await;
    assert!(matches!(lost, Err(Lost::Condition(0))), "{lost:?}");
    assert_eq!(
        table.store.key(key(1).id).await.unwrap().unwrap().key,
        after
    );
    assert_eq!(table.actions().await, ["key.create", "key.update"]);
}

#[tokio::test]
async fn attaching_and_detaching_count_and_keep_what_was_used() {
    let table = Table::new().await;
    let (gold, key) = (plan("gold", Some((5, Period::Day)), None), key(1));
    table.store.create_plan(&gold, &change()).await.unwrap();
    table
        .store
        .create_key(&key, &[], &twin(), &change())
        .await
        .unwrap();
    let record = async || table.store.key(key.id).await.unwrap().unwrap();
    table
        .store
        .attach(&record().await, &gold, &twin(), &change())
        .await
        .unwrap();
    let stale = record().await;
    let owner = Owner::Key(key.id);
    let quota = gold.quota.unwrap();
    let window = quota.period().window(noon().as_nanosecond() as i64);
    table
        .store
        .grant(&owner, &gold, (&quota, window), 2, &change())
        .await
        .unwrap();

    table
        .store
        .detach(&record().await, &gold, &[], &change())
        .await
        .unwrap();
    assert!(record().await.plan_ids.is_empty());
    assert_eq!(table.store.plan(&gold.id).await.unwrap().unwrap().keys, 0);
    assert_eq!(
        table.store.attachment(key.id, &gold.id).await.unwrap(),
        None
    );
    assert!(
        table
            .store
            .meter(&owner, &gold.id)
            .await
            .unwrap()
            .unwrap()
            .detached
    );
    let refused = table
        .store
        .grant(&owner, &gold, (&quota, window), 2, &change())
        .await;
    assert!(
        matches!(refused, Err(GrantError::Changed)),
        "nothing is granted to a tombstone"
    );
    let lost = table.store.detach(&stale, &gold, &[], &change()).await;
    assert!(
        matches!(lost, Err(AttachError::Changed)),
        "the key has changed since"
    );

    table
        .store
        .attach(&record().await, &gold, &twin(), &change())
        .await
        .unwrap();
    let meter = table.store.meter(&owner, &gold.id).await.unwrap().unwrap();
    assert!(!meter.detached);
    assert_eq!(meter.windows[&window.start], 3, "detaching resets no quota");
    assert_eq!(
        table.actions().await,
        [
            "plan.create",
            "key.create",
            "attachment.create",
            "usage.grant",
            "attachment.delete",
            "attachment.create"
        ]
    );
}

#[tokio::test]
async fn a_plan_in_use_is_not_deleted() {
    let gold = plan("gold", None, None);
    let table = Table::keyed(&gold).await;
    assert!(matches!(
        table.store.delete_plan(&gold, &change()).await,
        Err(DeletePlanError::Changed)
    ));
    let record = table.store.key(key(1).id).await.unwrap().unwrap();
    table
        .store
        .delete_key(&record, &[&gold], &[], &change())
        .await
        .unwrap();
    table.store.delete_plan(&gold, &change()).await.unwrap();
    assert_eq!(table.store.plan(&gold.id).await.unwrap(), None);
    assert_eq!(table.store.key(key(1).id).await.unwrap(), None);
    let left: Vec<_> = table
        .items()
        .await
        .iter()
        .map(|item| item["pk"].as_s().unwrap().clone())
        .collect();
    let meters = left.iter().filter(|pk| pk.starts_with("KEY#")).count();
    assert_eq!(meters, 1, "only the meter's tombstone is left: {left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_attached_at_once_are_all_counted() {
    let table = Table::new().await;
    let gold = plan("gold", None, None);
    table.store.create_plan(&gold, &change()).await.unwrap();
    let tasks = (0..24).map(|number| {
        let (store, gold) = (table.store.clone(), gold.clone());
        tokio::spawn(async move {
            store
                .create_key(&key(number), &[&gold], &twin(), &change())
                .await
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!(table.store.plan(&gold.id).await.unwrap().unwrap().keys, 24);
}

#[tokio::test]
async fn keys_are_listed_in_pages_without_gaps_while_others_write() {
    let table = Table::new().await;
    for number in 0..10 {
        table
            .store
            .create_key(&key(number), &[], &twin(), &change())
            .await
            .unwrap();
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = table.store.keys(3, cursor.as_ref()).await.unwrap();
        seen.extend(page.items.iter().map(|record| record.key.id));
        // One that was seen goes, one comes at the end.
        if seen.len() == 3 {
            let first = table.store.key(seen[0]).await.unwrap().unwrap();
            table
                .store
                .delete_key(&first, &[], &[], &change())
                .await
                .unwrap();
            table
                .store
                .create_key(&key(100), &[], &twin(), &change())
                .await
                .unwrap();
        }
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..10).chain([100]).map(|number| key(number).id).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn plans_change_by_version_and_are_listed_by_id() {
    let table = Table::new().await;
    for id in ["b", "a", "c"] {
        table
            .store
            .create_plan(&plan(id, None, None), &change())
            .await
            .unwrap();
    }
    assert!(matches!(
        table
            .store
            .create_plan(&plan("a", None, None), &change())
            .await,
        Err(Lost::Condition(0))
    ));
    let before = plan("a", None, None);
    let mut after = plan("a", Some((7, Period::Month)), Some(("2.5", 4)));
    after.version = before.next_version(noon());
    let before = PlanRecord {
        internal: 0,
        plan: before,
        keys: 0,
        attached: 0,
    };
    table
        .store
        .update_plan(&before, &after, &change())
        .await
        .unwrap();
    assert!(matches!(
        table.store.update_plan(&before, &after, &change()).await,
        Err(Lost::Condition(0))
    ));
    assert_eq!(
        table.store.plan(&after.id).await.unwrap().unwrap().plan,
        after
    );
    let first = table.store.plans(2, None).await.unwrap();
    let second = table.store.plans(2, first.cursor.as_ref()).await.unwrap();
    let ids = |page: &latchkey_store::Page<PlanRecord>| -> Vec<PlanId> {
        page.items
            .iter()
            .map(|record| record.plan.id.clone())
            .collect()
    };
    let whole = table.store.plans(3, None).await.unwrap();
    assert_eq!(
        (whole.items.len(), whole.cursor),
        (3, None),
        "no cursor on the last page"
    );
    assert_eq!(second.cursor, None);
    assert_eq!(
        [ids(&first), ids(&second)].concat(),
        ["a", "b", "c"].map(|id| id.parse().unwrap())
    );
}

#[tokio::test]
async fn no_audit_record_tells_a_hash() {
    let table = Table::new().await;
    table
        .store
        .create_key(&key(1), &[], &twin(), &change())
        .await
        .unwrap();
    let record = table.store.key(key(1).id).await.unwrap().unwrap();
    table
        .store
        .delete_key(&record, &[], &[], &change())
        .await
        .unwrap();
    let records: Vec<_> = table
        .items()
        .await
        .into_iter()
        .filter(|item| item["pk"].as_s().unwrap().starts_with("AUDIT#"))
        .collect();
    assert_eq!(records.len(), 2);
    for record in &records {
        assert!(!format!("{record:?}").contains("hash"), "{record:?}");
        assert_eq!(
            record["principal"].as_s().unwrap(),
            "arn:aws:iam::123456789012:user/ops"
        );
    }
    assert!(
        records
            .iter()
            .any(|record| record["action"].as_s().unwrap() == "key.delete"
                && record.contains_key("before"))
    );
}

#[tokio::test]
async fn every_record_carries_its_format_s_version_and_tolerates_what_it_does_not_know() {
    let gold = plan("gold", None, None);
    let table = Table::keyed(&gold).await;
    let items = table.items().await;
    assert_eq!(
        items.len(),
        6,
        "plan, key, attachment, meter and two audit records"
    );
    for mut item in items {
        assert_eq!(item["v"].as_n().unwrap(), "1", "{item:?}");
        item.insert("ofALaterRelease".into(), AttributeValue::Bool(true));
        let put = table
            .client
            .put_item()
            .table_name(TABLE)
            .set_item(Some(item));
        put.send().await.unwrap();
    }
    let snapshot = table.store.key_snapshot(key(1).id).await.unwrap().unwrap();
    assert_eq!(snapshot.record.key, key(1));
    assert_eq!(snapshot.meters.len(), 1);
    let record = table.store.plan(&gold.id).await.unwrap().unwrap();
    assert_eq!((record.plan, record.keys), (gold.clone(), 1));
    let attached = table.store.attachments(&gold.id, 5, None).await.unwrap();
    assert_eq!(attached.items.len(), 1);
}

#[tokio::test]
async fn stages_are_not_changed_over_a_key_that_was_not_looked_at() {
    let table = Table::new().await;
    let gold = plan("gold", None, None);
    table.store.create_plan(&gold, &change()).await.unwrap();
    let seen = table.store.plan(&gold.id).await.unwrap().unwrap();
    table.add_key(1, &gold).await;
    let mut after = gold.clone();
    after.version = gold.next_version(noon());
    after.stages[0].selector = latchkey_domain::StageSelector::new("a9", "x").unwrap();
    let lost = table.store.update_plan(&seen, &after, &change()).await;
    assert!(matches!(lost, Err(Lost::Condition(0))), "{lost:?}");
    let record = table.store.key(key(1).id).await.unwrap().unwrap();
    table
        .store
        .detach(&record, &gold, &[], &change())
        .await
        .unwrap();
    let lost = table.store.update_plan(&seen, &after, &change()).await;
    assert!(
        matches!(lost, Err(Lost::Condition(0))),
        "one has come and gone: {lost:?}"
    );
    after.stages = gold.stages.clone();
    after.name = "Other".parse().unwrap();
    table
        .store
        .update_plan(&seen, &after, &change())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_audit_record_tells_what_was_before() {
    let gold = plan("gold", Some((5, Period::Day)), None);
    let table = Table::keyed(&gold).await;
    let quota = gold.quota.unwrap();
    let window = quota.period().window(noon().as_nanosecond() as i64);
    let owner = Owner::Key(key(1).id);
    table
        .store
        .grant(&owner, &gold, (&quota, window), 9, &change())
        .await
        .unwrap();
    let record = table.store.key(key(1).id).await.unwrap().unwrap();
    table
        .store
        .detach(&record, &gold, &[], &change())
        .await
        .unwrap();
    let items = table.items().await;
    let told = |action: &str, when: &str| {
        let of = |item: &&Item| {
            item.get("action")
                .is_some_and(|a| a.as_s().unwrap() == action)
        };
        items.iter().find(of).unwrap()[when].as_m().unwrap().clone()
    };
    assert_eq!(
        told("usage.grant", "before")["remaining"].as_n().unwrap(),
        "5"
    );
    assert_eq!(
        told("usage.grant", "after")["remaining"].as_n().unwrap(),
        "9"
    );
    let detached = told("attachment.delete", "before");
    assert_eq!(detached["planId"].as_s().unwrap(), "gold");
    assert!(detached.contains_key("createdDate"));
}

type Item = std::collections::HashMap<String, AttributeValue>;

/// A plan of an earlier release has some of its counts not yet, or none.
#[tokio::test]
async fn a_plan_without_counts_goes_on_as_if_it_had_them() {
    let table = Table::new().await;
    let (gold, key) = (plan("gold", None, None), key(1));
    table.store.create_plan(&gold, &change()).await.unwrap();
    let (twin, change) = (twin(), change());
    let on = [&gold];
    let made = table.store.create_key(&key, &on, &twin, &change);
    made.await.unwrap();
    let forget = table
        .client
        .update_item()
        .table_name(TABLE)
        .key("pk", AttributeValue::S("PLANS".to_owned()))
        .key("sk", AttributeValue::S("PLAN#gold".to_owned()))
        .update_expression("REMOVE #internal, #attached")
        .expression_attribute_names("#internal", "internal")
        .expression_attribute_names("#attached", "attached");
    forget.send().await.unwrap();
    let counts = async || {
        let record = table.store.plan(&gold.id).await.unwrap().unwrap();
        (record.keys, record.internal)
    };
    assert_eq!(counts().await, (1, 1));
    let before = table.store.plan(&gold.id).await.unwrap().unwrap();
    let mut after = before.plan.clone();
    after.stages.clear();
    after.version += 1;
    let updated = table
        .store
        .update_plan(&before, &after, &support::change())
        .await;
    assert!(updated.is_ok(), "{updated:?}");
    let record = table.store.key(key.id).await.unwrap().unwrap();
    let change = support::change();
    let detached = table.store.detach(&record, &after, &[], &change);
    detached.await.unwrap();
    assert_eq!(counts().await, (0, 0));
    let record = table.store.key(key.id).await.unwrap().unwrap();
    let change = support::change();
    let attached = table.store.attach(&record, &after, &twin, &change);
    attached.await.unwrap();
    assert_eq!(counts().await, (1, 1));
}
