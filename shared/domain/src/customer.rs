//! Whose key it is, in the owner's own words.

use std::{str::FromStr, sync::Arc};

use crate::Invalid;

/// The owner's id of a customer: 1 to 128 printable ASCII characters without blanks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerId(Arc<str>);

impl CustomerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CustomerId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new(
                "a customer id",
                text,
                "1 to 128 printable ASCII characters without blanks",
            ))
        }
    }
}
