//! Where a key value is looked for, and what counts as one value.
//!
//! The first source that holds something wins: were the next one tried after a malformed
//! value, two keys could be sent and the better one would count. For the same reason a
//! header that comes twice must say the same twice.

mod sent;
mod values;

use std::str::FromStr;

use latchkey_domain::{Invalid, Reason};

pub use self::sent::SentValue;
use self::values::{BEARER, after_bearer, bearer, plain, trimmed};
use crate::event::{Incoming, Kind, UnreadableHeader};

/// The setting `KEY_SOURCES`: where a key value is looked for, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySources(Vec<Source>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// The whole value of this header.
    Header(String),
    /// The header `Authorization` with the scheme `Bearer` (RFC 6750).
    Bearer,
}

impl Default for KeySources {
    fn default() -> Self {
        Self(vec![Source::Header("x-api-key".to_owned()), Source::Bearer])
    }
}

impl FromStr for KeySources {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let sources = text.split(',').map(|source| Source::parse(source.trim()));
        Ok(Self(sources.collect::<Result<_, _>>()?))
    }
}

impl Source {
    fn parse(text: &str) -> Result<Self, Invalid> {
        const ALLOWED: &str = "header:NAME and bearer, separated by commas";
        const LATER: &str = "header:NAME and bearer (basic, query: and websocket-protocol: come in a later version)";
        let is_later = text == "basic"
            || text.starts_with("query:")
            || text.starts_with("websocket-protocol:");
        match text.strip_prefix("header:") {
            Some(name) if is_header_name(name) => Ok(Self::Header(name.to_owned())),
            None if text == BEARER => Ok(Self::Bearer),
            _ if is_later => Err(Invalid::new("a key source yet", text, LATER)),
            _ => Err(Invalid::new("a key source", text, ALLOWED)),
        }
    }

    fn header(&self) -> &str {
        match self {
            Self::Header(name) => name,
            Self::Bearer => "authorization",
        }
    }

    /// The one value among those of its header, if there is any.
    fn value<'a>(&self, texts: &[&'a str]) -> Result<Option<&'a str>, Reason> {
        match self {
            Self::Header(_) => plain(texts),
            Self::Bearer => bearer(texts),
        }
    }
}

impl KeySources {
    /// The key value that was sent, exactly as it was, without blanks and line ends around it.
    ///
    /// # Errors
    /// [`Reason::MissingKey`] where no source holds anything, [`Reason::MalformedKey`] where
    /// one holds more than one value, [`Reason::MalformedEvent`] where it is no text.
    pub fn presented(&self, incoming: &Incoming<'_>) -> Result<SentValue, Reason> {
        if incoming.kind == Kind::RestToken {
            let text = trimmed(incoming.token.as_deref().unwrap_or_default());
            let value = match after_bearer(text) {
                Some(_) => bearer(&[text])?,
                None => plain(&[text])?,
            };
            return value.map(SentValue::new).ok_or(Reason::MissingKey);
        }
        for source in &self.0 {
            let texts = incoming
                .headers
                .values(source.header())
                .map_err(|UnreadableHeader| Reason::MalformedEvent)?;
            let texts: Vec<&str> = texts.iter().map(|text| trimmed(text)).collect();
            if let Some(value) = source.value(&texts)? {
                return Ok(SentValue::new(value));
            }
        }
        Err(Reason::MissingKey)
    }
}

/// A field name (RFC 9110, 5.6.2).
fn is_header_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use latchkey_domain::{KeyValue, Prefix, RANDOM_BYTES};
    use proptest::prelude::*;
    use serde_json::{
        Value, json,
        value::{RawValue, to_raw_value},
    };

    use super::*;
    use crate::event;

    const CUSTOM: &str = "a-custom-value-of-a-test";
    const OTHER: &str = "another-value-of-the-test";

    fn generated(seed: u8) -> String {
        let value = KeyValue::generate(&Prefix::default(), &[seed; RANDOM_BYTES]);
        value.expose().to_owned()
    }

    fn presented_in(event: &Value, sources: &str) -> Result<String, Reason> {
        let event: Box<RawValue> = to_raw_value(event).unwrap();
        let sources: KeySources = sources.parse().unwrap();
        let sent = sources.presented(&event::read(&event).unwrap())?;
        Ok(sent.expose().to_owned())
    }

    fn rest(headers: Value, multi_value_headers: Value) -> Result<String, Reason> {
        let event = json!({
            "type": "REQUEST",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/",
            "headers": headers,
            "multiValueHeaders": multi_value_headers,
        });
        presented_in(&event, "header:x-api-key,bearer")
    }

    fn http(headers: Value) -> Result<String, Reason> {
        http_from("header:x-api-key,bearer", headers)
    }

    fn http_from(sources: &str, headers: Value) -> Result<String, Reason> {
        let event = json!({
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/$default/GET/",
            "headers": headers,
        });
        presented_in(&event, sources)
    }

    fn token(token: Value) -> Result<String, Reason> {
        let event = json!({
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/",
            "authorizationToken": token,
        });
        presented_in(&event, "header:x-other")
    }

    fn found(value: &str) -> Result<String, Reason> {
        Ok(value.to_owned())
    }

    const MISSING: Result<String, Reason> = Err(Reason::MissingKey);
    const MALFORMED: Result<String, Reason> = Err(Reason::MalformedKey);

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
}
