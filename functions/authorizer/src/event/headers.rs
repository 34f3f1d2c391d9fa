//! Headers, by name and without regard to case.
//!
//! They stay JSON text until one is asked for: a header that nobody reads may hold an
//! accent, a control character or a value of the wrong type, and costs nothing.

use std::{borrow::Cow, fmt};

use super::{
    field::{Object, Unreadable},
    pairs::{Names, Pairs, texts},
};

/// The headers of an event. Its `Debug` shows none: any of them may hold a key value.
#[derive(Default)]
pub struct Headers<'e> {
    /// `headers`: a text each.
    single: Pairs<'e>,
    /// `multiValueHeaders`: a list each.
    multiple: Pairs<'e>,
}

/// A header or a query parameter that was asked for is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoText;

impl<'e> Headers<'e> {
    pub(super) fn read(
        single: Object<Pairs<'e>>,
        multiple: Object<Pairs<'e>>,
    ) -> Result<Self, Unreadable> {
        Ok(Self {
            single: single.read()?,
            multiple: multiple.read()?,
        })
    }

    /// All values of a header, none of them empty. The same value may come several times:
    /// `headers` repeats one of those in `multiValueHeaders`.
    ///
    /// # Errors
    /// [`NoText`] where one of them is no text.
    pub fn values(&self, name: &str) -> Result<Vec<Cow<'e, str>>, NoText> {
        texts(&self.single, &self.multiple, Names::AnyCase, name).map_err(|Unreadable| NoText)
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Headers(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(
        single: &'static str,
        multiple: &'static str,
        name: &str,
    ) -> Result<Result<Vec<String>, NoText>, Unreadable> {
        let object = |json| serde_json::from_str(json).unwrap();
        let headers = Headers::read(object(single), object(multiple))?;
        let values = headers.values(name);
        Ok(values.map(|values| values.into_iter().map(Cow::into_owned).collect()))
    }

    #[test]
    fn names_compare_without_regard_to_case() {
        let found = values(
            r#"{"X-API-Key":"a","x-api-key":"b","x-api-key":"c"}"#,
            r#"{"X-Api-Key":["d"]}"#,
            "x-api-key",
        );
        let expected = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(found, Ok(Ok(expected)));
    }

    #[test]
    fn null_absent_and_empty_hold_nothing() {
        for (single, multiple) in [
            ("null", "null"),
            ("{}", "{}"),
            (r#"{"k":null}"#, r#"{"k":null}"#),
            (r#"{"k":""}"#, r#"{"k":[]}"#),
            ("{}", r#"{"k":["",null]}"#),
        ] {
            let found = values(single, multiple, "k");
            assert_eq!(found, Ok(Ok(vec![])), "{single} {multiple}");
        }
    }

    #[test]
    fn a_wrong_type_matters_only_where_it_is_read() {
        let single = r#"{"City":"Zürich\u0001\ud800","other":1,"k":"a"}"#;
        assert_eq!(values(single, "{}", "k"), Ok(Ok(vec!["a".to_owned()])));
        assert_eq!(values(single, "{}", "other"), Ok(Err(NoText)));
        assert_eq!(values(single, "{}", "city"), Ok(Err(NoText)));
        for wrong in [r#"{"k":"a"}"#, r#"{"k":[1]}"#, r#"{"k":{}}"#] {
            assert_eq!(values("{}", wrong, "k"), Ok(Err(NoText)), "{wrong}");
        }
        assert_eq!(values("[]", "{}", "k"), Err(Unreadable));
        assert_eq!(values("{}", r#""x""#, "k"), Err(Unreadable));
    }
}
