//! What a merge patch (RFC 7396) says of a field: absent keeps, null clears, a value sets.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};

use crate::faults::Faults;

/// A field that may be cleared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Patch<T> {
    /// Absent: as it was.
    #[default]
    Keep,
    /// Null: none from now on.
    Clear,
    /// A value.
    Set(T),
}

impl<T: Clone> Patch<T> {
    /// The field after the patch.
    pub(crate) fn onto(&self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Patch<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        match value {
            Value::Null => Ok(Self::Clear),
            value => T::deserialize_from_value(value, location).map(Self::Set),
        }
    }
}

/// A field that always has a value: absent keeps, a value replaces, null is refused. It is
/// not the creation's default that null would mean: nobody who clears `enabled` wants it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replace<T>(Option<T>);

impl<T> Default for Replace<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> Replace<T> {
    /// The field after the patch.
    pub(crate) fn onto(&self, before: T) -> T {
        self.0.clone().unwrap_or(before)
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Replace<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, Faults> {
        match value {
            Value::Null => Err(Faults::at(
                location,
                "cannot be cleared: leave it out to keep it",
            )),
            value => T::deserialize_from_value(value, location).map(|value| Self(Some(value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T: Deserr<Faults>>(json: serde_json::Value) -> Result<T, Faults> {
        deserr::deserialize(json)
    }

    #[test]
    fn absent_keeps_null_clears_a_value_sets() {
        let patched = |patch: Patch<u64>| patch.onto(Some(1));
        assert_eq!(patched(Patch::default()), Some(1));
        assert_eq!(patched(read(json!(null)).unwrap()), None);
        assert_eq!(patched(read(json!(2)).unwrap()), Some(2));
    }

    #[test]
    fn what_has_always_a_value_is_not_cleared() {
        assert!(read::<Replace<bool>>(json!(null)).is_err());
        assert!(!read::<Replace<bool>>(json!(false)).unwrap().onto(true));
        assert!(Replace::default().onto(true));
    }
}
