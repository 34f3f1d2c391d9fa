//! The query's parameters, by name.
//!
//! REST APIs, WebSocket APIs and payload format 1.0 tell them decoded, the last of each name
//! and, in the first two, all of them as a list. Format 2.0 joins those of one name with commas,
//! which a value may hold itself: there the query as it was sent is read, by the rules of forms
//! (WHATWG URL, 5.1), by which the others were decoded. They stay JSON text until one is
//! asked for: most owners have no key in the query.

use std::{borrow::Cow, fmt};

use serde_json::value::RawValue;

use super::{
    Event, NoText,
    field::{self, Unreadable},
    pairs::{Names, texts},
};

/// The query of an event. Its `Debug` shows nothing: any parameter may hold a key value.
#[derive(Default)]
pub struct Query<'e> {
    /// `rawQueryString`: as it was sent.
    sent: Option<&'e RawValue>,
    /// `queryStringParameters`: a text each.
    single: Option<&'e RawValue>,
    /// `multiValueQueryStringParameters`: a list each.
    multiple: Option<&'e RawValue>,
}

impl<'e> Query<'e> {
    /// That of a kind which tells the parameters decoded.
    pub(super) fn decoded(event: &Event<'e>) -> Self {
        Self {
            sent: None,
            single: event.query_string_parameters,
            multiple: event.multi_value_query_string_parameters,
        }
    }

    /// That of a kind which tells the query as it was sent.
    pub(super) fn as_sent(event: &Event<'e>) -> Self {
        Self {
            sent: event.raw_query_string,
            single: event.query_string_parameters,
            multiple: None,
        }
    }

    /// All values of a parameter, decoded, none of them empty. Names are exact. The same value
    /// may come several times.
    ///
    /// # Errors
    /// [`NoText`] where one of them is no text.
    pub fn values(&self, name: &str) -> Result<Vec<Cow<'e, str>>, NoText> {
        self.read(name).map_err(|Unreadable| NoText)
    }

    fn read(&self, name: &str) -> Result<Vec<Cow<'e, str>>, Unreadable> {
        if let Some(sent) = field::text(self.sent)? {
            let values = form_urlencoded::parse(sent.as_bytes())
                .filter(|(theirs, value)| theirs == name && !value.is_empty())
                .map(|(_, value)| Cow::Owned(value.into_owned()));
            return Ok(values.collect());
        }
        let pairs = |raw: Option<&'e RawValue>| field::object(raw.map_or("{}", RawValue::get));
        let (single, multiple) = (pairs(self.single)?, pairs(self.multiple)?);
        texts(&single, &multiple, Names::Exact, name)
    }
}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Query(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(sent: &str, single: &str, multiple: &str) -> Result<Vec<String>, NoText> {
        let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
        let (sent, single, multiple) = (raw(sent), raw(single), raw(multiple));
        let query = Query {
            sent: Some(&sent),
            single: Some(&single),
            multiple: Some(&multiple),
        };
        let values = query.values("key")?;
        Ok(values.into_iter().map(Cow::into_owned).collect())
    }

    fn found(values: &[&str]) -> Result<Vec<String>, NoText> {
        Ok(values.iter().map(|&value| value.to_owned()).collect())
    }

    #[test]
    fn decoded_parameters_are_not_decoded_again() {
        let single = r#"{"key":"a%2Bb","KEY":"x","key ":"y"}"#;
        let multiple = r#"{"key":["c+d","a%2Bb"],"Key":["z"]}"#;
        assert_eq!(
            values("null", single, multiple),
            found(&["a%2Bb", "c+d", "a%2Bb"]),
            "and names are exact"
        );
    }

    #[test]
    fn the_query_as_it_was_sent_is_decoded_once_and_goes_first() {
        let sent = r#""a=1&key=a%252Bb%2C&%6Bey=c+d&key=&key&Key=x&key=%C3%BC%FF""#;
        assert_eq!(
            values(sent, r#"{"key":"joined,with,commas"}"#, "{}"),
            found(&["a%2Bb,", "c d", "ü\u{fffd}"])
        );
        let absent = r#"{"key":"a,b"}"#;
        for nothing in ["null", "\"\""] {
            assert_eq!(values(nothing, absent, "null"), found(&["a,b"]));
        }
    }

    #[test]
    fn null_absent_and_empty_hold_nothing() {
        for (single, multiple) in [
            ("null", "null"),
            ("{}", "{}"),
            (r#"{"key":null}"#, r#"{"key":null}"#),
            (r#"{"key":""}"#, r#"{"key":["",null]}"#),
        ] {
            assert_eq!(values("null", single, multiple), found(&[]));
        }
        assert_eq!(values(r#""key=""#, "{}", "{}"), found(&[]));
        assert_eq!(Query::default().values("key"), Ok(vec![]));
    }

    #[test]
    fn a_wrong_type_matters_where_it_is_read() {
        for (sent, single, multiple) in [
            ("1", "{}", "{}"),
            ("null", "[]", "{}"),
            ("null", r#"{"key":1}"#, "{}"),
            ("null", "{}", r#"{"key":"a"}"#),
            ("null", "{}", r#""key=a""#),
        ] {
            assert_eq!(values(sent, single, multiple), Err(NoText));
        }
        let other = r#"{"other":1,"key":"a"}"#;
        assert_eq!(values("null", other, "{}"), found(&["a"]));
    }
}
