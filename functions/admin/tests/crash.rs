//! The function may die between any two calls of the table, or while the answer to one is on
//! its way: every operation that makes or changes something leaves the table as it was or as
//! it is to be, and made again it comes to its end. (A call that was not carried out looks to
//! whoever is left as the answer to the one before that was lost.)
//!
//! What takes several transactions may be left between them, where everything that
//! [`consistent`] asks for holds as well. `POST /v1/adopt` and requests with an Idempotency-Key
//! have tests of their own, beside theirs.

mod consistent;
mod operations;

use std::collections::BTreeMap;

use http::{Method, header::CONTENT_TYPE};
use serde_json::json;

use self::{
    consistent::{assert_consistent, changes_audited, text},
    operations::{CHANGES_OF_KEYS, CHANGES_OF_PLANS, MOVES, Operation, Sent},
};
use crate::{
    adopt::table::Table,
    native_account::account,
    support::{Admin, Answer, Item, request},
};

/// Calls of the longest operation, and some more.
const MOST: usize = 80;

/// The id of the key that a set-up has made, in paths and bodies.
const KEY: &str = "{key}";

impl Sent {
    async fn send(&self, admin: &Admin, key: &str) -> Answer {
        let method = self.method.parse::<Method>().unwrap();
        let body = (!self.body.is_empty()).then(|| self.body.replace(KEY, key));
        let mut sent = request(method, &self.path.replace(KEY, key), body);
        if self.path == "/v1/import" {
            let csv = http::HeaderValue::from_static("text/csv");
            sent.headers_mut().insert(CONTENT_TYPE, csv);
        }
        admin.send(sent).await
    }
}

/// A table with what is there before the operation, and the key in it.
async fn prepared(operation: &Operation) -> (Admin, String) {
    let admin = Admin::with_gateway(&account(), &[]).await;
    let mut key = String::new();
    for before in operation.before {
        let answer = before.send(&admin, &key).await;
        assert!(answer.status.is_success(), "{before:?}: {}", answer.body);
        if before.path == "/v1/keys" {
            key = answer.id();
        }
    }
    (admin, key)
}

/// The table, but for how far API Gateway has followed.
async fn state(admin: &Admin) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let follows = |item: &Item| {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        let of_key = ["NATIVE", "FLUSH"].iter().any(|kind| sk.starts_with(kind));
        pk == "NATIVES" || of_key || pk == "RECONCILER"
    };
    let items = admin.items().await;
    let told = items.iter().filter(|item| !follows(item)).map(|item| {
        let shown = |(name, value): (&String, &_)| (name.clone(), shown(value));
        let key = (text(item, "pk").to_owned(), text(item, "sk").to_owned());
        (key, item.iter().map(shown).collect())
    });
    told.collect()
}

