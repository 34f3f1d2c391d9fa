//! A call that a lease pays for asks for no memory: neither to be decided nor to be spent, and
//! neither does one that is refused from what is known. What is kept for calls has no room to grow.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../../benches/leased/world.rs"]
mod world;

use ipnet::IpNet;
use jiff::Timestamp;
use latchkey_domain::{AddressRules, Key, KeyValue, meter::Verdict};
use world::World;

#[test]
fn a_leased_call_is_decided_and_spent_without_asking_for_memory() {
    let mut world = World::new(1_000);
    world.take_a_lease();
    let mut verdict = None;
    let used = allocation_counter::measure(|| verdict = Some(world.call()));
    assert!(
        matches!(verdict, Some(Verdict::Admitted { .. })),
        "{verdict:?}"
    );
    assert_eq!(used.count_total, 0, "{used:?}");
}

#[test]
fn a_call_is_refused_from_memory_without_asking_for_memory() {
    let mut world = World::new(1_000);
    world.empty_the_bucket();
    let mut verdict = None;
    let used = allocation_counter::measure(|| verdict = Some(world.call()));
    assert!(matches!(verdict, Some(Verdict::Refused(_))), "{verdict:?}");
    assert_eq!(used.count_total, 0, "{used:?}");
}

#[test]
fn a_key_s_networks_are_kept_for_calls_without_room_for_more() {
    let mut networks = Vec::with_capacity(50);
    networks.push("10.0.0.0/8".parse::<IpNet>().unwrap());
    let value = KeyValue::custom("a-custom-value-of-a-test").unwrap();
    let key = Key {
        allowed_ips: Some(AddressRules::new(networks).unwrap()),
        ..Key::new(&value, Timestamp::UNIX_EPOCH)
    };
    let mut kept = None;
    let used = allocation_counter::measure(|| kept = Some(key.for_calls()));
    let room = 49 * size_of::<IpNet>() as i64;
    assert!(used.bytes_current <= -room, "{used:?}");
}
