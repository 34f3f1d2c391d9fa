//! What a call that a lease pays for asks for: no read, no write, and memory a known number of
//! times. And what is kept of each key that was seen.

use futures_util::FutureExt;
use latchkey_domain::{Key, KeyValue, Metadata, Prefix, RANDOM_BYTES};
use serde_json::{json, value::to_raw_value};

use crate::world::{World, authorizer, change, key, keyed, plan, twin};

/// The words of the request, the members of its headers, the value that was sent, the plans of
/// the key and the answer's text as it grows.
const ALLOCATIONS: u64 = 15;

#[tokio::test]
async fn a_leased_call_waits_for_nothing_and_asks_for_memory_a_known_number_of_times() {
    let world = World::new(&[("LOG_ALLOWS", "0")]).await;
    let value = keyed(&world, &plan("gold", Some(1_000_000)), 1).await;
    for _ in 0..100 {
        assert_eq!(world.reason(value.expose()).await, None);
    }
    let event = to_raw_value(&json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/orders",
        "routeKey": "GET /orders",
        "headers": { "accept": "*/*", "host": "example.org", "x-api-key": value.expose() },
        "requestContext": { "http": { "sourceIp": "192.0.2.1" } },
    }));
    let event = event.unwrap();
    let mut handled = None;
    let used = allocation_counter::measure(|| {
        handled = world.authorizer.handle(event.get()).now_or_never();
    });
    assert!(handled.unwrap().log.allowed);
    assert_eq!(used.count_total, ALLOCATIONS, "{used:?}");
}

/// Keys that are seen.
const KEYS: u64 = 200;
/// What glibc's allocator adds to a piece of memory at most: 8 bytes, and up to a multiple of 16.
const OVERHEAD: u64 = 23;

/// The value of one of many keys.
fn value(number: u64) -> KeyValue {
    let mut random = [7; RANDOM_BYTES];
    random[..8].copy_from_slice(&number.to_be_bytes());
    KeyValue::generate(&Prefix::default(), &random)
}

/// What an authorizer gives back at its end that was called with so many keys, in bytes.
async fn held(world: &World, keys: u64) -> u64 {
    let seen = authorizer(&world.store, &world.time, &[("LOG_ALLOWS", "0")]).await;
    for number in 0..keys {
        let value = value(number);
        // Charged, and again from its lease.
        for _ in 0..3 {
            let handled = crate::call(&seen, value.expose(), "a1", "prod").await;
            assert_eq!(handled.log.reason, None);
        }
    }
    let given_back = allocation_counter::measure(|| drop(seen));
    given_back.bytes_current.unsigned_abs() + OVERHEAD * given_back.count_current.unsigned_abs()
}

/// Bytes that are kept of each key, with its meter.
async fn of_a_key(edit: impl Fn(&mut Key)) -> u64 {
    let world = World::new(&[]).await;
    let plan = plan("plan_A1b2C3d4E5f6G7h8", Some(1_000_000));
    world.store.create_plan(&plan, &change()).await.unwrap();
    for number in 0..KEYS {
        let mut key = Key {
            name: None,
            ..key(&value(number))
        };
        edit(&mut key);
        let (plans, twin, change) = ([&plan], twin(), change());
        let created = world.store.create_key(&key, &plans, &twin, &change);
        created.await.unwrap();
    }
    (held(&world, KEYS).await - held(&world, 0).await) / KEYS
}

#[tokio::test]
async fn a_key_that_was_seen_takes_a_kilobyte_and_a_half_with_its_meter() {
    let bytes = of_a_key(|_| {}).await;
    assert!((800..1_500).contains(&bytes), "{bytes} bytes");
}

#[tokio::test]
async fn what_people_say_of_a_key_takes_little_more_than_its_own_length() {
    let mut metadata = Metadata::default();
    metadata.insert("tier", "gold").unwrap();
    metadata.insert("region", "eu-west-1").unwrap();
    let bytes = of_a_key(|key| {
        key.name = "The nightly import of Acme Limited".parse().ok();
        key.description = "d".repeat(1_000).parse().ok();
        key.customer_id = "customer-0001".parse().ok();
        key.metadata = metadata.clone();
        key.routes = Some(vec![
            "GET /orders".parse().unwrap(),
            "* /reports/*".parse().unwrap(),
        ]);
    })
    .await;
    assert!((1_500..2_900).contains(&bytes), "{bytes} bytes");
}

#[tokio::test]
async fn an_id_that_was_made_up_takes_little() {
    let world = World::new(&[]).await;
    let bytes = async |made_up: u64| {
        let seen = authorizer(&world.store, &world.time, &[]).await;
        for number in 0..made_up {
            let refused = crate::call(&seen, value(number).expose(), "a1", "prod").await;
            assert!(refused.log.reason.is_some());
        }
        let given_back = allocation_counter::measure(|| drop(seen));
        given_back.bytes_current.unsigned_abs() + OVERHEAD * given_back.count_current.unsigned_abs()
    };
    let bytes = (bytes(KEYS).await - bytes(0).await) / KEYS;
    assert!(bytes < 250, "{bytes} bytes");
}