/// A value in a form that two equal ones share: sets and maps have no order.
fn shown(value: &aws_sdk_dynamodb::types::AttributeValue) -> String {
    use aws_sdk_dynamodb::types::AttributeValue as V;
    match value {
        V::Ss(set) => {
            let mut set = set.clone();
            set.sort();
            format!("{set:?}")
        }
        V::M(map) => {
            let map: BTreeMap<_, _> = map.iter().map(|(name, v)| (name, shown(v))).collect();
            format!("{map:?}")
        }
        V::L(list) => format!("{:?}", list.iter().map(shown).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}

async fn dies_anywhere(operation: &Operation) {
    let name = operation.name;
    let (whole, key) = prepared(operation).await;
    let before = state(&whole).await;
    assert_consistent(&whole.items().await, name);
    // With the same chance in each run, so that what it leads to can be compared.
    let same = Table::stopping(usize::MAX).under(&whole).with_random(|| {});
    let answer = operation.sent.send(&same, &key).await;
    assert_eq!(answer.status, operation.answers, "{name}: {}", answer.body);
    let after = state(&whole).await;
    assert_ne!(before, after, "{name} changes something");
    assert_consistent(&whole.items().await, name);

    for n in 1..MOST {
        let (admin, key) = prepared(operation).await;
        let table = Table::stopping(n);
        let dying = table.under(&admin).with_random(|| {});
        let done = tokio::select! {
            answer = operation.sent.send(&dying, &key) => Some(answer),
            () = table.stopped() => None,
        };
        let (is, case) = (state(&admin).await, format!("{name}, call {n}"));
        assert_consistent(&admin.items().await, &case);
        if operation.at_once {
            assert!(is == before || is == after, "{case}: {is:#?}");
        }
        if let Some(answer) = done {
            assert_eq!(answer.status, operation.answers, "{case}");
            assert!(is == after, "{case}: {is:#?}");
            assert!(n > 1, "{case}");
            return;
        }
        let repeated = operation.sent.send(&admin, &key).await;
        let status = repeated.status.as_u16();
        let may = status == operation.answers || operation.again.contains(&status);
        assert!(may, "{case}: {status} {}", repeated.body);
        assert_consistent(&admin.items().await, &case);
        let made = changes_audited(&admin.items().await);
        let whole = changes_audited(&whole.items().await);
        for (change, times) in whole {
            let again = made.get(&change).copied().unwrap_or_default();
            assert!(again >= times, "{case}: {change} {again} of {times}");
        }
    }
    panic!("{name}: more than {MOST} calls");
}

#[tokio::test]
async fn every_change_of_plans_is_whole_or_not_made_wherever_the_function_dies() {
    for operation in CHANGES_OF_PLANS {
        Box::pin(dies_anywhere(operation)).await;
    }
}

#[tokio::test]
async fn every_change_of_keys_is_whole_or_not_made_wherever_the_function_dies() {
    for operation in CHANGES_OF_KEYS {
        Box::pin(dies_anywhere(operation)).await;
    }
}

#[tokio::test]
async fn every_move_between_plans_is_whole_or_not_made_wherever_the_function_dies() {
    for operation in MOVES {
        Box::pin(dies_anywhere(operation)).await;
    }
}

/// A table in which any one record is missing is not consistent: nothing half done passes.
#[tokio::test]
async fn whatever_is_missing_is_noticed() {
    let (admin, key) = prepared(operations::PATCHED_KEY).await;
    operations::PATCHED_KEY.sent.send(&admin, &key).await;
    let items = admin.items().await;
    assert_consistent(&items, "whole");
    let mut noticed = 0;
    for (at, item) in items.iter().enumerate() {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        // What API Gateway is still to do, and who was ever a plan's customer.
        let follows = pk == "NATIVES" || sk == "FLUSH";
        if follows || (pk.starts_with("CUSTOMER#") && sk.starts_with("PLAN#")) {
            continue;
        }
        let mut less = items.clone();
        less.remove(at);
        let looked = std::panic::catch_unwind(|| assert_consistent(&less, "less"));
        assert!(looked.is_err(), "{pk} {sk}");
        noticed += 1;
    }
    assert!(noticed > 15, "{noticed}");
}

/// The plan was marked, and whoever did it is gone: another function ends it.
#[tokio::test]
async fn a_deletion_that_was_begun_is_ended_by_whoever_comes() {
    let operation = &operations::FORCED;
    let mut ended = 0;
    for n in 1..MOST {
        let (admin, key) = prepared(operation).await;
        let table = Table::stopping(n);
        let dying = table.under(&admin).with_random(|| {});
        tokio::select! {
            _ = operation.sent.send(&dying, &key) => {
                assert!(ended > 3, "{ended}");
                return;
            }
            () = table.stopped() => {}
        }
        let plan = admin.get("/v1/plans/silver").await;
        if plan.status == 404 || plan.body.get("deleting").is_none() {
            continue;
        }
        let clock = latchkey_domain::Clock::new({
            let admin = admin.clone();
            move || latchkey_domain::Reading {
                wall: admin.now(),
                steady: admin.now(),
            }
        });
        let deletions = latchkey_reconciler::Deletions::new(admin.store.clone(), clock, 7);
        let run = async |admin: &Admin| {
            let until = admin.change().at;
            let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
            assert_eq!(deletions.run(deadline, until).await.unwrap(), 0);
            admin.get("/v1/plans/silver").await
        };
        assert_eq!(run(&admin).await.status, 200, "{n}: it is claimed for 30 s");
        admin.pass(31 * crate::support::SECOND);
        assert_eq!(run(&admin).await.status, 404, "{n}");
        ended += 1;
        assert_consistent(&admin.items().await, &format!("call {n}"));
        let shown = admin.get(&format!("/v1/keys/{key}")).await;
        assert_eq!(shown.body["planIds"], json!([]));
        let items = admin.items().await;
        let own = items
            .iter()
            .filter(|item| text(item, "pk").starts_with("AUDIT#"));
        for audit in own {
            assert_eq!(text(audit, "principal"), crate::support::CALLER);
        }
    }
    panic!("more than {MOST} calls");
}
