//! What is wanted at API Gateway is written with the change that wants it, and what came of
//! it is kept whatever else is wanted meanwhile.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use jiff::Timestamp;
use latchkey_domain::{Enforcement, KeyId, NativeKeyValue, Plan, PlanStage, StageSelector};
use latchkey_store::{
    CLAIM, Id, KeyRecord, Native, NativeObject, NativeState, Settled, Store, Wanted,
};
use support::{Table, change, key, twin};

fn gold() -> Plan {
    let selector = StageSelector::new("a1", "prod").unwrap();
    Plan {
        enforcement: Enforcement::ApiGateway,
        stages: vec![PlanStage {
            selector,
            methods: vec![],
        }],
        ..support::plan("gold", None, None)
    }
}

fn of_plan() -> NativeObject {
    NativeObject::Plan(gold().id)
}

fn of_key() -> NativeObject {
    NativeObject::Key(key(1).id)
}

fn on_plan() -> NativeObject {
    NativeObject::PlanKey(key(1).id, gold().id)
}

async fn native(store: &Store, object: &NativeObject) -> Native {
    store.native(object).await.unwrap().unwrap()
}

async fn record(store: &Store, id: KeyId) -> KeyRecord {
    store.key(id).await.unwrap().unwrap()
}

/// What is pending at the end of time, in the order in which it is due.
async fn pending(store: &Store) -> Vec<String> {
    let page = store.pending(Timestamp::MAX, 100, None).await.unwrap();
    page.items
        .iter()
        .map(|native| native.object.to_string())
        .collect()
}

