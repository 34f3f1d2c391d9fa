//! Everything that is wrong with a request, each with its place.
//!
//! A body is read by deserr, which goes on after an error; all that it meets are collected
//! here. A fault repeats what was sent only where it is shorter than any key value, whatever
//! its field: a key value in the wrong place would stand in an answer and, with it, in
//! somebody's log. Names of fields, which must be repeated, are cut where they are as long.

use std::{fmt, ops::ControlFlow};

use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// What is said of a field, a parameter or a header that a later version will have.
pub(crate) const NOT_YET: &str = "this version does not support it yet";

/// Where a fault is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the body, by JSON pointer (RFC 6901).
    Body(String),
    /// A query parameter.
    Parameter(String),
    /// A header.
    Header(&'static str),
}

/// One thing that is wrong, and what is right instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    place: Place,
    detail: String,
}

impl Fault {
    /// A fault of the field that `pointer` points at; `""` is the whole body.
    pub(crate) fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            place: Place::Body(pointer.into()),
            detail: detail.into(),
        }
    }

    /// A fault of a query parameter.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self {
            place: Place::Parameter(shown(name)),
            detail: detail.into(),
        }
    }

    /// A fault of a header.
    pub(crate) fn header(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            place: Place::Header(name),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.place {
            Place::Body(pointer) if pointer.is_empty() => "the body",
            Place::Body(name) | Place::Parameter(name) => name,
            Place::Header(name) => name,
        };
        write!(f, "{place}: {}", self.detail)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match &self.place {
            Place::Body(pointer) => map.serialize_entry("pointer", pointer)?,
            Place::Parameter(name) => map.serialize_entry("parameter", name)?,
            Place::Header(name) => map.serialize_entry("header", name)?,
        }
        map.serialize_entry("detail", &self.detail)?;
        map.end()
    }
}

/// All faults of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// One fault of a field.
    pub(crate) fn at(location: ValuePointerRef<'_>, detail: impl Into<String>) -> Self {
        Self(vec![Fault::at(pointer(location), detail)])
    }

    /// A field that is not known at `location`. `elsewhere` names fields that people may well
    /// try there, and what to do instead.
    pub(crate) fn unknown_field(
        field: &str,
        accepted: &[&str],
        location: ValuePointerRef<'_>,
        elsewhere: &[(&str, &str)],
    ) -> Self {
        let detail = match elsewhere.iter().find(|(name, _)| *name == field) {
            Some((_, instead)) => (*instead).to_owned(),
            None => format!("unknown field; known here: {}", accepted.join(", ")),
        };
        Self(vec![Fault::at(child(location, field), detail)])
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes what was read, or its faults.
    pub(crate) fn keep<T>(&mut self, read: Result<T, Self>) -> Option<T> {
        read.map_err(|faults| self.0.extend(faults.0)).ok()
    }

    /// `value`, if nothing was wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// The faults by their places.
    pub(crate) fn sorted(mut self) -> Vec<Fault> {
        self.0.sort();
        self.0
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl MergeWithError<Self> for Faults {
    fn merge(all: Option<Self>, other: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut all = all.unwrap_or_default();
        all.0.extend(other.0);
        ControlFlow::Continue(all)
    }
}

impl DeserializeError for Faults {
    fn error<V: IntoValue>(
        all: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let fault = match error {
            ErrorKind::IncorrectValueKind { actual, accepted } => {
                // Where fractions are accepted, so are whole numbers.
                let accepted = match accepted.first() {
                    Some(ValueKind::Float) => "a number",
                    Some(kind) => word(*kind),
                    None => "something else",
                };
                Self::at(
                    location,
                    format!("must be {accepted}, not {}", word(actual.kind())),
                )
            }
            ErrorKind::MissingField { field } => {
                Self(vec![Fault::at(child(location, field), "is required")])
            }
            ErrorKind::UnknownKey { key, accepted } => {
                Self::unknown_field(key, accepted, location, &[])
            }
            ErrorKind::UnknownValue { accepted, .. } => {
                Self::at(location, format!("must be one of {}", accepted.join(", ")))
            }
            ErrorKind::BadSequenceLen { expected, .. } => {
                Self::at(location, format!("must have {expected} entries"))
            }
            // deserr says this of numbers that do not fit only; our own readers never use it.
            ErrorKind::Unexpected { .. } => Self::at(location, "is out of range"),
        };
        Self::merge(all, fault, location)
    }
}

fn word(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "null",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer => "a whole number",
        ValueKind::NegativeInteger => "a negative number",
        ValueKind::Float => "a number with a fraction",
        ValueKind::String => "a string",
        ValueKind::Sequence => "a list",
        ValueKind::Map => "an object",
    }
}

/// Key values have 20 characters and more.
const SHORTEST_KEY_VALUE: usize = 20;
const CUT: usize = 8;

/// A name that a caller sent, as it may be repeated.
pub(crate) fn shown(name: &str) -> String {
    let whole = name.chars().count() < SHORTEST_KEY_VALUE;
    let kept = name
        .chars()
        .take(if whole { SHORTEST_KEY_VALUE } else { CUT });
    let mut shown: String = kept.flat_map(char::escape_default).collect();
    if !whole {
        shown.push('…');
    }
    shown
}

/// The pointer to a place in the body.
pub(crate) fn pointer(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => child(*prev, key),
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(*prev)),
    }
}

fn child(location: ValuePointerRef<'_>, field: &str) -> String {
    let field = shown(field).replace('~', "~0").replace('/', "~1");
    format!("{}/{field}", pointer(location))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_escaped_and_a_long_name_is_cut() {
        let origin = ValuePointerRef::Origin;
        let list = origin.push_key("a/b~c");
        let item = list.push_index(2);
        assert_eq!(pointer(item.push_key("x\n")), "/a~1b~0c/2/x\\n");
        assert_eq!(shown(&"k".repeat(19)), "k".repeat(19));
        assert_eq!(shown(&"k".repeat(20)), format!("{}…", "k".repeat(8)));
    }
}
