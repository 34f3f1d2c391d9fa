//! The name of a usage plan.

use std::{fmt, str::FromStr, sync::Arc};

use crate::{Invalid, base62};

/// A plan's id: `plan_` and 16 base62 characters, or one of the owner's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlanId(Arc<str>);

impl PlanId {
    /// A new id of 128 random bits from the operating system's generator.
    pub fn generate(random: [u8; 16]) -> Self {
        let digits = base62::digits::<16>(u128::from_be_bytes(random));
        Self(format!("plan_{}", String::from_utf8_lossy(&digits)).into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new(
                "a plan id",
                text,
                "1 to 64 characters of A-Z a-z 0-9 _ -",
            ))
        }
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
