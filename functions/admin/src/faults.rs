//! Everything that is wrong with a request, each with its place.
//!
//! A body is read by deserr, which goes on after an error; what it meets is collected here, up
//! to a bound at which reading ends: a body of a megabyte has room for faults that fill an
//! answer which Lambda would not pass on. A fault repeats what was sent only where it is shorter than any key value, whatever
//! its field: a key value in the wrong place would stand in an answer and, with it, in
//! somebody's log. Names of fields, which must be repeated, are cut where they are as long.

mod fault;

use std::{fmt, ops::ControlFlow};

use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef};

pub(crate) use fault::{Fault, shown};

/// Faults that an answer tells; more are not looked for.
const MOST: usize = 100;

/// The faults of a request: all, or the first [`MOST`] that were met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Faults {
    told: Vec<Fault>,
    more: bool,
}

impl Faults {
    /// One fault of a field.
    pub(crate) fn at(location: ValuePointerRef<'_>, detail: impl Into<String>) -> Self {
        Fault::at(pointer(location), detail).into()
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
        Fault::at(child(location, field), detail).into()
    }

    /// One more fault, if there is room for it.
    pub(crate) fn push(&mut self, fault: Fault) {
        if self.told.len() < MOST {
            self.told.push(fault);
        } else {
            self.more = true;
        }
    }

    /// One more fault of a field.
    pub(crate) fn push_at(&mut self, location: ValuePointerRef<'_>, detail: impl Into<String>) {
        self.push(Fault::at(pointer(location), detail));
    }

    fn extend(&mut self, faults: Self) {
        for fault in faults.told {
            self.push(fault);
        }
        self.more |= faults.more;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Takes what was read, or its faults.
    pub(crate) fn keep<T>(&mut self, read: Result<T, Self>) -> Option<T> {
        read.map_err(|faults| self.extend(faults)).ok()
    }

    /// `value`, if nothing was wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// The same faults by their places.
    pub(crate) fn sorted(mut self) -> Self {
        self.told.sort();
        self
    }

    /// The faults, at most [`MOST`].
    pub(crate) fn told(&self) -> &[Fault] {
        &self.told
    }
}

/// The first faults in a line, for those who show no more than `detail`.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        for (at, fault) in self.told.iter().take(SHOWN).enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        match self.told.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            others if self.more => write!(f, "; and more than {others} more"),
            others => write!(f, "; and {others} more"),
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self {
            told: vec![fault],
            more: false,
        }
    }
}

impl MergeWithError<Self> for Faults {
    fn merge(all: Option<Self>, other: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut all = all.unwrap_or_default();
        all.extend(other);
        if all.more {
            ControlFlow::Break(all)
        } else {
            ControlFlow::Continue(all)
        }
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
                Fault::at(child(location, field), "is required").into()
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
        ValueKind::Float => "a number with a fraction, an exponent or too many digits",
        ValueKind::String => "a string",
        ValueKind::Sequence => "a list",
        ValueKind::Map => "an object",
    }
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
    within(&pointer(location), field)
}

/// The pointer to a field of the object that `pointer` points at.
pub(crate) fn within(pointer: &str, field: &str) -> String {
    let field = shown(field).replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{field}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_escaped() {
        let origin = ValuePointerRef::Origin;
        let list = origin.push_key("a/b~c");
        let item = list.push_index(2);
        assert_eq!(pointer(item.push_key("x\n")), "/a~1b~0c/2/x\\n");
    }

    #[test]
    fn reading_goes_on_up_to_the_bound_and_ends_behind_it() {
        let origin = ValuePointerRef::Origin;
        let mut all = None;
        for at in 0..MOST {
            let one = Faults::at(origin.push_index(at), "wrong");
            all = match Faults::merge(all, one, origin) {
                ControlFlow::Continue(all) => Some(all),
                ControlFlow::Break(_) => panic!("ended at {at}"),
            };
        }
        let whole = all.clone().unwrap_or_default();
        assert!(whole.to_string().ends_with("; and 97 more"), "{whole}");
        let ControlFlow::Break(cut) = Faults::merge(all, Fault::at("", "wrong").into(), origin)
        else {
            panic!("went on");
        };
        assert!(
            cut.to_string().ends_with("; and more than 97 more"),
            "{cut}"
        );
        assert_eq!(cut.told(), whole.told());
        let kept = Faults::default().keep::<()>(Err(cut.clone()));
        assert_eq!(kept, None);
        assert!(matches!(
            Faults::merge(None, cut, origin),
            ControlFlow::Break(_)
        ));
    }
}
