//! A plan that is being deleted with its attachments, as the table holds it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use latchkey_domain::Plan;
use latchkey_store::{AttachError, CLAIM, Lost};
use support::{Table, change, key, plan, twin};

/// A plan read before its deletion began takes no key and no change after it, even where its
/// version is not looked at.
#[tokio::test]
async fn from_its_first_transaction_on_a_plan_takes_no_key_and_no_change() {
    let gold = plan("gold", None, None);
    let table = Table::keyed(&gold).await;
    let store = &table.store;
    let before = store.plan(&gold.id).await.unwrap().unwrap();
    let mark = change();
    let begun = store.begin_deletion(&before, vec![], &mark).await.unwrap();
    assert_eq!(
        store.deletion(&gold.id).await.unwrap().as_ref(),
        Some(&begun)
    );
    let now = store.plan(&gold.id).await.unwrap().unwrap();
    assert!(now.plan.deleting && now.plan.version > before.plan.version);

    store
        .create_key(&key(7), &[], &twin(), &change())
        .await
        .unwrap();
    let loose = store.key(key(7).id).await.unwrap().unwrap();
    let back = Plan {
        deleting: false,
        version: now.plan.version + 1,
        ..now.plan.clone()
    };
    for read in [&before, &now] {
        let attached = store.attach(&loose, &read.plan, &twin(), &change()).await;
        assert!(matches!(attached, Err(AttachError::Changed)));
        let updated = store.update_plan(read, &back, &change()).await;
        assert!(matches!(updated, Err(Lost::Condition(_))));
        let again = store.begin_deletion(read, vec![], &change()).await;
        assert!(matches!(again, Err(Lost::Condition(_))), "it is begun once");
    }
}

#[tokio::test]
async fn a_deletion_is_one_worker_s_until_its_time_is_over() {
    let gold = plan("gold", None, None);
    let table = Table::keyed(&gold).await;
    let store = &table.store;
    let before = store.plan(&gold.id).await.unwrap().unwrap();
    let mark = change();
    let begun = store.begin_deletion(&before, vec![], &mark).await.unwrap();
    let due = mark.at.checked_add(CLAIM).unwrap();
    assert_eq!(begun.due, due);
    let found = |at| async move { store.deletions(at, 10, None).await.unwrap().items };
    assert_eq!(found(mark.at).await, []);
    assert_eq!(found(due).await, std::slice::from_ref(&begun));
    let until = due.checked_add(CLAIM).unwrap();
    let claimed = store.claim_deletion(&begun, until).await.unwrap().unwrap();
    assert_eq!(claimed.due, until);
    assert_eq!(store.claim_deletion(&begun, until).await.unwrap(), None);
    assert_eq!(found(due).await, []);
    assert_eq!(found(until).await, [claimed]);
}
