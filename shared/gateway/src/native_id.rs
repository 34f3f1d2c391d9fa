//! The ids that API Gateway gives.

use std::{fmt, str::FromStr};

use latchkey_domain::Invalid;

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

macro_rules! id {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(String);

        impl $type {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                if is_id(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Invalid::new($what, text, "1 to 64 letters and digits"))
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The id of a usage plan of API Gateway's. AWS gives ten lower-case letters and digits
    /// and promises no form; what could end a path segment is refused.
    NativePlanId, "an id of a usage plan of API Gateway's"
);
id!(
    /// The id of an API key of API Gateway's, of the same form.
    NativeKeyId, "an id of an API key of API Gateway's"
);
