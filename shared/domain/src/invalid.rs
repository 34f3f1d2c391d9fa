//! The one way in which a value is refused: what it was to be, what came, what is allowed.

use std::fmt;

/// No key value is shorter.
const SHORTEST_KEY_VALUE: usize = 20;
/// How much of a refused value is repeated, in characters.
const SHOWN: usize = 80;

/// A value that breaks its rule. Never made of a key value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    what: &'static str,
    value: String,
    allowed: &'static str,
}

impl Invalid {
    /// `value` is no `what`; `allowed` says what would be one. Control characters are
    /// escaped and a long value is cut, so that the message is safe in a log line.
    pub fn new(what: &'static str, value: &str, allowed: &'static str) -> Self {
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Self {
            what,
            value: shown,
            allowed,
        }
    }

    /// For the answer to whoever has just sent the value: without it where it is as long as
    /// a key value, which may have been put into the wrong place.
    pub fn to_sender(&self) -> String {
        if self.value.chars().count() < SHORTEST_KEY_VALUE {
            self.to_string()
        } else {
            format!("not {}: {}", self.what, self.allowed)
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}: {}", self.value, self.what, self.allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_value_and_what_is_allowed_on_one_line() {
        let error = Invalid::new("a plan id", "gold\nplan", "1 to 64 of A-Z a-z 0-9 _ -");
        assert_eq!(
            error.to_string(),
            r#""gold\nplan" is not a plan id: 1 to 64 of A-Z a-z 0-9 _ -"#
        );
        assert_eq!(error.to_sender(), error.to_string());
        let long = Invalid::new("a plan id", &"k ".repeat(10), "1 to 64 of A-Z a-z 0-9 _ -");
        assert_eq!(
            long.to_sender(),
            "not a plan id: 1 to 64 of A-Z a-z 0-9 _ -",
            "it might be a key value"
        );
        assert!(
            Invalid::new("a name", &"é".repeat(500), "shorter")
                .to_string()
                .len()
                < 250
        );
    }
}
