use latchkey_domain::{
    Key, KeyValue, MAX_CONTEXT_AND_ROUTES_BYTES, MAX_CONTEXT_BYTES, Prefix, RANDOM_BYTES, Route,
};

use crate::at;

fn value(prefix: &str, seed: u8) -> KeyValue {
    KeyValue::generate(&prefix.parse().unwrap(), &[seed; RANDOM_BYTES])
}

fn key() -> Key {
    Key::new(&value("lk_live", 1), at(0))
}

#[test]
fn a_rotated_key_tells_of_its_new_value() {
    let new = value("lk_test", 2);
    let rotated = key().rotated(&new, None, at(10)).unwrap();
    assert_eq!(rotated.prefix, Some("lk_test".parse::<Prefix>().unwrap()));
    assert_eq!(rotated.last4, new.last4());
    assert_eq!((rotated.created, rotated.updated), (at(0), at(10)));
}

/// 19 entries of 266 bytes, and what is missing of `bytes`, which is at most 128.
fn with_context(bytes: usize) -> (Key, usize) {
    let mut key = key();
    for entry in 10..29 {
        let text = "x".repeat(256);
        key.metadata.insert(&format!("{entry}"), &text).unwrap();
    }
    (key, bytes - 19 * 266)
}

/// API Gateway refuses answers over 8 KB: these bounds leave room for the rest.
#[test]
fn name_customer_and_metadata_have_five_kilobytes() {
    assert_eq!(
        (MAX_CONTEXT_BYTES, MAX_CONTEXT_AND_ROUTES_BYTES),
        (5_120, 7_168)
    );
    let (key, rest) = with_context(MAX_CONTEXT_BYTES);
    let named = |name: String, customer: Option<String>| Key {
        name: name.parse().ok(),
        customer_id: customer.map(|customer| customer.parse().unwrap()),
        ..key.clone()
    };
    for (fits, key) in [
        (true, named("n".repeat(rest), None)),
        (false, named("n".repeat(rest + 1), None)),
        (true, named("n".repeat(rest - 5), Some("c".repeat(5)))),
        (false, named("n".repeat(rest - 5), Some("c".repeat(6)))),
        (true, named("\"".repeat(rest / 2), None)),
        (false, named("\\".repeat(rest / 2 + 1), None)),
    ] {
        assert_eq!(key.check().is_ok(), fits, "{:?}", key.name);
    }
}

#[test]
fn routes_have_the_rest_of_seven() {
    let route = |at: usize| format!("GET /orders/{at:02}").parse::<Route>().unwrap();
    let routes: Vec<Route> = (0..33).map(route).collect();
    let rest = MAX_CONTEXT_AND_ROUTES_BYTES - 33 * (200 + "GET /orders/00".len());
    for (length, fits) in [(rest, true), (rest + 1, false)] {
        let key = Key {
            name: "n".repeat(length).parse().ok(),
            routes: Some(routes.clone()),
            ..key()
        };
        assert_eq!(key.check_routes().is_ok(), fits, "{length}");
    }
}
