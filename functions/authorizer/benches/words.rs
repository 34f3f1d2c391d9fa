//! What a call costs before and after it is decided: its event is read, the key value is found in
//! it, and the answer is put into words.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use divan::{Bencher, black_box};
use jiff::Timestamp;
use latchkey_authorizer::{
    KeptPolicy,
    answer::{Decided, answer},
    event,
    settings::Settings,
    sources::KeySources,
};
use latchkey_domain::{Key, KeyValue, Period, Plan, Quota};
use serde_json::value::RawValue;

const EVENTS: [(&str, &str); 3] = [
    (
        "http-2.0",
        include_str!("../../../tests/fixtures/events/http-2.0.json"),
    ),
    (
        "rest-request",
        include_str!("../../../tests/fixtures/events/rest-request.json"),
    ),
    (
        "rest-token",
        include_str!("../../../tests/fixtures/events/rest-token.json"),
    ),
];
const NAMES: [&str; 3] = [EVENTS[0].0, EVENTS[1].0, EVENTS[2].0];

fn main() {
    divan::main();
}

fn event_of(kind: &str) -> Box<RawValue> {
    let (_, event) = EVENTS.iter().find(|(name, _)| *name == kind).unwrap();
    // As Lambda sends it, without blanks.
    let event: serde_json::Value = serde_json::from_str(event).unwrap();
    serde_json::value::to_raw_value(&event).unwrap()
}

#[divan::bench(args = NAMES)]
fn read_an_event(bencher: Bencher, kind: &str) {
    let event = event_of(kind);
    bencher.bench(|| event::read(black_box(event.get())).is_ok());
}

#[divan::bench(args = NAMES)]
fn find_the_key_value(bencher: Bencher, kind: &str) {
    let event = event_of(kind);
    let incoming = event::read(event.get()).unwrap();
    let sources = KeySources::default();
    bencher.bench(|| sources.presented(black_box(&incoming)).is_ok());
}

/// The policy and its context.
#[divan::bench(args = NAMES)]
fn put_the_answer_into_words(bencher: Bencher, kind: &str) {
    let event = event_of(kind);
    let incoming = event::read(event.get()).unwrap();
    let settings = Settings::read(|name| (name == "TABLE_NAME").then(|| "keys".to_owned()));
    let settings = settings.unwrap();
    let value = KeyValue::custom("a-custom-value-of-a-benchmark").unwrap();
    let made = Timestamp::from_second(0).unwrap();
    let key = Key {
        name: "Acme".parse().ok(),
        ..Key::new(&value, made)
    };
    let plan = Plan {
        quota: Quota::new(1_000, Period::Day).ok(),
        ..Plan::new("gold".parse().unwrap(), "Gold".parse().unwrap(), made)
    };
    let kept = KeptPolicy::default();
    let decided = Decided::Allowed {
        key: &key,
        policy: &kept,
        plan: &plan,
        remaining: Some(999),
        counted_by: None,
        without_store: false,
    };
    bencher.bench(|| answer(black_box(&incoming), &decided, &settings).is_ok());
}
