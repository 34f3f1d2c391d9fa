//! The header of keys, `Bearer`, and tokens.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn the_first_source_that_holds_something_wins() {
    let both = json!({"x-api-key": "first", "authorization": "Bearer second"});
    assert_eq!(http(both.clone()), found("first"));
    assert_eq!(
        http_from("bearer,header:x-api-key", both.clone()),
        found("second")
    );
    assert_eq!(
        http_from("header:x-other,bearer", both.clone()),
        found("second")
    );
    assert_eq!(http_from("header:x-other", both), MISSING);
    let blank = json!({"x-api-key": " ", "authorization": "Bearer second"});
    assert_eq!(http(blank), found("second"), "empty is absent");
    let two = json!({"x-api-key": ["a", "b"], "authorization": ["Bearer c"]});
    assert_eq!(
        rest(json!({}), two),
        MALFORMED,
        "never the next after a malformed one"
    );
}

#[test]
fn no_source_that_holds_anything_is_a_missing_key() {
    for nothing in [
        json!(null),
        json!({}),
        json!({"x-api-key": null, "authorization": ""}),
    ] {
        assert_eq!(http(nothing), MISSING);
    }
    for other in [
        "Basic dXNlcjo=",
        "Bearer",
        "Bearer  ",
        "bearertoken",
        "Bear er",
    ] {
        assert_eq!(http(json!({"authorization": other})), MISSING, "{other}");
    }
}

#[test]
fn bearer_in_any_case_and_after_any_number_of_blanks() {
    for text in ["Bearer k", "bearer k", "BEARER \t  k\r\n", "\r\n bEaReR k "] {
        assert_eq!(http(json!({"Authorization": text})), found("k"), "{text:?}");
        assert_eq!(token(json!(text)), found("k"), "{text:?}");
    }
    let inside = http(json!({"authorization": "Bearer k k"})).unwrap();
    assert!(
        latchkey_domain::PresentedKey::parse(&inside).is_err(),
        "blanks inside stay"
    );
}

#[test]
fn a_token_without_a_scheme_is_the_value_itself() {
    assert_eq!(token(json!(" k\n")), found("k"));
    for nothing in [json!(null), json!(""), json!("  "), json!("Bearer")] {
        assert_eq!(token(nothing), MISSING);
    }
    let repeated = format!("{CUSTOM},{CUSTOM}");
    assert_eq!(token(json!(repeated)), found(CUSTOM));
}

#[test]
fn equal_values_are_one_and_different_ones_malformed() {
    let lists = |name: &str, values: &[&str]| rest(json!(null), json!({name: values}));
    assert_eq!(lists("X-Api-Key", &["k", " k", ""]), found("k"));
    assert_eq!(lists("X-Api-Key", &["k", "l"]), MALFORMED);
    assert_eq!(
        lists("Authorization", &["Bearer k", "bearer  k"]),
        found("k")
    );
    assert_eq!(lists("Authorization", &["Bearer k", "Bearer l"]), MALFORMED);
    assert_eq!(lists("Authorization", &["Basic k", "Bearer k"]), MALFORMED);
    assert_eq!(lists("Authorization", &["Basic k", "Basic l"]), MISSING);
    let last = json!({"x-api-key": "l"});
    assert_eq!(
        rest(last.clone(), json!({"x-api-key": ["l", "l"]})),
        found("l")
    );
    assert_eq!(rest(last, json!({"x-api-key": ["k", "l"]})), MALFORMED);
    let cases = json!({"x-api-key": "k", "X-API-KEY": "l"});
    assert_eq!(
        http(cases),
        MALFORMED,
        "names that differ in case are one name"
    );
}

#[test]
fn joined_values_are_told_from_commas_in_one() {
    let one = |text: String| http(json!({"x-api-key": text}));
    let (first, second) = (generated(1), generated(2));
    assert_eq!(one(format!("{first},{first}")), found(&first));
    assert_eq!(one(format!("{first}, {first} ,{first},")), found(&first));
    assert_eq!(one(format!("{CUSTOM},{CUSTOM}")), found(CUSTOM));
    for other in [second.as_str(), CUSTOM, "x"] {
        assert_eq!(one(format!("{first},{other}")), MALFORMED, "{other}");
        assert_eq!(one(format!("{other},{first}")), MALFORMED, "{other}");
    }
    for with_commas in [
        "a,custom,value,of,a,test",
        "ten-letters,ten-letters",
        ",,,",
        "k,k",
    ] {
        assert_eq!(one(with_commas.to_owned()), found(with_commas));
    }
    let third = format!("{CUSTOM},{OTHER}");
    assert_eq!(one(third.clone()), found(&third), "a value that nobody has");
}

#[test]
fn joined_bearer_values() {
    let one = |text: String| http(json!({"authorization": text}));
    assert_eq!(one("Bearer k,bearer  k".to_owned()), found("k"));
    assert_eq!(one("Bearer k, Bearer l".to_owned()), MALFORMED);
    assert_eq!(one("Bearer k,Bearer l,m".to_owned()), MALFORMED);
    assert_eq!(one("Basic k,Bearer k".to_owned()), MALFORMED);
    assert_eq!(
        one("Bearer a,custom,value,of,a,test".to_owned()),
        found("a,custom,value,of,a,test")
    );
    assert_eq!(
        one("Digest username=\"a\", realm=\"b\"".to_owned()),
        MISSING
    );
}

#[test]
fn a_source_that_is_no_text_is_a_malformed_event() {
    let malformed = Err(Reason::MalformedEvent);
    assert_eq!(http(json!({"x-api-key": 1})), malformed);
    assert_eq!(
        rest(json!({}), json!({"authorization": "Bearer k"})),
        malformed
    );
    assert_eq!(
        http(json!({"x-api-key": "k", "authorization": 1})),
        found("k")
    );
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(key in "\\PC{0,80}", authorization in "(Bearer|Basic|bearer,)?[ ,a-zé]{0,40}") {
        let headers = json!({"x-api-key": key, "authorization": authorization});
        let _ = http(headers.clone());
        let _ = rest(headers, json!({"x-api-key": [key, authorization]}));
    }

    /// However a generated value is sent, with nothing else, it is found as it is.
    #[test]
    fn a_value_is_found_exactly(seed in any::<u8>(), blanks in "[ \\t\\r\\n]{0,3}", times in 1usize..4) {
        let value = generated(seed);
        let padded = format!("{blanks}{value}{blanks}");
        let joined = vec![padded.as_str(); times].join(",");
        prop_assert_eq!(http(json!({"x-api-key": &joined})), found(&value));
        let list = vec![padded.as_str(); times];
        prop_assert_eq!(rest(json!({"x-api-key": padded}), json!({"x-api-key": list})), found(&value));
        prop_assert_eq!(token(json!(format!("Bearer {blanks}{joined}"))), found(&value));
    }

    #[test]
    fn two_different_values_never_pass(first in any::<u8>(), second in any::<u8>()) {
        prop_assume!(first != second);
        let (first, second) = (generated(first), generated(second));
        let joined = format!("{first},{second}");
        prop_assert_eq!(http(json!({"x-api-key": &joined})), MALFORMED);
        prop_assert_eq!(http(json!({"authorization": format!("Bearer {joined}")})), MALFORMED);
        prop_assert_eq!(rest(json!({"x-api-key": second}), json!({"x-api-key": [first, second]})), MALFORMED);
    }
}
