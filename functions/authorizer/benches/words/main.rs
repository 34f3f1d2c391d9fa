//! What a call costs before and after it is decided: its event is read, the key value is found in
//! it, and the answer is put into words.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod world;

use divan::{Bencher, black_box};
use latchkey_authorizer::event;
use world::{KINDS, World, event_of};

fn main() {
    divan::main();
}

#[divan::bench(args = KINDS)]
fn read_an_event(bencher: Bencher, kind: &str) {
    let event = event_of(kind);
    bencher.bench(|| event::read(black_box(&event)).is_ok());
}

#[divan::bench(args = KINDS)]
fn find_the_key_value(bencher: Bencher, kind: &str) {
    let (world, event) = (World::new(), event_of(kind));
    let incoming = event::read(&event).unwrap();
    bencher.bench_local(|| world.finds_the_key_value(black_box(&incoming)));
}

#[divan::bench(args = KINDS)]
fn put_the_answer_into_words(bencher: Bencher, kind: &str) {
    let (world, event) = (World::new(), event_of(kind));
    let incoming = event::read(&event).unwrap();
    bencher.bench_local(|| world.answers(black_box(&incoming)));
}

/// The policy of a key with routes, made anew.
#[divan::bench]
fn put_the_first_answer_for_routes_into_words(bencher: Bencher) {
    let (world, event) = (World::new(), event_of(KINDS[0]));
    let incoming = event::read(&event).unwrap();
    bencher.bench_local(|| world.answers_first(black_box(&incoming)));
}
