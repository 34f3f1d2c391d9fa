//! The secret that a client sends, and everything that may be known of it.
//!
//! `<prefix>_<id><secret><check>`: 16 + 32 + 6 base62 characters after a prefix that may
//! itself hold `_`, so it is read from the right, by fixed lengths. The check is a CRC-32
//! of all before it: a typing error or a made-up value is refused without a read, and
//! secret scanners can tell a key from any other string. Any other 20 to 128 printable
//! ASCII characters may be a *custom* value, whose id is derived from its hash.

use std::{fmt, str::FromStr};

use ring::digest::{Context, SHA256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Invalid, KeyId, base62};

/// Random bytes that one generated key value takes: 16 for the id, 32 for the secret.
pub const RANDOM_BYTES: usize = 48;
/// Random bytes that the secret of one takes.
pub const SECRET_RANDOM_BYTES: usize = 32;

const SECRET_LEN: usize = 32;
const CHECK_LEN: usize = 6;
const BODY_LEN: usize = KeyId::LEN + SECRET_LEN + CHECK_LEN;
/// 62^16: the numbers that 16 base62 digits can write.
const SIXTEEN_DIGITS: u128 = 62u128.pow(16);
/// Length of a custom value, as API Gateway has it.
const CUSTOM_LEN: std::ops::RangeInclusive<usize> = 20..=128;

/// What stands before the first of a generated value's fixed parts, such as `lk_live`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    const ALLOWED: &'static str = "1 to 32 characters of A-Z a-z 0-9 _";

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("lk_live".to_owned())
    }
}

impl FromStr for Prefix {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if is_prefix(text.as_bytes()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("a key prefix", text, Self::ALLOWED))
        }
    }
}

fn is_prefix(bytes: &[u8]) -> bool {
    (1..=32).contains(&bytes.len())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// SHA-256 of a whole key value: all that is stored of it, but its prefix and last 4
/// characters. Compared in constant time.
#[derive(Clone, Copy)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    fn of(value: &str) -> Self {
        Self(sha256(&[value.as_bytes()]))
    }

    /// A hash read back from where it was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for the store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Four numbers are compared in an eighth of what 32 bytes take.
    fn words(&self) -> [u64; 4] {
        let (chunks, _) = self.0.as_chunks();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(chunks) {
            *word = u64::from_ne_bytes(*bytes);
        }
        words
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.words().ct_eq(&other.words()).into()
    }
}

impl Eq for KeyHash {}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

/// The text cannot be a key value of any kind. Deliberately without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key value: its form or its check is wrong")]
pub struct MalformedKey;

/// What is kept of a value that a client sent: where to look, and what to compare.
/// The value itself is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedKey {
    /// The id under which the key would be found.
    pub id: KeyId,
    /// The hash that the key's own must equal.
    pub hash: KeyHash,
}

impl PresentedKey {
    /// Reads a value as a client sent it, without any store.
    ///
    /// # Errors
    /// [`MalformedKey`] for a generated form with a wrong check, and for anything that is
    /// neither of that form nor 20 to 128 printable ASCII characters.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        match Form::of(text) {
            Form::Generated {
                id,
                check_holds: true,
            } => Ok(Self {
                id,
                hash: KeyHash::of(text),
            }),
            Form::Custom => {
                let hash = KeyHash::of(text);
                Ok(Self {
                    id: custom_id(&hash),
                    hash,
                })
            }
            Form::Generated {
                check_holds: false, ..
            }
            | Form::Neither => Err(MalformedKey),
        }
    }
}

/// The first 16 of the 43 base62 digits of SHA-256 of `"id:"` and the 32 bytes of the
/// value's own SHA-256.
pub(crate) fn custom_id(hash: &KeyHash) -> KeyId {
    KeyId::from_hash(&sha256(&[b"id:", &hash.0]))
}

/// SHA-256 of these bytes, one after the other.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

enum Form {
    Generated { id: KeyId, check_holds: bool },
    Custom,
    Neither,
}

impl Form {
    fn of(text: &str) -> Self {
        if let Some((prefix, body)) = split_generated(text)
            && is_prefix(prefix.as_bytes())
            && let Some(Ok(id)) = body.get(..KeyId::LEN).map(KeyId::from_bare)
        {
            let (checked, check) = text.split_at(text.len() - CHECK_LEN);
            return Self::Generated {
                id,
                check_holds: check.as_bytes() == check_of(checked),
            };
        }
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        if printable && CUSTOM_LEN.contains(&text.len()) {
            Self::Custom
        } else {
            Self::Neither
        }
    }
}

