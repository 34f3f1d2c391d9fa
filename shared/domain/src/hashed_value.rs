//! A key value of which no more than the hash is known: moved from another table, or hashed
//! by its owner before it was handed over.

use std::str::FromStr;

use crate::{Invalid, KeyHash, KeyId, Prefix, PresentedKey, key_value::custom_id};

/// The text is no SHA-256. Deliberately without the text, which may be a key value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256: 64 hexadecimal digits")]
pub struct MalformedHash;

impl KeyHash {
    /// A hash in hexadecimal digits of either case.
    ///
    /// # Errors
    /// [`MalformedHash`] for anything but 64 of them.
    pub fn from_hex(text: &str) -> Result<Self, MalformedHash> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        let bytes = bytes.filter(|_| rest.is_empty());
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self::from_bytes).ok_or(MalformedHash)
    }

    /// The hash in lower-case hexadecimal digits, for an owner who asks for it.
    pub fn to_hex(&self) -> String {
        let digits = self.as_bytes().iter().map(|byte| format!("{byte:02x}"));
        digits.collect()
    }
}

fn byte([high, low]: &[u8; 2]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// The last 4 characters of a value that is not known itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last4(String);

impl FromStr for Last4 {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() == 4 && text.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(Self(text.to_owned()));
        }
        const ALLOWED: &str = "4 printable ASCII characters";
        Err(Invalid::new("the end of a key value", text, ALLOWED))
    }
}

/// What is known of a key value beside its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedValue {
    pub(crate) presented: PresentedKey,
    pub(crate) prefix: Option<Prefix>,
    pub(crate) last4: String,
}

impl HashedValue {
    /// A custom value: its id comes from its hash.
    pub fn custom(hash: KeyHash, last4: Option<Last4>) -> Self {
        let id = custom_id(&hash);
        Self {
            presented: PresentedKey { id, hash },
            prefix: None,
            last4: last4.map(|Last4(text)| text).unwrap_or_default(),
        }
    }

    /// A generated value: the id and the prefix in it are not to be had from its hash.
    pub fn generated(id: KeyId, prefix: Prefix, hash: KeyHash, last4: Option<Last4>) -> Self {
        Self {
            prefix: Some(prefix),
            presented: PresentedKey { id, hash },
            ..Self::custom(hash, last4)
        }
    }

    /// The key's public id.
    pub fn id(&self) -> KeyId {
        self.presented.id
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::KeyValue;

    #[test]
    fn a_hash_alone_finds_the_same_key() {
        for value in [
            KeyValue::generate(&Prefix::default(), &[5; 48]),
            KeyValue::custom("an-old-key-of-a-customer").unwrap(),
        ] {
            let digits = Sha256::digest(value.expose());
            let digits: String = digits.iter().map(|byte| format!("{byte:02X}")).collect();
            let hash = KeyHash::from_hex(&digits).unwrap();
            let last4 = value.last4().parse().ok();
            let hashed = match value.prefix() {
                None => HashedValue::custom(hash, last4),
                Some(prefix) => {
                    HashedValue::generated(value.presented().id, prefix.clone(), hash, last4)
                }
            };
            assert_eq!(hashed.presented, value.presented());
            assert_eq!(hashed.prefix.as_ref(), value.prefix());
            assert_eq!(hashed.last4, value.last4());
            assert_eq!(hash.to_hex(), digits.to_lowercase());
        }
    }

    #[test]
    fn what_is_no_hash_is_refused_and_not_repeated() {
        let (short, long) = ("0".repeat(63), "0".repeat(65));
        for bad in ["", "0", &short, &long, &"+1".repeat(32), &"é".repeat(32)] {
            assert_eq!(KeyHash::from_hex(bad), Err(MalformedHash), "{bad}");
        }
        assert!(
            ["", "abc", "abcde", "a c4", "añb"]
                .iter()
                .all(|bad| bad.parse::<Last4>().is_err())
        );
    }
}
