//! What a leased call does in memory, a thousand times each.

use std::hint::black_box;

use latchkey_authorizer::event;
use latchkey_domain::{Key, KeyHash, KeyValue, Prefix, PresentedKey, RANDOM_BYTES, Reading};

use crate::{
    leased,
    marks::Marks,
    words::{self, KINDS, event_of},
};

const TIMES: usize = 1_000;

pub(crate) fn all() -> Marks {
    let mut all = Marks::begin("");
    let marks = &mut all;
    let generated = KeyValue::generate(&Prefix::default(), &[7; RANDOM_BYTES]);
    counted(marks, "a generated key value parsed and hashed", || {
        PresentedKey::parse(black_box(generated.expose())).is_ok()
    });
    counted(marks, "a custom key value parsed and hashed", || {
        PresentedKey::parse(black_box("a-custom-value-of-a-benchmark")).is_ok()
    });
    compared(marks, &generated);
    decided(marks);
    for kind in KINDS {
        in_words(marks, kind);
    }
    let (world, event) = (words::World::new(), event_of(KINDS[0]));
    let incoming = event::read(&event).unwrap();
    counted(
        marks,
        "the first answer for a key's routes put into words",
        || world.answers_first(black_box(&incoming)),
    );
    all
}

fn decided(marks: &mut Marks) {
    let world = leased::World::new(1_000);
    counted(marks, "decided", || world.denied());
    let mut world = leased::World::new(1_000_000);
    world.take_a_lease();
    counted(marks, "decided and spent, with the charges between", || {
        world.call()
    });
    let mut world = leased::World::new(1_000);
    world.empty_the_bucket();
    counted(marks, "decided and refused", || world.call());
}

fn in_words(marks: &mut Marks, kind: &str) {
    let (world, event) = (words::World::new(), event_of(kind));
    counted(marks, &format!("an event read: {kind}"), || {
        event::read(black_box(&event)).is_ok()
    });
    let incoming = event::read(&event).unwrap();
    counted(marks, &format!("the key value found: {kind}"), || {
        world.finds_the_key_value(black_box(&incoming))
    });
    counted(marks, &format!("the answer put into words: {kind}"), || {
        world.answers(black_box(&incoming))
    });
}

/// What a key's hash is compared with: itself, and what differs from it in one byte alone.
fn compared(marks: &mut Marks, value: &KeyValue) {
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
        counted(marks, name, || recognises(&key, &hash));
    }
}

/// Once in the program, so that all are compared by the same instructions.
#[inline(never)]
fn recognises(key: &Key, hash: &KeyHash) -> bool {
    black_box(key)
        .recognises(black_box(hash), key.created)
        .is_some()
}

fn counted<T>(marks: &mut Marks, name: &str, mut operation: impl FnMut() -> T) {
    marks.end("");
    for _ in 0..TIMES {
        black_box(operation());
    }
    marks.end(name);
}