/// `(prefix, id + secret + check)` where the text ends in `_` and 54 letters and digits.
fn split_generated(text: &str) -> Option<(&str, &str)> {
    let at = text.len().checked_sub(BODY_LEN)?;
    let (before, body) = text.split_at_checked(at)?;
    let prefix = before.strip_suffix('_')?;
    base62::is_alphanumeric(body.as_bytes()).then_some((prefix, body))
}

fn check_of(checked: &str) -> [u8; CHECK_LEN] {
    base62::digits(u128::from(crc32fast::hash(checked.as_bytes())))
}

/// A key value in the open: it exists from its making until the answer is sent. It has no
/// `Display`, its `Debug` shows its type only, and its memory is wiped.
pub struct KeyValue {
    text: Zeroizing<String>,
    presented: PresentedKey,
    prefix: Option<Prefix>,
}

impl KeyValue {
    /// A new value. `random` comes from the operating system's generator; the id and both
    /// halves of the secret are 128 of its bits modulo 62^16, which is even to 1 in 2^32.
    pub fn generate(prefix: &Prefix, random: &[u8; RANDOM_BYTES]) -> Self {
        let (numbers, _) = random.as_chunks::<16>();
        let number = |at: usize| u128::from_be_bytes(numbers[at]) % SIXTEEN_DIGITS;
        Self::generated(prefix, KeyId::from_number(number(0)), number(1), number(2))
    }

    /// A new value for the key of this id, which then is found as before.
    pub fn rotated(prefix: &Prefix, id: KeyId, random: &[u8; SECRET_RANDOM_BYTES]) -> Self {
        let (numbers, _) = random.as_chunks::<16>();
        let number = |at: usize| u128::from_be_bytes(numbers[at]) % SIXTEEN_DIGITS;
        Self::generated(prefix, id, number(0), number(1))
    }

    fn generated(prefix: &Prefix, id: KeyId, first: u128, second: u128) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(prefix.0.len() + 1 + BODY_LEN));
        text.push_str(&prefix.0);
        text.push('_');
        text.push_str(id.as_bare());
        let mut push = |digits: &[u8]| text.extend(digits.iter().copied().map(char::from));
        push(&base62::digits::<16>(first));
        push(&base62::digits::<16>(second));
        let check = check_of(&text);
        text.extend(check.map(char::from));
        let presented = PresentedKey {
            id,
            hash: KeyHash::of(&text),
        };
        Self {
            text,
            presented,
            prefix: Some(prefix.clone()),
        }
    }

    /// A value of the owner's own.
    ///
    /// # Errors
    /// Says what is allowed, and never repeats the value.
    pub fn custom(text: &str) -> Result<Self, CustomValueError> {
        match Form::of(text) {
            Form::Generated { .. } => Err(CustomValueError::Reserved),
            Form::Neither => Err(CustomValueError::Form),
            Form::Custom => {
                let hash = KeyHash::of(text);
                let presented = PresentedKey {
                    id: custom_id(&hash),
                    hash,
                };
                Ok(Self {
                    text: Zeroizing::new(text.to_owned()),
                    presented,
                    prefix: None,
                })
            }
        }
    }

    /// A value that its holder has already, of either form.
    ///
    /// # Errors
    /// [`MalformedKey`] where no key can have it.
    pub fn held(text: &str) -> Result<Self, MalformedKey> {
        let presented = PresentedKey::parse(text)?;
        let prefix = split_generated(text).and_then(|(prefix, _)| prefix.parse().ok());
        Ok(Self {
            text: Zeroizing::new(text.to_owned()),
            presented,
            prefix,
        })
    }

    /// Where it is found and what is stored of it.
    pub fn presented(&self) -> PresentedKey {
        self.presented
    }

    /// The prefix of a generated value; none for a custom one.
    pub fn prefix(&self) -> Option<&Prefix> {
        self.prefix.as_ref()
    }

    /// The last 4 characters, by which people tell keys apart.
    pub fn last4(&self) -> &str {
        let at = self.text.len().saturating_sub(4);
        self.text.get(at..).unwrap_or_default()
    }

    /// The secret itself, for the one answer that carries it.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyValue(..)")
    }
}

