//! One reconciler at a time, one change of a usage plan at a time, and what was last found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use latchkey_domain::{Enforcement, Plan};
use latchkey_store::{Drift, Finding, FindingKind, NativeObject, Reconciling};
use support::{Table, change, key, noon};

fn at(seconds: u64) -> Timestamp {
    noon().checked_add(Duration::from_secs(seconds)).unwrap()
}

fn finding(number: usize) -> Finding {
    Finding {
        plan_id: "gold".parse().ok(),
        key_id: Some(key(1).id),
        native_id: number.is_multiple_of(2).then(|| format!("native{number}")),
        kind: FindingKind::Changed,
        detail: "é".repeat(500),
        mended: number == 0,
    }
}

#[tokio::test]
async fn the_lock_is_one_run_s_until_its_time_is_over() {
    let store = Table::new().await.store;
    assert_eq!(store.reconciling().await.unwrap(), Reconciling::default());
    assert!(store.take_lock("a", at(0), at(60)).await.unwrap());
    assert_eq!(store.reconciling().await.unwrap().until, Some(at(60)));
    assert!(!store.take_lock("b", at(59), at(99)).await.unwrap());
    assert!(!store.take_lock("a", at(59), at(99)).await.unwrap());
    assert!(store.take_lock("b", at(60), at(120)).await.unwrap());
    store.release_lock("a").await.unwrap();
    assert!(
        !store.take_lock("c", at(61), at(99)).await.unwrap(),
        "a gave back what was b's"
    );
    store.release_lock("b").await.unwrap();
    assert_eq!(store.reconciling().await.unwrap().until, None);
    assert!(store.take_lock("c", at(61), at(99)).await.unwrap());
}

#[tokio::test]
async fn a_usage_plan_is_changed_once_in_a_while_whoever_changes_it() {
    let store = Table::new().await.store;
    let turn = async |seconds| store.plan_turn(at(seconds), Duration::from_secs(20)).await;
    assert!(turn(0).await.unwrap());
    assert!(!turn(19).await.unwrap());
    assert!(turn(20).await.unwrap());
    store.plan_turn_taken(at(30)).await.unwrap();
    assert!(!turn(49).await.unwrap());
    assert!(turn(50).await.unwrap());
    assert!(
        store.take_lock("a", at(0), at(60)).await.unwrap(),
        "apart from the lock"
    );
}

#[tokio::test]
async fn what_was_found_is_kept_up_to_a_bound() {
    let store = Table::new().await.store;
    assert_eq!(store.drift().await.unwrap(), None);
    let findings: Vec<Finding> = (0..1_000).map(finding).collect();
    let drift = Drift {
        scanned: at(5),
        total: 1_000,
        findings,
    };
    store.keep_drift(&drift).await.unwrap();
    let kept = store.drift().await.unwrap().unwrap();
    assert_eq!((kept.total, kept.findings.len()), (1_000, Drift::KEPT));
    for (number, kept) in kept.findings.iter().enumerate() {
        let whole = finding(number);
        assert_eq!(kept.detail, "é".repeat(400));
        let detail = kept.detail.clone();
        assert_eq!(*kept, Finding { detail, ..whole });
    }
    store.scan_done(at(5)).await.unwrap();
    store.scan_tried(at(7)).await.unwrap();
    let known = store.reconciling().await.unwrap();
    assert_eq!((known.scanned, known.tried), (Some(at(5)), Some(at(7))));
    let none = Drift {
        scanned: at(9),
        findings: vec![],
        total: 0,
    };
    store.keep_drift(&none).await.unwrap();
    assert_eq!(store.drift().await.unwrap(), Some(none));
}

#[tokio::test]
async fn a_mend_is_audited_in_words() {
    let table = Table::new().await;
    let words = ("its quota was another one", "is to be brought back");
    let entity = "plan:gold";
    table
        .store
        .record_mend("native.mend", entity, words, &change())
        .await
        .unwrap();
    assert_eq!(table.actions().await, ["native.mend"]);
    let items = table.items().await;
    let text = format!("{items:?}");
    assert!(text.contains(words.0) && text.contains(words.1), "{text}");
}

#[tokio::test]
async fn what_is_pending_is_listed_without_a_record_that_cannot_be_read() {
    let plan = Plan {
        enforcement: Enforcement::ApiGateway,
        ..support::plan("gold", None, None)
    };
    let table = Table::keyed(&plan).await;
    let objects = async |limit: u16| {
        let page = table.store.pending(Timestamp::MAX, limit, None).await;
        let page = page.unwrap();
        let objects = page.items.into_iter().map(|native| native.object);
        (objects.collect::<Vec<_>>(), page.cursor.is_some())
    };
    let (before, _) = objects(100).await;
    assert_eq!(before.len(), 3);
    assert_eq!(before[0], NativeObject::Plan(plan.id.clone()));
    let mut items = table.items().await.into_iter();
    let mut item = items
        .find(|item| {
            let of = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
            of("object").is_some_and(|object| object == "plan")
        })
        .unwrap();
    let later = AttributeValue::S("of a later release".into());
    item.insert("state".into(), later);
    let put = table.client.put_item().table_name(support::TABLE);
    put.set_item(Some(item)).send().await.unwrap();
    assert_eq!(objects(100).await, (before[1..].to_vec(), false));
    assert_eq!(objects(1).await, (vec![], true), "there are more behind it");
}
