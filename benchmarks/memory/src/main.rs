//! What a leased call does in memory, a thousand times each. Before and after each thousand it
//! writes a line, at which callgrind writes its counters down (`latchkey-instructions`).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

#[path = "../../../shared/domain/benches/leased/world.rs"]
mod world;

use std::{
    hint::black_box,
    io::{self, Write as _},
};

use latchkey_domain::{KeyValue, Prefix, PresentedKey, RANDOM_BYTES};
use world::World;

const TIMES: usize = 1_000;

fn main() -> io::Result<()> {
    let generated = KeyValue::generate(&Prefix::default(), &[7; RANDOM_BYTES]);
    counted("a generated key value parsed and hashed", || {
        PresentedKey::parse(black_box(generated.expose())).is_ok()
    })?;
    counted("a custom key value parsed and hashed", || {
        PresentedKey::parse(black_box("a-custom-value-of-a-benchmark")).is_ok()
    })?;
    let world = World::new(1_000);
    counted("decided", || world.denied())?;
    let mut world = World::new(1_000_000);
    world.take_a_lease();
    counted("decided and spent, with the charges between", || {
        world.call()
    })?;
    let mut world = World::new(1_000);
    world.empty_the_bucket();
    counted("decided and refused", || world.call())
}

fn counted<T>(name: &str, mut operation: impl FnMut() -> T) -> io::Result<()> {
    mark(name)?;
    for _ in 0..TIMES {
        black_box(operation());
    }
    mark("")
}

/// One write of one line.
fn mark(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}
