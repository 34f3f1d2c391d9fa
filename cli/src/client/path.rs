//! Paths of the admin API, with what a user typed in them coded.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 calls unreserved.
const CODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A path, and its query if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    /// Its words, each one segment: `["v1", "plans", "gold"]`.
    pub(crate) fn of(words: &[&str]) -> Self {
        let coded = words.iter().map(|word| {
            let word = utf8_percent_encode(word, CODED);
            format!("/{word}")
        });
        Self(coded.collect())
    }

    /// The same with a query; an empty one leaves it as it is.
    pub(crate) fn with(self, query: &Query) -> Self {
        if query.0.is_empty() {
            return self;
        }
        let mut coded = form_urlencoded::Serializer::new(String::new());
        coded.extend_pairs(&query.0);
        // `+` for a blank is a form's coding, which a signature does not know.
        Self(format!("{}?{}", self.0, coded.finish().replace('+', "%20")))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parameters of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// With one more, where it is given.
    pub(crate) fn with(mut self, name: &'static str, value: Option<impl fmt::Display>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stays_one_segment() {
        let path = Path::of(&["v1", "plans", "../keys?x=1", "é"]);
        assert_eq!(path.to_string(), "/v1/plans/..%2Fkeys%3Fx%3D1/%C3%A9");
    }

    #[test]
    fn a_query_has_what_is_given() {
        let query = Query::default()
            .with("name", Some("a b&c+d"))
            .with("limit", None::<u16>);
        let path = Path::of(&["v1", "keys"]);
        assert_eq!(
            path.clone().with(&query).to_string(),
            "/v1/keys?name=a%20b%26c%2Bd"
        );
        assert_eq!(path.clone().with(&Query::default()), path);
    }
}
