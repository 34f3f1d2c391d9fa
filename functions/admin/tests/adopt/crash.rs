//! The function may die at any call: the next request does what is left, and only that.

use jiff::civil::date;
use latchkey_fake_gateway::{FakeGateway, Moment as At};
use serde_json::json;

use super::{
    account::{ADOPT, adopt, body, small, written},
    table::Table,
};
use crate::support::{Admin, Item};

/// Calls of the longest run, and some more.
const MOST: usize = 120;

fn account() -> FakeGateway {
    let fake = small();
    fake.set_usage("gold", "k1", date(2026, 11, 24), &[(2, 8), (3, 5)]);
    fake
}

/// What is to be done, and what was done before.
const WAYS: [(&str, &[&str]); 3] = [
    ("apiGateway", &[]),
    ("dynamodb", &[]),
    ("dynamodb", &["apiGateway"]),
];

async fn prepared(fake: &FakeGateway, before: &[&str]) -> Admin {
    let admin = Admin::with_gateway(fake, &[]).await;
    for enforcement in before {
        adopt(&admin, enforcement).await;
    }
    admin
}

/// The table but for revisions: what is left of a key to do is done in more steps after a crash.
async fn state(admin: &Admin) -> Vec<Item> {
    let mut items = written(admin).await;
    items.iter_mut().for_each(|item| drop(item.remove("rev")));
    items
}

/// The audit records, each action with its entity once.
async fn audit(admin: &Admin) -> Vec<String> {
    let items = admin.items().await;
    let told = items.iter().filter(|item| item.contains_key("action"));
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let told = told.map(|item| format!("{} {}", text(item, "action"), text(item, "entity")));
    let mut told: Vec<String> = told.collect();
    told.sort();
    told.dedup();
    told
}

#[tokio::test]
async fn the_table_may_stop_answering_at_any_call() {
    for (enforcement, before) in WAYS {
        let whole = prepared(&account(), before).await;
        adopt(&whole, enforcement).await;
        let (expected, told) = (state(&whole).await, audit(&whole).await);
        let mut ended = false;
        for n in 1..MOST {
            let fake = account();
            let admin = prepared(&fake, before).await;
            let table = Table::stopping(n);
            // With ids of its own for its changes, which are all made at one time.
            let dying = table.under(&admin).with_random(|| {});
            tokio::select! {
                answer = dying.post(ADOPT, body(false, enforcement)) => {
                    assert_eq!(answer.status, 200);
                    ended = true;
                }
                () = table.stopped() => {}
            }
            adopt(&admin, enforcement).await;
            assert!(state(&admin).await == expected, "{enforcement}, call {n}");
            assert_eq!(audit(&admin).await, told, "{enforcement}, call {n}");
            if ended {
                assert!(n > 20, "{n}");
                break;
            }
        }
        assert!(ended, "more than {MOST} calls");
    }
}

#[tokio::test]
async fn api_gateway_may_stop_answering_at_any_call() {
    for (enforcement, before) in WAYS {
        let whole = prepared(&account(), before).await;
        adopt(&whole, enforcement).await;
        let expected = state(&whole).await;
        let mut ended = false;
        for n in 1..MOST {
            let fake = account();
            let admin = prepared(&fake, before).await;
            fake.stop_after(n, At::Before);
            tokio::select! {
                answer = admin.post(ADOPT, body(false, enforcement)) => {
                    assert_eq!(answer.status, 200);
                    ended = true;
                }
                () = fake.stopped() => {}
            }
            if ended {
                assert!(n > 4, "{n}");
                break;
            }
            adopt(&admin, enforcement).await;
            assert!(state(&admin).await == expected, "{enforcement}, call {n}");
        }
        assert!(ended, "more than {MOST} calls");
    }
}

#[tokio::test]
async fn two_requests_at_once_do_it_once() {
    for (enforcement, before) in WAYS {
        let whole = prepared(&account(), before).await;
        adopt(&whole, enforcement).await;
        let (expected, told) = (state(&whole).await, audit(&whole).await);
        let admin = prepared(&account(), before).await;
        let both = [(); 3].map(|()| {
            let admin = admin.clone();
            tokio::spawn(async move { admin.post(ADOPT, body(false, enforcement)).await })
        });
        for one in both {
            let answer = one.await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert_eq!(answer.body["attachments"], json!([]));
        }
        assert!(state(&admin).await == expected, "{enforcement}");
        assert_eq!(audit(&admin).await, told);
    }
}
