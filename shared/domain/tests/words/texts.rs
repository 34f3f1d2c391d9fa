use std::{fmt::Display, str::FromStr};

use latchkey_domain::{
    CustomerId, Description, Enforcement, Invalid, KeyValue, Metadata, Name, NativeKeyValue,
    NotHeld, Period, PlanId, Prefix, RANDOM_BYTES, Reason, SECRET_RANDOM_BYTES, StageSelector,
};

/// Whether these are words of their kind, and those are none.
fn holds<T: FromStr<Err = Invalid>>(good: &[&str], bad: &[&str]) {
    for text in good {
        assert!(text.parse::<T>().is_ok(), "{text:?}");
    }
    for text in bad {
        assert!(text.parse::<T>().is_err(), "{text:?}");
    }
}

#[test]
fn each_word_has_its_characters_and_its_length() {
    let of = |character: &str, number: usize| character.repeat(number);
    holds::<CustomerId>(
        &["c", "cus_1/a@b:c", &of("x", 128)],
        &["", "a b", "é", "a\n", &of("x", 129)],
    );
    holds::<PlanId>(
        &["g", "a_b-C9", &of("x", 64)],
        &["", "a b", "a.b", "é", &of("x", 65)],
    );
    holds::<Prefix>(
        &["k", "lk_live", &of("x", 32)],
        &["", "a-b", "a b", "é", &of("x", 33)],
    );
    holds::<Name>(
        &["x", "a b", &of("é", 1024)],
        &["", "a\nb", "\u{7f}", &of("x", 1025)],
    );
    holds::<Description>(&["", "a b", &of("é", 1024)], &["a\tb", &of("x", 1025)]);
}

#[test]
fn what_is_read_is_told_as_it_was_written() {
    assert_eq!("cus_1".parse::<CustomerId>().unwrap().as_str(), "cus_1");
    assert_eq!("gold".parse::<PlanId>().unwrap().as_str(), "gold");
    assert_eq!("a_b".parse::<Prefix>().unwrap().as_str(), "a_b");
    assert_eq!("Acme".parse::<Name>().unwrap().as_str(), "Acme");
    assert_eq!("for it".parse::<Description>().unwrap().as_str(), "for it");
    let stage = StageSelector::new("a1", "prod").unwrap();
    assert_eq!((stage.api_id(), stage.stage()), ("a1", "prod"));
    assert_eq!(stage.to_string(), "a1:prod");
}

/// The names stand in JSON, in the table and in other people's programs.
fn names<T: FromStr<Err = Invalid> + PartialEq + std::fmt::Debug>(all: &[(T, &str, &str)]) {
    for (word, own, name) in all {
        assert_eq!(own, name);
        assert_eq!(name.parse::<T>().as_ref(), Ok(word));
    }
    assert!("other".parse::<T>().is_err() && "".parse::<T>().is_err());
}

#[test]
fn names_never_change() {
    names(&[
        (
            Enforcement::DynamoDb,
            Enforcement::DynamoDb.as_str(),
            "dynamodb",
        ),
        (
            Enforcement::ApiGateway,
            Enforcement::ApiGateway.as_str(),
            "apiGateway",
        ),
    ]);
    names(&[
        (
            NativeKeyValue::Internal,
            NativeKeyValue::Internal.as_str(),
            "internal",
        ),
        (
            NativeKeyValue::Header,
            NativeKeyValue::Header.as_str(),
            "header",
        ),
    ]);
    let periods = ["HOUR", "DAY", "WEEK", "MONTH", "LIFETIME"];
    for (period, name) in Period::ALL.into_iter().zip(periods) {
        names(&[(period, period.as_str(), name)]);
        assert_eq!(period.to_string(), name);
    }
    let reasons = [
        "malformed_event",
        "missing_key",
        "malformed_key",
        "unknown_key",
        "key_disabled",
        "key_not_yet_valid",
        "key_expired",
        "ip_not_allowed",
        "route_not_allowed",
        "no_usage_plan",
        "quota_exceeded",
        "throttled",
        "unavailable",
    ];
    let told: Vec<String> = Reason::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(told, reasons);
    for (rule, field) in [
        (NotHeld::AllowedIps, "allowedIps"),
        (NotHeld::Routes, "routes"),
        (NotHeld::HeaderRoutes, "routes"),
        (NotHeld::NotBefore, "notBefore"),
        (NotHeld::ExpiresAt, "expiresAt"),
        (NotHeld::CustomerId, "customerId"),
    ] {
        assert_eq!(rule.field(), field);
    }
}

#[test]
fn metadata_takes_twenty_short_texts_by_name() {
    let insert = |name: &str, value: &str| Metadata::default().insert(name, value).is_ok();
    for name in ["a", "_", "Tier_2", &"x".repeat(40)] {
        assert!(insert(name, ""), "{name}");
    }
    for name in ["", "a-b", "a b", "é", &"x".repeat(41)] {
        assert!(!insert(name, "x"), "{name}");
    }
    assert!(insert("a", &"é".repeat(256)) && !insert("a", &"x".repeat(257)));
    assert!(!insert("a", "b\n") && !insert("a", "\u{0}"));
    let mut full = Metadata::default();
    assert!(full.is_empty());
    for at in 0..Metadata::MAX_ENTRIES {
        full.insert(&format!("m{at}"), "x").unwrap();
    }
    assert!(!full.is_empty());
    assert!(full.insert("one_more", "x").is_err());
    full.insert("m0", "y").unwrap();
    let entries: Vec<(&str, &str)> = full.iter().collect();
    assert_eq!((entries.len(), entries.first()), (20, Some(&("m0", "y"))));
}

/// Worked out apart from this code, with Python's zlib.
const FIXED: &str = "lk_live_ayHlZ5Lgs9xZNmDSayHlZ5Lgs9xZNmDSayHlZ5Lgs9xZNmDS0W0C9Z";

#[test]
fn a_rotated_value_has_the_form_of_a_generated_one() {
    let value = KeyValue::generate(&Prefix::default(), &[0x5a; RANDOM_BYTES]);
    let id = value.presented().id;
    let rotated = KeyValue::rotated(&Prefix::default(), id, &[0x5a; SECRET_RANDOM_BYTES]);
    assert_eq!((value.expose(), rotated.expose()), (FIXED, FIXED));
    assert_eq!((value.last4(), rotated.last4()), ("0C9Z", "0C9Z"));
}

#[test]
fn any_random_bytes_make_a_value() {
    for byte in [0, 0xff] {
        let value = KeyValue::generate(&Prefix::default(), &[byte; RANDOM_BYTES]);
        let id = value.presented().id;
        let rotated = KeyValue::rotated(&Prefix::default(), id, &[byte; SECRET_RANDOM_BYTES]);
        assert_eq!(value.expose(), rotated.expose());
        assert_eq!(
            KeyValue::held(value.expose()).unwrap().presented(),
            value.presented()
        );
    }
}

#[test]
fn a_refusal_says_what_is_allowed() {
    let told = |error: &dyn Display| error.to_string();
    let error = "a b".parse::<PlanId>().unwrap_err();
    assert_eq!(
        told(&error),
        "\"a b\" is not a plan id: 1 to 64 characters of A-Z a-z 0-9 _ -"
    );
}
