//! How long a comparison takes tells nothing. Held by how it is written and by what is asked for,
//! not by a clock, which on a busy machine tells nothing either.

use std::path::Path;

use futures_util::FutureExt;
use latchkey_domain::{KeyValue, Prefix, Reason, SECRET_RANDOM_BYTES};
use serde_json::{json, value::to_raw_value};

use super::made_up::{LONG, counted};
use crate::world::{keyed, plan, value};

/// 62^15: what the first of 16 digits counts.
const FIRST_DIGIT: u128 = 62u128.pow(15);
const SEED: u8 = 3;

/// A function's or an implementation's lines, from the one that begins with `head`.
fn item(file: &str, head: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/domain/src")
        .join(file);
    let source = std::fs::read_to_string(path).unwrap();
    let mut lines = source
        .lines()
        .skip_while(|line| !line.trim_start().starts_with(head));
    let first = lines.next().unwrap();
    let indent = &first[..first.len() - first.trim_start().len()];
    let end = format!("{indent}}}");
    let body: Vec<&str> = lines
        .take_while(|line| *line != end)
        .map(str::trim)
        .collect();
    body.join("\n")
}

#[test]
fn hashes_are_compared_in_constant_time_and_all_of_a_key_s_each_time() {
    let equal = item("key_value.rs", "impl PartialEq for KeyHash");
    assert_eq!(
        equal,
        "fn eq(&self, other: &Self) -> bool {\nself.words().ct_eq(&other.words()).into()\n}"
    );
    let recognises = item("key.rs", "pub fn recognises");
    for early in ["return", "?", "&&", "||", ".any(", ".find(", ".position("] {
        assert!(
            !recognises.contains(early),
            "{early} ends early:\n{recognises}"
        );
    }
    assert_eq!(
        recognises.matches("== *presented").count(),
        2,
        "{recognises}"
    );
}

/// Another secret for the real id: the real one's, with this added to its first and its second half.
fn wrong(real: &KeyValue, first: u128, second: u128) -> KeyValue {
    let half = u128::from_be_bytes([SEED; 16]) % (62 * FIRST_DIGIT);
    let mut random = [0; SECRET_RANDOM_BYTES];
    random[..16].copy_from_slice(&(half + first).to_be_bytes());
    random[16..].copy_from_slice(&(half + second).to_be_bytes());
    KeyValue::rotated(&Prefix::default(), real.presented().id, &random)
}

/// The places in which a value's secret differs from the real one's, without the check.
fn differences(real: &KeyValue, other: &KeyValue) -> Vec<usize> {
    let secret = |value: &KeyValue| value.expose()[24..56].to_owned().into_bytes();
    let (real, other) = (secret(real), secret(other));
    let places = real.iter().zip(&other).enumerate();
    let differ = places.filter(|(_, (real, other))| real != other);
    differ.map(|(place, _)| place).collect()
}

/// The hash of a value says nothing of where it is wrong. What comes before and after the
/// comparison is the same as well: no read while the key was just read again, and as much memory.
#[tokio::test]
async fn a_secret_that_is_wrong_in_its_first_or_its_last_character_asks_for_the_same() {
    let (world, passage) = counted(LONG).await;
    let real = keyed(&world, &plan("gold", None), SEED).await;
    assert_eq!(wrong(&real, 0, 0).expose(), real.expose());
    let (first, last) = (wrong(&real, FIRST_DIGIT, 0), wrong(&real, 0, 1));
    assert_eq!(
        (differences(&real, &first), differences(&real, &last)),
        (vec![0], vec![31])
    );
    let event = |value: &KeyValue| {
        to_raw_value(&json!({
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/orders",
            "authorizationToken": value.expose(),
        }))
        .unwrap()
    };
    assert_eq!(world.reason(value(SEED).expose()).await, None);
    assert_eq!(
        world.reason(first.expose()).await,
        Some(Reason::UnknownKey),
        "it is read again"
    );
    passage.taken();
    let [first, last] = [first, last].map(|value| {
        let (event, mut handled) = (event(&value), None);
        let used = allocation_counter::measure(|| {
            handled = world.authorizer.handle(event.get()).now_or_never();
        });
        let handled = handled.unwrap();
        assert_eq!(handled.log.reason, Some(Reason::UnknownKey));
        (
            used.count_total,
            used.bytes_total,
            format!("{:?}", handled.answer.map(|_| ())),
        )
    });
    assert_eq!(first, last);
    assert_eq!(passage.taken().0, 0, "the table is not asked");
}
