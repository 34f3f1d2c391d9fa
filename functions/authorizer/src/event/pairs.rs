//! The members of a JSON object by name, and the texts in them. They stay JSON text until one
//! is asked for.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, de};
use serde_json::value::RawValue;

use super::field::{self, Unreadable};

/// As many headers as a call of a browser's has; room for more is made.
const USUAL: usize = 16;

/// The members of an object in their order, repeated names included.
#[derive(Default)]
pub(super) struct Pairs<'e>(Vec<(&'e RawValue, &'e RawValue)>);

/// How a name is compared with one that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Exact,
    AnyCase,
}

impl Names {
    fn are_same(self, theirs: u8, ours: u8) -> bool {
        match self {
            Self::Exact => theirs == ours,
            Self::AnyCase => theirs.eq_ignore_ascii_case(&ours),
        }
    }

    /// Whether a name, which is JSON text, is the one that is asked for. As far as it is written
    /// without an escape it is compared as it is written: most names differ in their first letter.
    fn match_raw(self, theirs: &RawValue, ours: &str) -> bool {
        let mut written = theirs.get().bytes().skip(1);
        for ours_here in ours.bytes() {
            match written.next() {
                Some(b'\\') => return self.match_decoded(theirs, ours),
                Some(theirs_here) if self.are_same(theirs_here, ours_here) => {}
                _ => return false,
            }
        }
        // An escape would be one more letter at least.
        written.eq([b'"'])
    }

    fn match_decoded(self, theirs: &RawValue, ours: &str) -> bool {
        let Ok(Some(theirs)) = field::text(Some(theirs)) else {
            return false;
        };
        let mut pairs = theirs.bytes().zip(ours.bytes());
        theirs.len() == ours.len() && pairs.all(|(theirs, ours)| self.are_same(theirs, ours))
    }
}

impl<'e> Pairs<'e> {
    fn named(&self, names: Names, name: &str) -> impl Iterator<Item = &'e RawValue> {
        self.0
            .iter()
            .filter(move |(theirs, _)| names.match_raw(theirs, name))
            .map(|(_, value)| *value)
    }
}

/// The texts under a name in an object of texts and in one of lists of texts, none of them
/// empty. The same text may come several times: the one object repeats what the other has.
pub(super) fn texts<'e>(
    single: &Pairs<'e>,
    multiple: &Pairs<'e>,
    names: Names,
    name: &str,
) -> Result<Vec<Cow<'e, str>>, Unreadable> {
    let mut texts = Vec::new();
    for raw in single.named(names, name) {
        texts.extend(field::text(Some(raw))?);
    }
    for raw in multiple.named(names, name) {
        let list: Option<Vec<Option<&'e RawValue>>> =
            serde_json::from_str(raw.get()).map_err(|_| Unreadable)?;
        for raw in list.unwrap_or_default() {
            texts.extend(field::text(raw)?);
        }
    }
    Ok(texts)
}

impl<'de: 'e, 'e> Deserialize<'de> for Pairs<'e> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> de::Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some(first) = map.next_entry()? else {
            return Ok(Pairs::default());
        };
        let mut pairs = Vec::with_capacity(USUAL);
        pairs.push(first);
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a name is compared that is decoded whole.
    fn decoded(names: Names, theirs: &str, ours: &str) -> bool {
        match names {
            Names::Exact => theirs == ours,
            Names::AnyCase => theirs.eq_ignore_ascii_case(ours),
        }
    }

    fn matched(names: Names, theirs: &str, ours: &str) -> bool {
        let theirs = RawValue::from_string(theirs.to_owned()).unwrap();
        names.match_raw(&theirs, ours)
    }

    #[test]
    fn an_escaped_name_is_decoded_wherever_its_escape_stands() {
        for theirs in [
            r#""x-key""#,
            r#""\u0078-key""#,
            r#""x\u002dkey""#,
            r#""x-ke\u0079""#,
        ] {
            for names in [Names::Exact, Names::AnyCase] {
                assert!(matched(names, theirs, "x-key"), "{theirs}");
                assert!(!matched(names, theirs, "x-kez"), "{theirs}");
                assert!(!matched(names, theirs, "x-ke"), "{theirs}");
                assert!(!matched(names, theirs, "x-keys"), "{theirs}");
            }
        }
        assert!(matched(Names::AnyCase, r#""X-Key""#, "x-kEY"));
        assert!(!matched(Names::Exact, r#""X-Key""#, "x-key"));
        assert!(!matched(Names::AnyCase, r#""x-ke\ud800""#, "x-key"));
        assert!(!matched(Names::Exact, r#""""#, "x-key"));
    }

    proptest! {
        #[test]
        fn names_compare_as_if_they_were_decoded(
            theirs in "[kK\\\\\"/aé\u{1}\u{2028}]{0,5}",
            ours in "[kKa\\\\]{1,5}",
            escaped in any::<bool>(),
        ) {
            let json = if escaped {
                let units = theirs.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
                format!("\"{}\"", units.collect::<String>())
            } else {
                serde_json::to_string(&theirs).unwrap()
            };
            for names in [Names::Exact, Names::AnyCase] {
                prop_assert_eq!(matched(names, &json, &ours), decoded(names, &theirs, &ours));
            }
        }
    }
}
