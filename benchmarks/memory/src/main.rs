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

use latchkey_domain::{Key, KeyHash, KeyValue, Prefix, PresentedKey, RANDOM_BYTES, Reading};
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
    compared(&generated)?;
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

/// What a key's hash is compared with: itself, and what differs from it in one byte alone.
fn compared(value: &KeyValue) -> io::Result<()> {
    let key = Key::new(value, Reading { wall: 0, steady: 0 }.timestamp());
    let digits = key.hash.to_hex();
    let differs_at = |at: usize| {
        let other = if digits.as_bytes()[at] == b'0' {
            "1"
        } else {
            "0"
        };
        KeyHash::from_hex(&format!("{}{other}{}", &digits[..at], &digits[at + 1..])).unwrap()
    };
    let (first, last) = (differs_at(0), differs_at(digits.len() - 1));
    for (name, hash) in [
        ("a hash compared: the key's own", key.hash),
        ("a hash compared: another one in its first digit", first),
        ("a hash compared: another one in its last digit", last),
    ] {
        counted(name, || recognises(&key, &hash))?;
    }
    Ok(())
}

/// Once in the program, so that all are compared by the same instructions.
#[inline(never)]
fn recognises(key: &Key, hash: &KeyHash) -> bool {
    black_box(key)
        .recognises(black_box(hash), key.created)
        .is_some()
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
