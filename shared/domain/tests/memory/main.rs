//! A call that a lease pays for asks for no memory: neither to be decided nor to be spent, and
//! neither does one that is refused from what is known.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../../benches/leased/world.rs"]
mod world;

use latchkey_domain::meter::Verdict;
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
