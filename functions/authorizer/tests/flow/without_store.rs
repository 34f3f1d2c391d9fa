//! Calls while the table does not answer, with `ON_STORE_FAILURE=allow` and without.

use std::time::Duration;

use latchkey_domain::{
    AddressRules, CustomerId, Enforcement, Key, KeyValue, Period, Plan, Reason, Scope,
    meter::{Meter, Owner},
};
use serde_json::json;

use crate::{
    table::Passage,
    world::{NOON, SECOND, World, answer, authorizer, call, change, key, keyed, plan, twin, value},
};

const ALLOW: (&str, &str) = ("ON_STORE_FAILURE", "allow");
/// Each call is a charge.
const EXACT: (&str, &str) = ("LEASE_MAX", "1");
const REFUSED: Option<Reason> = Some(Reason::Unavailable);

/// A world whose table may stop to answer.
struct Outage {
    world: World,
    passage: Passage,
}

impl Outage {
    /// On one plan, each called once.
    async fn two_keys(&self) -> [KeyValue; 2] {
        let gold = plan("gold", Some(100));
        let first = keyed(&self.world, &gold, 1).await;
        let second = crate::world::key_on(&self.world, &gold, 2).await;
        for value in [&first, &second] {
            assert_eq!(self.calls(value, 1).await, (1, None));
        }
        [first, second]
    }

    async fn new(settings: &[(&str, &str)]) -> Self {
        let (world, passage) = World::counted(settings).await;
        Self { world, passage }
    }

    /// Calls so often, and tells how many pass and what the first refusal is.
    async fn calls(&self, value: &KeyValue, count: usize) -> (usize, Option<Reason>) {
        let (mut passed, mut refusal) = (0, None);
        for _ in 0..count {
            let log = self.world.call(value.expose()).await.log;
            passed += usize::from(log.allowed);
            refusal = refusal.or(log.reason);
        }
        (passed, refusal)
    }

    async fn meter(&self, value: &KeyValue) -> Meter {
        let owner = Owner::Key(key(value).id);
        let meter = self
            .world
            .store
            .meter(&owner, &"gold".parse().unwrap())
            .await;
        meter.unwrap().unwrap()
    }

    /// Units charged to the quota of today.
    async fn used(&self, value: &KeyValue) -> i64 {
        let today = Period::Day.window(NOON).start;
        self.meter(value).await.windows[&today]
    }
}

#[tokio::test]
async fn without_the_table_a_key_passes_within_its_quota_and_is_charged_afterwards() {
    let outage = Outage::new(&[ALLOW, EXACT]).await;
    let value = keyed(&outage.world, &plan("gold", Some(10)), 1).await;
    assert_eq!(outage.calls(&value, 4).await, (4, None));
    outage.passage.fails(true);
    let handled = outage.world.call(value.expose()).await;
    assert!(handled.log.allowed && handled.log.without_store);
    let context = json!({
        "keyId": value.presented().id.to_string(), "keyName": "Acme", "planId": "gold",
        "quotaLimit": "10", "reason": "store_failure",
    });
    assert_eq!(answer(&handled)["context"], context);
    // Five are left.
    assert_eq!(outage.calls(&value, 9).await, (5, REFUSED));
    outage.passage.fails(false);
    assert_eq!(outage.used(&value).await, 4);
    let handled = outage.world.call(value.expose()).await;
    assert!(handled.log.allowed && !handled.log.without_store);
    assert_eq!(outage.used(&value).await, 11, "whatever the limit");
    let refused = (0, Some(Reason::QuotaExceeded));
    assert_eq!(outage.calls(&value, 3).await, refused);
    assert_eq!(outage.used(&value).await, 11, "once");
}

#[tokio::test]
async fn what_is_owed_is_charged_with_another_key_s_call_and_at_the_end_of_the_process() {
    let outage = Outage::new(&[ALLOW, EXACT]).await;
    let [first, second] = outage.two_keys().await;
    outage.passage.fails(true);
    assert_eq!(outage.calls(&first, 3).await, (3, None));
    outage.passage.fails(false);
    assert_eq!(outage.calls(&second, 1).await, (1, None));
    assert_eq!(outage.used(&first).await, 4);
    outage.passage.fails(true);
    assert_eq!(outage.calls(&second, 5).await, (5, None));
    outage.passage.fails(false);
    outage
        .world
        .authorizer
        .give_back(Duration::from_secs(5))
        .await;
    assert_eq!(outage.used(&second).await, 7);
}

