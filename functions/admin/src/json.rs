//! JSON, read strictly: an object that names a member twice is an error. RFC 8259 leaves
//! open which of the two counts, so one of two quotas would be dropped without a word.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::faults::shown;

/// Reads a whole document.
///
/// # Errors
/// With line and column; it repeats nothing of the document but the name that came twice,
/// cut to what cannot be a key value.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Strict>(bytes).map(|Strict(value)| value)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if object.contains_key(&name) {
                let name = shown(&name);
                return Err(A::Error::custom(format_args!("\"{name}\" is named twice")));
            }
            let Strict(value) = entries.next_value()?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_json_is_read() {
        let text = r#"{"a":[null,true,1,-2,0.5,"x\n"],"b":{}}"#;
        assert_eq!(read(text.as_bytes()).unwrap().to_string(), text);
    }

    #[test]
    fn what_is_not_json_or_not_clear_is_refused_with_its_place() {
        for (text, message) in [
            ("{\n  \"a\" 1}", "expected `:` at line 2 column 7"),
            ("{} {}", "trailing characters at line 1 column 4"),
            (
                r#"{"a":1,"a":2}"#,
                "\"a\" is named twice at line 1 column 10",
            ),
            (
                r#"{"q":{"a":1,"a":2}}"#,
                "\"a\" is named twice at line 1 column 15",
            ),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), message);
        }
        assert!(
            read("[".repeat(1_000).as_bytes()).is_err(),
            "depth is bounded"
        );
    }
}
