//! What somebody may get to see of a key, sent as if it were one.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_domain::{KeyValue, PresentedKey, Reason};

use super::put;
use crate::world::{World, key, key_on, keyed, plan, twin};

/// What stands in the table, in lists, in logs, in exports and at API Gateway of this key.
fn seen_of(value: &KeyValue) -> Vec<(&'static str, String)> {
    let PresentedKey { id, hash } = value.presented();
    let (hex, base64) = (hash.to_hex(), BASE64_STANDARD.encode(hash.as_bytes()));
    let text = value.expose();
    vec![
        ("its hash", hex.clone()),
        ("its hash in capitals", hex.to_uppercase()),
        ("its hash as DynamoDB shows it", base64),
        ("the hash with its prefix", format!("lk_live_{hex}")),
        ("its id", id.to_string()),
        ("its id alone", id.as_bare().to_owned()),
        ("its id twice, as long as a value", id.as_bare().repeat(2)),
        ("its end", value.last4().to_owned()),
        ("its prefix", "lk_live".to_owned()),
        ("prefix and id", format!("lk_live_{}", id.as_bare())),
        (
            "the value without its end",
            text[..text.len() - 1].to_owned(),
        ),
        ("the value without its beginning", text[8..].to_owned()),
        ("another prefix", format!("lk_test{}", &text[7..])),
        ("the value in capitals", text.to_uppercase()),
        ("its twin's value", twin().expose().to_owned()),
    ]
}

#[tokio::test]
async fn nothing_that_is_seen_of_a_key_opens_what_it_opens() {
    for deny_for in ["limits", "all"] {
        let world = World::new(&[("DENY_FOR", deny_for)]).await;
        let generated = keyed(&world, &plan("gold", None), 1).await;
        let custom = KeyValue::custom("an-old-key-of-a-customer").unwrap();
        put(&world, &key(&custom), &[&plan("gold", None)]).await;
        for value in [&generated, &custom] {
            for (what, sent) in seen_of(value) {
                let handled = world.call(&sent).await;
                assert!(
                    matches!(
                        handled.log.reason,
                        Some(Reason::UnknownKey | Reason::MalformedKey)
                    ),
                    "{what}: {:?}",
                    handled.log
                );
                assert_eq!(handled.log.key_id, None, "{what}");
                let answer = handled.answer.unwrap_err().to_string();
                assert_eq!(answer, "Unauthorized", "{what}");
            }
            assert_eq!(world.reason(value.expose()).await, None, "the value itself");
        }
    }
}

/// Somebody has a key made whose value is what is stored of another's: it is a key of its own.
#[tokio::test]
async fn a_key_that_is_made_of_another_s_hash_opens_its_own_plan_alone() {
    let world = World::new(&[]).await;
    let gold = plan("gold", None);
    let other = keyed(&world, &gold, 2).await;
    let hash = other.presented().hash.to_hex();
    let made = KeyValue::custom(&hash).unwrap();
    assert_ne!(made.presented().id, other.presented().id);
    put(&world, &key(&made), &[]).await;
    assert_eq!(world.reason(&hash).await, Some(Reason::NoUsagePlan));
    assert_eq!(world.reason(other.expose()).await, None);
}

/// Two values, one table: each finds its own key, whatever they have in common.
#[tokio::test]
async fn values_that_look_alike_are_keys_of_their_own() {
    let world = World::new(&[]).await;
    let gold = plan("gold", Some(1));
    let generated = keyed(&world, &gold, 3).await;
    let next = key_on(&world, &gold, 4).await;
    let mut values = vec![generated, next];
    for alike in [
        "an-old-key-of-a-customer",
        "an-old-key-of-a-Customer",
        "an-old-key-of-a-customer-",
        "an-old-key-of-a-customer,",
    ] {
        let value = KeyValue::custom(alike).unwrap();
        put(&world, &key(&value), &[&gold]).await;
        values.push(value);
    }
    for value in &values {
        assert_eq!(
            world.reason(value.expose()).await,
            None,
            "its own quota of 1"
        );
        assert_eq!(
            world.reason(value.expose()).await,
            Some(Reason::QuotaExceeded)
        );
    }
}
