//! The value of a key's twin at API Gateway.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Invalid, base62};

/// Random bytes that one twin's value takes.
pub const TWIN_RANDOM_BYTES: usize = 32;

/// The value of a key that API Gateway counts by and that opens nothing: the table holds it,
/// the authorizer answers it as `usageIdentifierKey`, and backends may see it. No key has it
/// for its own value, whoever sends it.
#[derive(Clone, PartialEq, Eq)]
pub struct TwinValue(Zeroizing<String>);

impl TwinValue {
    /// Says to whoever reads a list of API Gateway's keys that this one is not for clients.
    const MARK: &'static str = "internal";

    /// A new value of 256 random bits from the operating system's generator.
    pub fn generate(random: &[u8; TWIN_RANDOM_BYTES]) -> Self {
        let mut value = Self::MARK.to_owned();
        for half in random.chunks(TWIN_RANDOM_BYTES / 2) {
            let number = half
                .iter()
                .fold(0, |number, byte| number << 8 | u128::from(*byte));
            value += &String::from_utf8_lossy(&base62::digits::<22>(number));
        }
        Self(Zeroizing::new(value))
    }

    /// A value read back from where it was stored.
    ///
    /// # Errors
    /// [`Invalid`] where API Gateway would not take it: 20 to 128 letters and digits.
    pub fn from_stored(text: &str) -> Result<Self, Invalid> {
        if (20..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(Self(Zeroizing::new(text.to_owned())));
        }
        Err(Invalid::new(
            "a twin's value",
            "",
            "20 to 128 letters and digits",
        ))
    }

    /// The value, for API Gateway and the table alone.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TwinValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TwinValue(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyValue, PresentedKey};

    #[test]
    fn a_twin_s_value_is_what_api_gateway_takes_and_tells_nothing() {
        let (zero, ones) = (
            TwinValue::generate(&[0; 32]),
            TwinValue::generate(&[255; 32]),
        );
        assert_eq!(zero.expose(), format!("internal{}", "0".repeat(44)));
        assert_eq!(ones.expose().len(), 52);
        assert_ne!(zero, ones);
        let counted = TwinValue::generate(&std::array::from_fn(|at| at as u8 + 1));
        assert_eq!(
            counted.expose(),
            "internal01tuWckR0Qgud2DqqiTysq0WD82KoFgALaufX7m9RJr6"
        );
        assert_eq!(format!("{ones:?}"), "TwinValue(..)");
        assert_eq!(TwinValue::from_stored(ones.expose()), Ok(ones));
        assert!(TwinValue::from_stored("short").is_err());
    }

    #[test]
    fn it_reads_as_a_custom_value_that_no_key_was_made_of() {
        let twin = TwinValue::generate(&[7; 32]);
        let sent = PresentedKey::parse(twin.expose()).unwrap();
        let key = KeyValue::generate(&crate::Prefix::default(), &[7; 48]);
        assert_ne!(sent.id, key.presented().id);
    }
}
