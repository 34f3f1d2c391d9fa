//! What a call costs that is answered from memory: decided, and paid for by a lease.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

mod world;

use divan::Bencher;
use latchkey_domain::meter::Verdict;
use world::World;

fn main() {
    divan::main();
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
