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

impl<'e> Pairs<'e> {
    fn named(&self, is_named: impl Fn(&str) -> bool) -> impl Iterator<Item = &'e RawValue> {
        self.0
            .iter()
            .filter(move |(theirs, _)| {
                field::text(Some(theirs))
                    .is_ok_and(|theirs| theirs.is_some_and(|theirs| is_named(&theirs)))
            })
            .map(|(_, value)| *value)
    }
}

/// The texts under a name in an object of texts and in one of lists of texts, none of them
/// empty. The same text may come several times: the one object repeats what the other has.
pub(super) fn texts<'e>(
    single: &Pairs<'e>,
    multiple: &Pairs<'e>,
    is_named: impl Fn(&str) -> bool,
) -> Result<Vec<Cow<'e, str>>, Unreadable> {
    let mut texts = Vec::new();
    for raw in single.named(&is_named) {
        texts.extend(field::text(Some(raw))?);
    }
    for raw in multiple.named(&is_named) {
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
