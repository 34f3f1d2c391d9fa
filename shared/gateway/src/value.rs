//! Key values of API Gateway's keys, which it keeps and shows as they are.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The value of a native key: 20 to 128 characters, for API Gateway to check. It has no
/// `Display`, its `Debug` shows its type only, and its memory is wiped; what the SDK makes of
/// it on the way out is not.
#[derive(Clone)]
pub struct NativeValue(Zeroizing<String>);

impl NativeValue {
    /// A value.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for the one who must send or store it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NativeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NativeValue(..)")
    }
}

impl PartialEq for NativeValue {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for NativeValue {}

/// Whether `text` holds eight characters in a row of the value `secret`.
pub(crate) fn repeats_a_secret(text: &str, secret: &str) -> bool {
    const SHORTEST: usize = 8;
    let text = text.as_bytes();
    let mut parts = secret.as_bytes().windows(SHORTEST);
    parts.any(|part| text.windows(SHORTEST).any(|heard| heard == part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_value_is_shown() {
        let value = NativeValue::new("abcdefghij0123456789");
        assert_eq!(format!("{value:?}"), "NativeValue(..)");
        assert_eq!(
            format!("{:?}", Some(value.clone())),
            "Some(NativeValue(..))"
        );
        assert_eq!(value, NativeValue::new("abcdefghij0123456789"));
        assert_ne!(value, NativeValue::new("abcdefghij012345678"));
    }

    #[test]
    fn a_text_that_holds_part_of_a_value_is_known() {
        let value = "abcdefghij0123456789";
        for text in [value, "key abcdefgh...", "...23456789 is taken"] {
            assert!(repeats_a_secret(text, value), "{text}");
        }
        for text in ["", "abcdefg", "API Key already exists"] {
            assert!(!repeats_a_secret(text, value), "{text}");
        }
    }
}
