//! An account of 1,203 keys on 51 plans, at AWS's rates and on a slow table, by virtual time:
//! several requests, each in its time, and each plan and key in one of them.

use std::{collections::BTreeSet, time::Duration};

use latchkey_fake_gateway::{FakeGateway, Limits, Rates};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    account::{ADOPT, key, outcomes, plan, put},
    table::Table,
};
use crate::support::Admin;

const KEYS: usize = 1_203;
const PLANS: usize = 51;

/// Each key on one plan, every tenth on the next one too, and the last three on none.
fn account(rates: Rates, keys: usize, plans: usize) -> FakeGateway {
    let fake = FakeGateway::new(Limits {
        rates,
        ..Limits::default()
    });
    for number in 0..plans {
        let mut plan = plan(&format!("p{number:02}"), &[]);
        plan.stages = [(format!("a{number}:prod"), Default::default())].into();
        put(&fake, plan, &[]);
    }
    for number in 0..keys {
        let id = format!("k{number:04}");
        fake.put_key(key(&id));
        if number < keys - 3 {
            fake.attach(&format!("p{:02}", number % plans), &id);
        }
        if number % 10 == 0 {
            fake.attach(&format!("p{:02}", (number + 1) % plans), &id);
        }
    }
    fake
}

/// Requests until there is no cursor: how long each took, all lines of their answers, and the
/// keys that their plans have together.
async fn all(
    admin: &Admin,
    dry_run: bool,
    enforcement: &str,
) -> (Vec<Duration>, [Vec<String>; 2], u64) {
    let mut took = Vec::new();
    let mut on_plans = 0;
    let mut lines = [Vec::new(), Vec::new()];
    let mut body = json!({"dryRun": dry_run, "enforcement": enforcement});
    while took.len() < 40 {
        let start = Instant::now();
        let answer = admin.post(ADOPT, body.clone()).await;
        took.push(start.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.body);
        lines[0].extend(outcomes(&answer, "plans"));
        lines[1].extend(outcomes(&answer, "keys"));
        assert_eq!(answer.body["attachments"], json!([]));
        let plans = answer.body["plans"].as_array().unwrap();
        on_plans += plans
            .iter()
            .map(|plan| plan["keys"].as_u64().unwrap())
            .sum::<u64>();
        match answer.body.get("cursor") {
            None => return (took, lines, on_plans),
            Some(cursor) => body["cursor"] = Value::clone(cursor),
        }
        // A client's own loop, after API Gateway's burst.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{} requests are too many", took.len())
}

fn each_once(lines: &[Vec<String>; 2], outcome: &str) {
    let expected = |letter: char, width: usize, count: usize| -> Vec<String> {
        (0..count)
            .map(|number| format!("{letter}{number:0width$} {outcome}"))
            .collect()
    };
    assert_eq!(lines[0], expected('p', 2, PLANS));
    assert_eq!(lines[1], expected('k', 4, KEYS));
}

#[tokio::test(start_paused = true)]
async fn a_large_account_comes_through_in_several_requests() {
    let fake = account(Rates::Aws, KEYS, PLANS);
    let admin = Admin::with_gateway(&fake, &[]).await;
    let slow = Table::slow(Duration::from_millis(40)).under(&admin);
    let (took, told, would_be) = all(&slow, true, "apiGateway").await;
    each_once(&told, "adopt");
    assert!(took.len() > 2, "{took:?}");
    assert_eq!(admin.items().await.len(), 0);
    let (took, lines, on_plans) = all(&slow, false, "apiGateway").await;
    each_once(&lines, "adopted");
    assert!(took.len() > 4, "{took:?}");
    assert!(took.iter().all(|took| took.as_secs() < 20), "{took:?}");
    let attached = everything_is_here(&admin).await;
    assert_eq!((would_be, on_plans), (attached, attached));
    admin.pass(crate::support::SECOND);
    let (_, again, still) = all(&admin, false, "apiGateway").await;
    each_once(&again, "unchanged");
    assert_eq!(still, attached);
}

/// Each key once, with its plans, and each plan with its keys: how many that are.
async fn everything_is_here(admin: &Admin) -> u64 {
    let mut keys = BTreeSet::new();
    let mut attached = 0;
    let mut cursor = None;
    loop {
        let page = admin.store.keys(500, cursor.as_ref()).await.unwrap();
        for record in &page.items {
            assert!(keys.insert(record.key.id));
            attached += record.plan_ids.len();
        }
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(keys.len(), KEYS);
    let plans = admin.store.plans(500, None).await.unwrap().items;
    let counted: u64 = plans.iter().map(|record| record.keys).sum();
    assert_eq!((plans.len(), counted), (PLANS, attached as u64));
    assert_eq!(
        attached,
        KEYS - 3 + KEYS.div_ceil(10),
        "one of the last three is a tenth"
    );
    let ended = admin.audited().await;
    let adopted = |action: &str| ended.iter().filter(|is| *is == action).count();
    assert_eq!(
        ["plan.adopt", "key.adopt", "attachment.adopt"].map(adopted),
        [PLANS, KEYS, attached]
    );
    counted
}

#[tokio::test(start_paused = true)]
async fn so_does_the_change_from_its_counting_to_latchkey_s() {
    const KEYS: usize = 243;
    const PLANS: usize = 11;
    let fake = account(Rates::Unlimited, KEYS, PLANS);
    for number in (0..KEYS - 3).step_by(7) {
        let (plan, key) = (format!("p{:02}", number % PLANS), format!("k{number:04}"));
        fake.set_usage(&plan, &key, jiff::civil::date(2026, 11, 25), &[(5, 5)]);
    }
    let admin = Admin::with_gateway(&fake, &[]).await;
    all(&admin, false, "apiGateway").await;
    let slow = Table::slow(Duration::from_millis(150)).under(&admin);
    // Two changes at one time would have one id: chance is the same again on the slow table.
    admin.pass(crate::support::SECOND);
    let (took, lines, _) = all(&slow, false, "dynamodb").await;
    assert!(took.len() > 3, "{took:?}");
    assert!(
        lines[0].iter().all(|line| line.ends_with(" adopted")),
        "{lines:?}"
    );
    assert_eq!(lines[0].len(), PLANS);
    let natives = admin.store.all_natives(500, None).await.unwrap();
    assert_eq!(natives.items, []);
    let raised = admin.audited().await;
    let raised = raised.iter().filter(|action| *action == "usage.adopt");
    assert_eq!(raised.count(), (KEYS - 3).div_ceil(7));
}
