//! What a call costs that is answered from memory: decided, and paid for by a lease.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

mod world;

use divan::{Bencher, black_box};
use latchkey_domain::{KeyValue, Prefix, PresentedKey, RANDOM_BYTES, meter::Verdict};
use world::World;

fn main() {
    divan::main();
}

/// A generated value's form, check and hash.
#[divan::bench]
fn parse_and_hash_a_key_value(bencher: Bencher) {
    let value = KeyValue::generate(&Prefix::default(), &[7; RANDOM_BYTES]);
    bencher.bench_local(|| PresentedKey::parse(black_box(value.expose())).is_ok());
}

/// A custom value's: its id is a second hash.
#[divan::bench]
fn parse_and_hash_a_custom_value() -> bool {
    PresentedKey::parse(black_box("a-custom-value-of-a-benchmark")).is_ok()
}

/// Whether the key may do this.
#[divan::bench]
fn decide(bencher: Bencher) {
    let world = World::new(1_000);
    bencher.bench_local(|| world.denied());
}

/// Decided and spent. A lease lasts for some hundred calls, and the charge that follows is
/// counted with them, without what the table takes.
#[divan::bench]
fn decide_and_spend(bencher: Bencher) {
    let mut world = World::new(1_000_000);
    world.take_a_lease();
    bencher.bench_local(|| world.call());
}

/// Decided, and refused by a bucket that is known to be empty.
#[divan::bench]
fn decide_and_refuse(bencher: Bencher) {
    let mut world = World::new(1_000);
    world.empty_the_bucket();
    bencher.bench_local(|| -> Verdict { world.call() });
}