/// Why a custom value cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustomValueError {
    /// Wrong length or characters.
    #[error("a custom key value has 20 to 128 printable ASCII characters and no blanks")]
    Form,
    /// It looks like a generated one.
    #[error(
        "a custom key value may not have the form of a generated one: a prefix, `_` and 54 letters and digits"
    )]
    Reserved,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(prefix: &str, seed: u8) -> KeyValue {
        let random = std::array::from_fn(|i| {
            seed.wrapping_mul(31)
                .wrapping_add((i as u8).wrapping_mul(7))
        });
        KeyValue::generate(&prefix.parse().unwrap(), &random)
    }

    #[test]
    fn a_generated_value_has_the_documented_form() {
        let value = value("lk_live", 1);
        assert_eq!(value.expose().len(), "lk_live".len() + 1 + 54);
        assert!(value.expose().starts_with("lk_live_"));
        assert_eq!(value.expose()[8..24], *value.presented().id.as_bare());
        assert_eq!(PresentedKey::parse(value.expose()), Ok(value.presented()));
        assert!(value.expose().ends_with(value.last4()));
    }

    /// What other programs rely on (README): never change these. Worked out apart from this
    /// code, with Python's hashlib and zlib.
    #[test]
    fn the_form_is_fixed() {
        let value = KeyValue::generate(&Prefix::default(), &[0x5a; RANDOM_BYTES]);
        assert_eq!(value.expose(), GOLDEN);
        let custom = KeyValue::custom("an-old-key-of-a-customer").unwrap();
        assert_eq!(custom.presented().id.to_string(), GOLDEN_CUSTOM_ID);
    }

    const GOLDEN: &str = "lk_live_ayHlZ5Lgs9xZNmDSayHlZ5Lgs9xZNmDSayHlZ5Lgs9xZNmDS0W0C9Z";
    const GOLDEN_CUSTOM_ID: &str = "key_GazYMhKg82CTqzDB";

    #[test]
    fn custom_values_keep_off_the_generated_form() {
        let generated = value("lk_live", 2);
        assert_eq!(
            KeyValue::custom(generated.expose()).unwrap_err(),
            CustomValueError::Reserved
        );
        for bad in [
            "",
            "short",
            &"x".repeat(129),
            "twenty characters with blanks",
            "naïve-but-long-enough-ok",
        ] {
            assert_eq!(
                KeyValue::custom(bad).unwrap_err(),
                CustomValueError::Form,
                "{bad}"
            );
            assert_eq!(PresentedKey::parse(bad), Err(MalformedKey), "{bad}");
        }
        for good in [
            "12345678901234567890",
            &"x".repeat(128),
            "!\"#$%&'()*+,-./:;<=>?",
        ] {
            let custom = KeyValue::custom(good).unwrap();
            assert_eq!(PresentedKey::parse(good), Ok(custom.presented()));
        }
    }

    #[test]
    fn a_value_that_is_held_is_read_by_its_form() {
        let generated = value("a_b", 4);
        let held = KeyValue::held(generated.expose()).unwrap();
        assert_eq!(held.presented(), generated.presented());
        assert_eq!(held.prefix(), generated.prefix());
        assert_eq!(held.last4(), generated.last4());
        let custom = KeyValue::held("an-old-key-of-a-customer").unwrap();
        assert_eq!(custom.presented().id.to_string(), GOLDEN_CUSTOM_ID);
        assert_eq!(custom.prefix(), None);
        let of_another_prefix = format!("b{}", &generated.expose()[1..]);
        assert_eq!(
            KeyValue::held(&of_another_prefix).unwrap_err(),
            MalformedKey
        );
    }

    #[test]
    fn no_debug_print_shows_a_value_or_a_hash() {
        let value = value("lk_live", 3);
        assert_eq!(format!("{value:?}"), "KeyValue(..)");
        let shown = format!("{:?}", value.presented());
        assert_eq!(
            shown,
            format!(
                "PresentedKey {{ id: {}, hash: KeyHash(..) }}",
                value.presented().id
            )
        );
    }

    proptest! {
        #[test]
        fn every_generated_value_parses_to_itself(prefix in "[A-Za-z0-9_]{1,32}", random in any::<[u8; RANDOM_BYTES]>()) {
            let value = KeyValue::generate(&prefix.parse().unwrap(), &random);
            prop_assert_eq!(PresentedKey::parse(value.expose()), Ok(value.presented()));
        }

        /// A typing error in the id, the secret or the check is found without a read.
        #[test]
        fn one_wrong_character_is_malformed(random in any::<[u8; RANDOM_BYTES]>(), at in 0usize..54, other in "[0-9A-Za-z]") {
            let value = KeyValue::generate(&Prefix::default(), &random);
            let mut text = value.expose().to_owned();
            let at = text.len() - 54 + at;
            text.replace_range(at..=at, &other);
            prop_assume!(text != value.expose());
            prop_assert_eq!(PresentedKey::parse(&text), Err(MalformedKey));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
            let _ = PresentedKey::parse(&text);
            let _ = KeyValue::custom(&text);
        }
    }
}