async fn settle_all(store: &Store) {
    for native in store
        .pending(Timestamp::MAX, 100, None)
        .await
        .unwrap()
        .items
    {
        let settled = match native.wanted {
            Wanted::Present => Settled::InSync(Id::Is(format!("id-of-{}", native.object))),
            Wanted::Absent => Settled::Removed,
        };
        store.settle(&native, &settled).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_wanted_is_written_with_the_change_that_wants_it() {
    let table = Table::keyed(&gold()).await;
    let store = &table.store;
    let id = key(1).id;
    assert_eq!(
        pending(store).await,
        ["plan:gold".to_owned(), id.to_string(), format!("{id}:gold")]
    );
    let twin_record = native(store, &of_key()).await;
    assert_eq!(
        (twin_record.wanted, twin_record.state, twin_record.revision),
        (Wanted::Present, NativeState::Pending, 1)
    );
    assert_eq!(twin_record.twin, Some(twin()));
    assert_eq!(
        store.key_snapshot(id).await.unwrap().unwrap().twin,
        Some(twin())
    );
    settle_all(store).await;
    assert_eq!(pending(store).await, [""; 0]);

    store
        .detach(&record(store, id).await, &gold(), &[], &change())
        .await
        .unwrap();
    assert_eq!(pending(store).await, [format!("{id}:gold")]);
    assert_eq!(native(store, &on_plan()).await.wanted, Wanted::Absent);
    // The twin stays: what it has used at API Gateway counts again if it is attached again.
    store
        .attach(&record(store, id).await, &gold(), &twin(), &change())
        .await
        .unwrap();
    assert_eq!(native(store, &on_plan()).await.wanted, Wanted::Present);
    assert_eq!(native(store, &of_key()).await.state, NativeState::InSync);
    settle_all(store).await;

    let before = record(store, id).await;
    let renamed = latchkey_domain::Key {
        name: "other".parse().ok(),
        revision: before.key.revision + 1,
        ..before.key.clone()
    };
    store
        .update_key(&before, &renamed, &[], &change())
        .await
        .unwrap();
    assert_eq!(pending(store).await, [id.to_string()]);
    let plan = store.plan(&gold().id).await.unwrap().unwrap();
    assert_eq!((plan.keys, plan.internal), (1, 1));
    let after = Plan {
        name: "Golden".parse().unwrap(),
        version: plan.plan.version + 1,
        ..plan.plan.clone()
    };
    store.update_plan(&plan, &after, &change()).await.unwrap();
    assert_eq!(native(store, &of_plan()).await.revision, 2);
    settle_all(store).await;

    let stages = [StageSelector::new("a1", "prod").unwrap()];
    store
        .delete_key(&record(store, id).await, &[&after], &stages, &change())
        .await
        .unwrap();
    assert_eq!(
        pending(store).await,
        [format!("flush:{id}"), id.to_string()]
    );
    assert_eq!(native(store, &NativeObject::Flush(id)).await.stages, stages);
    assert!(
        store.native(&on_plan()).await.unwrap().is_none(),
        "goes with the twin"
    );
    store.delete_plan(&after, &change()).await.unwrap();
    assert_eq!(native(store, &of_plan()).await.wanted, Wanted::Absent);
    settle_all(store).await;
    for object in [of_plan(), of_key(), on_plan(), NativeObject::Flush(id)] {
        assert!(store.native(&object).await.unwrap().is_none(), "{object}");
    }
}

#[tokio::test]
async fn plans_that_latchkey_counts_want_nothing_of_api_gateway() {
    let plan = support::plan("own", None, None);
    let table = Table::keyed(&plan).await;
    let id = key(1).id;
    let before = record(&table.store, id).await;
    table
        .store
        .detach(&before, &plan, &[], &change())
        .await
        .unwrap();
    let before = record(&table.store, id).await;
    table
        .store
        .delete_key(&before, &[], &[], &change())
        .await
        .unwrap();
    assert_eq!(pending(&table.store).await, [""; 0]);
}

#[tokio::test]
async fn a_key_with_its_value_in_the_header_has_a_twin_from_the_start_and_no_value_of_it() {
    let table = Table::new().await;
    let header = latchkey_domain::Key {
        native_value: NativeKeyValue::Header,
        ..key(1)
    };
    table
        .store
        .create_key(&header, &[], &twin(), &change())
        .await
        .unwrap();
    let native = native(&table.store, &of_key()).await;
    assert_eq!((native.twin, native.state), (None, NativeState::Pending));
}

#[tokio::test]
async fn a_key_made_again_of_its_value_takes_its_old_twin_back() {
    let table = Table::keyed(&gold()).await;
    let store = &table.store;
    let before = record(store, key(1).id).await;
    store
        .delete_key(&before, &[&gold()], &[], &change())
        .await
        .unwrap();
    let other = latchkey_domain::TwinValue::generate(&[8; 32]);
    store
        .create_key(&key(1), &[&gold()], &other, &change())
        .await
        .unwrap();
    let again = native(store, &of_key()).await;
    assert_eq!((again.wanted, again.twin), (Wanted::Present, Some(twin())));
}

#[tokio::test]
async fn an_attempt_belongs_to_one_until_its_time_is_over() {
    let table = Table::keyed(&gold()).await;
    let store = &table.store;
    let seen = native(store, &of_key()).await;
    let made = seen.due.checked_sub(CLAIM).unwrap();
    let now = |seconds: u64| made.checked_add(Duration::from_secs(seconds)).unwrap();
    let due = async |seconds: u64| {
        let page = store.pending(now(seconds), 10, None).await.unwrap();
        page.items.iter().any(|native| native.object == of_key())
    };
    assert!(!due(29).await, "whoever wanted it tries first");
    assert!(due(30).await);
    let mine = store.claim(&seen, now(90)).await.unwrap().unwrap();
    assert_eq!(mine.due, now(90));
    assert!(
        store.claim(&seen, now(95)).await.unwrap().is_none(),
        "it is another's"
    );
    assert!(!due(89).await);
    assert!(due(90).await, "whoever had it did not say what came of it");
}

#[tokio::test]
async fn what_came_of_an_attempt_is_kept_though_something_else_is_wanted() {
    let table = Table::keyed(&gold()).await;
    let store = &table.store;
    let tried = native(store, &of_key()).await;
    let before = record(store, key(1).id).await;
    store
        .delete_key(&before, &[&gold()], &[], &change())
        .await
        .unwrap();
    let made = Settled::InSync(Id::Is("native1".into()));
    store.settle(&tried, &made).await.unwrap();
    let now = native(store, &of_key()).await;
    assert_eq!(
        (now.wanted, now.state, now.native_id.as_deref()),
        (Wanted::Absent, NativeState::Pending, Some("native1"))
    );
    assert_eq!(
        store.key_of_native("native1").await.unwrap(),
        Some(key(1).id)
    );

    // And the other way round: it went while it was wanted again.
    store
        .create_key(&key(1), &[&gold()], &twin(), &change())
        .await
        .unwrap();
    store.settle(&now, &Settled::Removed).await.unwrap();
    let after = native(store, &of_key()).await;
    assert_eq!((after.wanted, after.native_id), (Wanted::Present, None));
    assert_eq!(store.key_of_native("native1").await.unwrap(), None);
}

#[tokio::test]
async fn what_a_late_attempt_found_out_about_an_id_does_not_undo_a_later_one() {
    let table = Table::keyed(&gold()).await;
    let store = &table.store;
    let is = |id: &str| Settled::InSync(Id::Is(id.into()));
    let id = async || native(store, &of_plan()).await.native_id;
    let wanted_anew = async |name: &str| {
        let before = store.plan(&gold().id).await.unwrap().unwrap();
        let after = Plan {
            name: name.parse().unwrap(),
            version: before.plan.version + 1,
            ..before.plan.clone()
        };
        store.update_plan(&before, &after, &change()).await.unwrap();
        native(store, &of_plan()).await
    };
    let gone = Settled::Later {
        id: Id::Gone,
        state: NativeState::Pending,
        reason: "it is made again".into(),
        due: support::noon(),
    };
    // Both knew none, and each has made one.
    let none = native(store, &of_plan()).await;
    let second = wanted_anew("two").await;
    store.settle(&second, &is("p2")).await.unwrap();
    for late in [&is("p1"), &gone, &Settled::Removed] {
        store.settle(&none, late).await.unwrap();
        assert_eq!(id().await.as_deref(), Some("p2"), "{late:?}");
    }
    // Both knew of one that was gone, and each has made it again.
    let third = wanted_anew("three").await;
    let fourth = wanted_anew("four").await;
    store.settle(&fourth, &is("p4")).await.unwrap();
    for late in [&is("p3"), &gone, &Settled::Removed] {
        store.settle(&third, late).await.unwrap();
        assert_eq!(id().await.as_deref(), Some("p4"), "{late:?}");
    }
    // Nobody knows more than the late one.
    let fifth = wanted_anew("five").await;
    let sixth = wanted_anew("six").await;
    store.settle(&fifth, &is("p5")).await.unwrap();
    assert_eq!(id().await.as_deref(), Some("p5"));
    store.settle(&sixth, &is("p5")).await.unwrap();
    let seventh = native(store, &of_plan()).await;
    wanted_anew("eight").await;
    store.settle(&seventh, &gone).await.unwrap();
    assert_eq!(id().await, None);
}

#[tokio::test]
async fn what_failed_says_why_and_comes_again_when_it_is_due() {
    let table = Table::keyed(&gold()).await;
    let store = &table.store;
    let tried = native(store, &of_plan()).await;
    let due = tried.due.checked_add(Duration::from_secs(600)).unwrap();
    let later = Settled::Later {
        id: Id::Keep,
        state: NativeState::Failed,
        reason: "the AWS quota is used up".into(),
        due,
    };
    store.settle(&tried, &later).await.unwrap();
    let failed = native(store, &of_plan()).await;
    assert_eq!(
        (failed.state, failed.attempts, failed.due),
        (NativeState::Failed, 1, due)
    );
    assert_eq!(failed.reason.as_deref(), Some("the AWS quota is used up"));
    assert_eq!(
        pending(store).await.last().map(String::as_str),
        Some("plan:gold")
    );
    store
        .settle(&failed, &Settled::InSync(Id::Is("p1".into())))
        .await
        .unwrap();
    let done = native(store, &of_plan()).await;
    assert_eq!(
        (done.state, done.reason, done.attempts),
        (NativeState::InSync, None, 0)
    );
}

#[tokio::test]
async fn what_api_gateway_has_already_is_taken_over_in_step() {
    let table = Table::new().await;
    let store = &table.store;
    let header = latchkey_domain::Key {
        native_value: NativeKeyValue::Header,
        ..key(1)
    };
    store.adopt_plan(&gold(), "p1", &change()).await.unwrap();
    store
        .adopt_key(&header, Some("k1"), &change())
        .await
        .unwrap();
    let before = record(store, header.id).await;
    store
        .adopt_attachment(&before, &gold(), None, &change())
        .await
        .unwrap();
    assert_eq!(pending(store).await, [""; 0]);
    assert_eq!(store.key_of_native("k1").await.unwrap(), Some(header.id));
    let all = store.all_natives(10, None).await.unwrap().items;
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|native| native.state == NativeState::InSync));
    assert_eq!(
        table.actions().await,
        ["plan.adopt", "key.adopt", "attachment.adopt"]
    );
    assert!(
        store
            .adopt_key(&header, Some("k1"), &change())
            .await
            .is_err(),
        "once"
    );
}

