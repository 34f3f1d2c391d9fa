//! What the owner wants to hand to the backend with each call of a key.

use crate::Invalid;

/// Up to 20 short texts by name, in the order of their names; the backend sees each as `meta_<name>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata(Vec<(Box<str>, Box<str>)>);

impl Metadata {
    /// Entries that a key may have.
    pub const MAX_ENTRIES: usize = 20;

    /// Adds an entry.
    ///
    /// # Errors
    /// [`Invalid`] for a name that is not 1 to 40 of `A-Z a-z 0-9 _`, a value of more than
    /// 256 characters or with control characters, and the 21st entry.
    pub fn insert(&mut self, name: &str, value: &str) -> Result<(), Invalid> {
        let named = (1..=40).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !named {
            return Err(Invalid::new(
                "a metadata name",
                name,
                "1 to 40 characters of A-Z a-z 0-9 _",
            ));
        }
        if value.chars().count() > 256 || value.chars().any(char::is_control) {
            let allowed = "at most 256 characters, none of them a control character";
            return Err(Invalid::new("a metadata value", value, allowed));
        }
        match self.0.binary_search_by(|(own, _)| (**own).cmp(name)) {
            Ok(at) => {
                if let Some((_, known)) = self.0.get_mut(at) {
                    *known = value.into();
                }
            }
            Err(_) if self.0.len() == Self::MAX_ENTRIES => {
                return Err(Invalid::new(
                    "a metadata name that still fits",
                    name,
                    "at most 20 entries",
                ));
            }
            Err(at) => {
                // Ten thousand keys are remembered: no room to grow.
                self.0.reserve_exact(1);
                self.0.insert(at, (name.into(), value.into()));
            }
        }
        Ok(())
    }

    /// The entries in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