#[tokio::test]
async fn a_debt_that_cannot_be_charged_is_tried_again_after_a_second() {
    let outage = Outage::new(&[ALLOW, EXACT]).await;
    let [first, second] = outage.two_keys().await;
    outage.passage.fails(true);
    assert_eq!(outage.calls(&first, 3).await, (3, None));
    outage.passage.fails(false);
    outage.passage.debts_fail(true);
    outage.passage.taken();
    // A charge, and the debt; then charges alone.
    for (pause, writes) in [(0, 2), (0, 1), (1, 2), (0, 1)] {
        outage.world.pass(pause);
        assert_eq!(outage.calls(&second, 1).await, (1, None));
        assert_eq!(outage.passage.taken().0, writes);
    }
    outage.passage.debts_fail(false);
    outage.world.pass(1);
    assert_eq!(outage.calls(&second, 1).await, (1, None));
    assert_eq!(outage.used(&first).await, 4);
}

#[tokio::test]
async fn keys_and_plans_that_are_out_of_date_are_good_for_an_hour_and_no_longer() {
    let outage = Outage::new(&[ALLOW]).await;
    let value = keyed(&outage.world, &plan("gold", Some(100)), 1).await;
    assert_eq!(outage.world.reason(value.expose()).await, None);
    outage.passage.fails(true);
    // The key would be read again after 10 s, the plan after 30.
    for (seconds, expected) in [(11, None), (40, None), (3_549, None), (1, REFUSED)] {
        outage.world.pass(seconds);
        let reason = outage.world.reason(value.expose()).await;
        assert_eq!(reason, expected, "{seconds}");
    }
    outage.passage.fails(false);
    assert_eq!(outage.world.reason(value.expose()).await, None);
    outage.passage.fails(true);
    assert_eq!(
        outage.world.reason(value.expose()).await,
        None,
        "an hour more"
    );
}

#[tokio::test]
async fn without_the_table_nobody_passes_whose_key_was_not_read() {
    let outage = Outage::new(&[ALLOW, EXACT]).await;
    let gold = plan("gold", Some(2));
    let used_up = keyed(&outage.world, &gold, 1).await;
    let store = &outage.world.store;
    let put = async |seed: u8, edit: &dyn Fn(&mut Key)| {
        let value = value(seed);
        let mut key = key(&value);
        edit(&mut key);
        let made = store.create_key(&key, &[&gold], &twin(), &change()).await;
        made.unwrap();
        value
    };
    let disabled = put(2, &|key| key.enabled = false).await;
    let not_seen = put(3, &|_| ()).await;
    let soon = outage.world.now() + jiff::SignedDuration::from_secs(60);
    let expires = put(4, &|key| key.expires_at = Some(soon)).await;
    let network = put(5, &|key| {
        key.allowed_ips = AddressRules::new(vec!["198.51.100.0/24".parse().unwrap()]).ok()
    })
    .await;
    assert_eq!(
        outage.calls(&used_up, 3).await,
        (2, Some(Reason::QuotaExceeded))
    );
    assert_eq!(
        outage.calls(&disabled, 1).await,
        (0, Some(Reason::KeyDisabled))
    );
    assert_eq!(
        outage.calls(&network, 1).await,
        (0, Some(Reason::IpNotAllowed))
    );
    assert_eq!(outage.calls(&expires, 1).await, (1, None));
    let unknown = value(6);
    assert_eq!(
        outage.calls(&unknown, 1).await,
        (0, Some(Reason::UnknownKey))
    );
    outage.passage.fails(true);
    // Everything is to be read again.
    outage.world.pass(61);
    for value in [&used_up, &disabled, &not_seen, &expires, &network, &unknown] {
        assert_eq!(outage.calls(value, 1).await, (0, REFUSED));
    }
    let fresh = authorizer(&outage.world.store, &outage.world.time, &[ALLOW]).await;
    let handled = call(&fresh, used_up.expose(), "a1", "prod").await;
    assert_eq!(handled.log.reason, REFUSED, "it knows nothing");
    outage.passage.fails(false);
    assert_eq!(outage.used(&used_up).await, 2);
}

