//! Names and descriptions that people give.

use std::str::FromStr;

use crate::Invalid;

fn is_label(text: &str, characters: std::ops::RangeInclusive<usize>) -> bool {
    characters.contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

macro_rules! label {
    ($(#[$doc:meta])* $type:ident, $what:literal, $characters:expr, $allowed:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $type(String);

        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                if is_label(text, $characters) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Invalid::new($what, text, $allowed))
                }
            }
        }
    };
}

label!(
    /// The name of a key or a plan: 1 to 1024 characters, as in API Gateway, none of them
    /// a control character.
    Name, "a name", 1..=1024, "1 to 1024 characters, none of them a control character"
);
label!(
    /// A description: up to 1024 characters, none of them a control character.
    Description, "a description", 0..=1024, "at most 1024 characters, none of them a control character"
);