#[tokio::test]
async fn a_stage_is_flushed_again_only_where_that_was_before() {
    let table = Table::new().await;
    let stage = StageSelector::new("a1", "prod").unwrap();
    let other = StageSelector::new("a1", "dev").unwrap();
    let at = |seconds: u64| {
        support::noon()
            .checked_add(Duration::from_secs(seconds))
            .unwrap()
    };
    let may = async |stage: &StageSelector, now: u64, since: u64| {
        let flushed = table.store.may_flush(stage, at(now), at(since)).await;
        flushed.unwrap()
    };
    assert!(may(&stage, 10, 5).await);
    assert!(!may(&stage, 14, 9).await);
    assert!(may(&other, 14, 9).await);
    assert!(may(&stage, 15, 10).await);
}

#[tokio::test]
async fn no_audit_record_and_no_debug_print_tells_a_twin_s_value() {
    let table = Table::keyed(&gold()).await;
    let secret = twin().expose().to_owned();
    let items = table.items().await;
    let mut holders: Vec<String> = items
        .iter()
        .filter(|item| format!("{item:?}").contains(&secret))
        .map(|item| item["sk"].as_s().unwrap().clone())
        .collect();
    holders.dedup();
    assert_eq!(holders, ["NATIVE"]);
    let native = native(&table.store, &of_key()).await;
    assert!(!format!("{native:?}").contains(&secret));
}