#[tokio::test]
async fn without_the_table_a_value_that_is_not_the_key_s_does_not_pass() {
    let outage = Outage::new(&[ALLOW]).await;
    let gold = plan("gold", None);
    outage
        .world
        .store
        .create_plan(&gold, &change())
        .await
        .unwrap();
    let (first, second) = (value(1), value(2));
    let key = Key {
        id: key(&second).id,
        ..key(&first)
    };
    let made = outage
        .world
        .store
        .create_key(&key, &[&gold], &twin(), &change())
        .await;
    made.unwrap();
    // The id of the key is that of the second value, whose secret is another one.
    assert_eq!(
        outage.calls(&second, 1).await,
        (0, Some(Reason::UnknownKey))
    );
    outage.passage.fails(true);
    outage.world.pass(20);
    assert_eq!(outage.calls(&second, 1).await, (0, REFUSED));
}

#[tokio::test]
async fn a_key_that_was_detached_or_deleted_does_not_pass_without_the_table() {
    let outage = Outage::new(&[ALLOW, EXACT]).await;
    let gold = plan("gold", None);
    let store = &outage.world.store;
    let detached = keyed(&outage.world, &gold, 1).await;
    let deleted = crate::world::key_on(&outage.world, &gold, 2).await;
    for (value, is_deleted) in [(&detached, false), (&deleted, true)] {
        assert_eq!(outage.calls(value, 1).await, (1, None));
        let record = store.key(value.presented().id).await.unwrap().unwrap();
        if is_deleted {
            let gone = store.delete_key(&record, &[&gold], &[], &change()).await;
            gone.unwrap();
        } else {
            store.detach(&record, &gold, &[], &change()).await.unwrap();
        }
        assert_eq!(outage.calls(value, 1).await.0, 0);
        outage.passage.fails(true);
        outage.world.pass(20);
        assert_eq!(outage.calls(value, 1).await, (0, REFUSED));
        outage.passage.fails(false);
    }
}

#[tokio::test]
async fn keys_of_a_customer_pass_once_their_meter_was_seen() {
    let outage = Outage::new(&[ALLOW, EXACT]).await;
    let team = Plan {
        scope: Scope::Customer,
        ..plan("gold", Some(10))
    };
    let store = &outage.world.store;
    store.create_plan(&team, &change()).await.unwrap();
    let customer: CustomerId = "acme".parse().unwrap();
    let values = [value(1), value(2)];
    for value in &values {
        let key = Key {
            customer_id: Some(customer.clone()),
            ..key(value)
        };
        let made = store.create_key(&key, &[&team], &twin(), &change()).await;
        made.unwrap();
    }
    for value in &values {
        assert_eq!(outage.calls(value, 2).await, (2, None));
    }
    outage.passage.fails(true);
    assert_eq!(outage.calls(&values[0], 4).await, (4, None));
    assert_eq!(outage.calls(&values[1], 4).await, (2, REFUSED));
    outage.passage.fails(false);
    outage
        .world
        .authorizer
        .give_back(Duration::from_secs(5))
        .await;
    let meter = store
        .meter(&Owner::Customer(customer), &team.id)
        .await
        .unwrap();
    assert_eq!(meter.unwrap().windows.values().sum::<i64>(), 10);
}

#[tokio::test]
async fn a_call_that_api_gateway_counts_passes_and_is_charged_nowhere_here() {
    let outage = Outage::new(&[ALLOW]).await;
    let native = Plan {
        enforcement: Enforcement::ApiGateway,
        ..plan("gold", Some(10))
    };
    let value = keyed(&outage.world, &native, 1).await;
    assert_eq!(outage.calls(&value, 1).await, (1, None));
    outage.passage.fails(true);
    outage.world.pass(60);
    let handled = outage.world.call(value.expose()).await;
    assert!(handled.log.without_store);
    assert_eq!(answer(&handled)["usageIdentifierKey"], twin().expose());
    outage.passage.fails(false);
    outage
        .world
        .authorizer
        .give_back(Duration::from_secs(5))
        .await;
    assert!(outage.meter(&value).await.windows.is_empty());
}

#[tokio::test]
async fn unless_it_is_asked_for_nothing_passes_without_the_table() {
    for settings in [&[][..], &[("ON_STORE_FAILURE", "deny")]] {
        let outage = Outage::new(settings).await;
        let value = keyed(&outage.world, &plan("gold", Some(100)), 1).await;
        assert_eq!(outage.calls(&value, 1).await, (1, None));
        outage.passage.fails(true);
        outage
            .world
            .time
            .fetch_add(40 * SECOND, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(outage.calls(&value, 1).await, (0, REFUSED));
    }
}
