//! However a key is sent, what comes out is what was put in, and two of them never pass.

use latchkey_domain::PresentedKey;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// Values that some key has: generated ones, and custom ones in which anything may stand but
/// what makes two of one (values.rs).
fn any_key() -> impl Strategy<Value = String> {
    let custom = "[!-~]{20,128}".prop_filter("a custom value", |text| {
        KeyValue::custom(text).is_ok() && !text.contains(',')
    });
    prop_oneof![any::<u8>().prop_map(generated), custom]
}

/// A query with every character of the value coded, or only those that must be.
fn coded(value: &str, all: bool) -> String {
    if all {
        return value.bytes().map(|b| format!("%{b:02x}")).collect();
    }
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// The query with what else may stand in one around each of these.
fn query(values: &[String], others: &[String]) -> String {
    let mut parts: Vec<String> = values.iter().map(|value| format!("key={value}")).collect();
    for (at, other) in others.iter().enumerate() {
        parts.insert(at.min(parts.len()), other.clone());
    }
    parts.join("&")
}

fn others() -> impl Strategy<Value = Vec<String>> {
    let other = select(vec![
        "a=b",
        "key",
        "key=",
        "Key=x",
        "keys=x",
        "a=key%3Dx",
        "=",
        "%",
        "ü=1",
    ]);
    vec(other.prop_map(str::to_owned), 0..4)
}

fn is_token(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

proptest! {
    #[test]
    fn a_key_comes_out_of_basic_as_it_went_in(
        key in any_key(), password in "\\PC{0,20}", blanks in "[ \t]{1,3}", times in 1usize..4,
    ) {
        prop_assume!(!key.contains(':'));
        let text = basic(&key, &password).replacen(' ', &blanks, 1);
        prop_assert_eq!(sent("basic", "authorization", &vec![text.as_str(); times]), found(&key));
        prop_assert_eq!(token_from("basic", json!(text)), found(&key));
    }

    #[test]
    fn a_key_comes_out_of_the_query_as_it_went_in(
        key in any_key(), all in any::<bool>(), others in others(), times in 1usize..4,
    ) {
        let query = query(&vec![coded(&key, all); times], &others);
        prop_assert_eq!(asked("query:key", &query), found(&key), "{}", query);
    }

    #[test]
    fn a_key_comes_out_of_a_subprotocol_as_it_went_in(
        key in any_key(), prefix in "[!#$%&'*+.^_`|~a-zA-Z0-9-]{1,32}", times in 1usize..4,
        others in vec("[a-z0-9.-]{1,12}", 0..3),
    ) {
        prop_assume!(is_token(&key) && others.iter().all(|other| !other.starts_with(&prefix)));
        let own = vec![format!("{prefix}{key}"); times];
        let all: Vec<&str> = others.iter().chain(&own).map(String::as_str).collect();
        let source = format!("websocket-protocol:{prefix}");
        prop_assert_eq!(sent(&source, "sec-websocket-protocol", &all), found(&key));
        prop_assert_eq!(sent(&source, "sec-websocket-protocol", &[&all.join(", ")]), found(&key));
    }

    #[test]
    fn two_different_values_never_pass_in_the_opt_in_sources(
        first in any_key(), second in any_key(), all in any::<bool>(), others in others(),
    ) {
        prop_assume!(first != second);
        if !first.contains(':') && !second.contains(':') {
            let both = [basic(&first, ""), basic(&second, "")];
            prop_assert_eq!(sent("basic", "authorization", &[&both[0], &both[1]]), MALFORMED);
            prop_assert_eq!(sent("basic", "authorization", &[&both.join(", ")]), MALFORMED);
        }
        let query = query(&[coded(&first, all), coded(&second, all)], &others);
        prop_assert_eq!(asked("query:key", &query), MALFORMED, "{}", query);
        let joined = json!({
            "version": "2.0", "routeArn": ARN,
            "queryStringParameters": {"key": format!("{first},{second}")},
        });
        let passed = presented_in(&joined, "query:key");
        prop_assert!(passed != found(&first) && passed != found(&second));
        if is_token(&first) && is_token(&second) {
            let both = [format!("key.{first}"), format!("key.{second}")];
            let one = |values: &[&str]| sent("websocket-protocol:key.", "sec-websocket-protocol", values);
            prop_assert_eq!(one(&[&both[0], &both[1]]), MALFORMED);
            prop_assert_eq!(one(&[&both.join(", ")]), MALFORMED);
        }
    }

    /// Whatever stands in them, they find a value that may be a key's, or none.
    #[test]
    fn nothing_that_is_sent_makes_them_panic(
        header in "(Basic |basic|Bearer |key\\.)?[ ,:=+/A-Za-zé]{0,40}", query in "\\PC{0,40}|(&?key=[%a-f0-9+,&]{0,8}){0,4}",
    ) {
        for name in ["authorization", "sec-websocket-protocol"] {
            for (_, event) in events(Some((name, &[&header, &header])), &query) {
                let sources = "query:key,basic,websocket-protocol:key.";
                let _ = presented_in(&event, sources).is_ok_and(|value| PresentedKey::parse(&value).is_ok());
            }
        }
        let _ = token_from("basic", json!(header));
    }
}
