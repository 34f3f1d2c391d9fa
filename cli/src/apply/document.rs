//! A YAML document (or JSON, which is YAML too) as JSON, with the place of each value in it: so
//! that whoever finds a value wrong can say where it stands.

use std::{collections::BTreeMap, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Options, Spanned};

/// A document, read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) value: Value,
    /// By JSON pointer (RFC 6901).
    places: BTreeMap<String, Place>,
}

/// Where something stands, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Document {
    /// # Errors
    /// Where the text is no YAML: the place, and what is wrong, without what stands there.
    pub(super) fn read(text: &str) -> Result<Self, (Place, String)> {
        let mut options = Options::default();
        options.strict_booleans = true;
        options.with_snippet = false;
        let node = serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options);
        let node = node.map_err(|error| {
            let place = error.location().map(Place::from).unwrap_or_default();
            let said = error.to_string();
            // Its own place is taken off: it is told in front.
            let said = said.split(" at line ").next().unwrap_or_default();
            (place, said.to_owned())
        })?;
        let mut places = BTreeMap::new();
        let value = node.value.into_json(String::new(), &mut places);
        places.insert(String::new(), Place::from(node.referenced));
        Ok(Self { value, places })
    }

    /// Where the value that `pointer` points at stands, or what is nearest around it.
    pub(super) fn place(&self, pointer: &str) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.places.get(pointer) {
                return *place;
            }
            match pointer.rsplit_once('/') {
                Some((around, _)) => pointer = around,
                None => return Place::default(),
            }
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self {
            line: location.line().max(1),
            column: location.column().max(1),
        }
    }
}

/// The pointer to a member of what `pointer` points at.
pub(super) fn member(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A value with the places of those in it.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl Node {
    fn into_json(self, pointer: String, places: &mut BTreeMap<String, Place>) -> Value {
        match self {
            Self::Scalar(value) => value,
            Self::List(items) => {
                let mut list = Vec::new();
                for (at, item) in items.into_iter().enumerate() {
                    let pointer = format!("{pointer}/{at}");
                    places.insert(pointer.clone(), Place::from(item.referenced));
                    list.push(item.value.into_json(pointer, places));
                }
                Value::Array(list)
            }
            Self::Map(members) => {
                let mut map = Map::new();
                for (name, node) in members {
                    let pointer = member(&pointer, &name.value);
                    // The name's place: where the eye looks for a field.
                    places.insert(pointer.clone(), Place::from(name.referenced));
                    map.insert(name.value, node.value.into_json(pointer, places));
                }
                Value::Object(map)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).map(|number| Node::Scalar(number.into()));
        number.ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry()? {
            map.push(member);
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(line: u64, column: u64) -> Place {
        Place { line, column }
    }

    #[test]
    fn each_value_has_its_place() {
        let text = "prefix: shop-\nplans:\n  gold:\n    name: Gold\n    quota: {limit: 3, period: DAY}\n    apiStages:\n      - {apiId: demorest, stage: dev}\n";
        let document = Document::read(text).unwrap();
        assert_eq!(
            document.value,
            json!({"prefix": "shop-", "plans": {"gold": {"name": "Gold",
                "quota": {"limit": 3, "period": "DAY"},
                "apiStages": [{"apiId": "demorest", "stage": "dev"}]}}})
        );
        assert_eq!(document.place("/plans/gold/quota/period"), at(5, 23));
        assert_eq!(document.place("/plans/gold/apiStages/0/stage"), at(7, 27));
        assert_eq!(document.place("/plans/gold/throttle/rateLimit"), at(3, 3));
        assert_eq!(document.place("/nothing"), at(1, 1));
    }

    #[test]
    fn json_is_read_too_with_blanks_or_tabs() {
        let text = "{\n\t\"plans\": {\n\t\t\"a/b\": {\"name\": \"Gold\", \"rate\": 0.5, \"none\": null, \"on\": true}\n\t}\n}\n";
        let document = Document::read(text).unwrap();
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(document.value, expected);
        assert_eq!(document.place("/plans/a~1b/name").line, 3);
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        for (text, line) in [
            ("plans: {gold: [}", 1),
            ("a: 1\na: 2\n", 2),
            ("a: &x {b: *x}\n", 1),
        ] {
            let (place, said) = Document::read(text).map(drop).unwrap_err();
            assert_eq!(place.line, line, "{said}");
            assert!(!said.is_empty() && !said.contains(" line "), "{said}");
        }
    }

    #[test]
    fn words_that_yaml_once_took_for_booleans_are_words() {
        let document = Document::read("a: yes\nb: NO\nc: 2026-11-26T00:00:00Z\n").unwrap();
        assert_eq!(
            document.value,
            json!({"a": "yes", "b": "NO", "c": "2026-11-26T00:00:00Z"})
        );
    }
}
