//! One thing that is wrong with a request, with its place.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

/// Where a fault is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the body, by JSON pointer (RFC 6901).
    Body(String),
    /// A query parameter.
    Parameter(String),
    /// A header.
    Header(&'static str),
    /// In a table: a line, 1 being the header's, and there a column, or the whole line.
    Line(u64, Option<String>),
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

    /// A fault in a line of a table, and there in a column.
    pub(crate) fn line(line: u64, column: Option<String>, detail: impl Into<String>) -> Self {
        Self {
            place: Place::Line(line, column),
            detail: detail.into(),
        }
    }

    /// The field of the body that is wrong, by the first step of its pointer.
    pub(crate) fn field(&self) -> Option<&str> {
        match &self.place {
            Place::Body(pointer) => pointer.split('/').nth(1),
            _ => None,
        }
    }

    /// The pointer to what is wrong in the body; empty where it is elsewhere.
    pub(crate) fn pointer(&self) -> &str {
        match &self.place {
            Place::Body(pointer) => pointer,
            _ => "",
        }
    }

    /// What is right instead.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
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
            Place::Line(line, None) => return write!(f, "line {line}: {}", self.detail),
            Place::Line(line, Some(column)) => {
                return write!(f, "line {line}, {column}: {}", self.detail);
            }
        };
        write!(f, "{place}: {}", self.detail)
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.place {
            Place::Body(pointer) => map.serialize_entry("pointer", pointer)?,
            Place::Parameter(name) => map.serialize_entry("parameter", name)?,
            Place::Header(name) => map.serialize_entry("header", name)?,
            Place::Line(line, column) => {
                map.serialize_entry("line", line)?;
                if let Some(column) = column {
                    map.serialize_entry("field", column)?;
                }
            }
        }
        map.serialize_entry("detail", &self.detail)?;
        map.end()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(shown(&"k".repeat(19)), "k".repeat(19));
        assert_eq!(shown(&"k".repeat(20)), format!("{}…", "k".repeat(8)));
    }
}
