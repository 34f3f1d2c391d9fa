//! The public name of a key.

use std::{fmt, str::FromStr};

use crate::{Invalid, base62};

/// A key's public id: 16 base62 characters, written `key_<id>` in the admin API.
///
/// It is part of a generated key value, so one read finds the key of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; Self::LEN]);

impl KeyId {
    /// Characters of an id, without `key_`.
    pub const LEN: usize = 16;
    /// Bytes of an id as it is written, with `key_`.
    pub const WRITTEN_LEN: usize = Self::MARK.len() + Self::LEN;
    const MARK: &'static str = "key_";

    pub(crate) fn from_number(number: u128) -> Self {
        Self(base62::digits(number))
    }

    pub(crate) fn from_hash(hash: &[u8; 32]) -> Self {
        Self(base62::first_digits(hash))
    }

    /// The id in its bare form, as it stands in a key value.
    ///
    /// # Errors
    /// [`Invalid`] when `text` is not 16 base62 characters.
    pub fn from_bare(text: &str) -> Result<Self, Invalid> {
        <[u8; Self::LEN]>::try_from(text.as_bytes())
            .ok()
            .filter(|bytes: &[u8; Self::LEN]| base62::is_alphanumeric(bytes))
            .map(Self)
            .ok_or_else(|| Invalid::new("a key id", text, "16 characters of 0-9 A-Z a-z"))
    }

    /// The 16 characters, without `key_`.
    pub fn as_bare(&self) -> &str {
        // Only ASCII letters and digits get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id as it is written, in this room.
    pub fn write_into<'a>(&self, room: &'a mut [u8; Self::WRITTEN_LEN]) -> &'a str {
        let (mark, bare) = room.split_at_mut(Self::MARK.len());
        mark.copy_from_slice(Self::MARK.as_bytes());
        bare.copy_from_slice(&self.0);
        std::str::from_utf8(room).unwrap_or_default()
    }
}

impl FromStr for KeyId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.strip_prefix(Self::MARK)
            .and_then(|bare| Self::from_bare(bare).ok())
            .ok_or_else(|| {
                Invalid::new("a key id", text, "`key_` and 16 characters of 0-9 A-Z a-z")
            })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MARK)?;
        f.write_str(self.as_bare())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_into_a_room_of_its_length_as_it_is_displayed() {
        let id: KeyId = "key_0123456789ABCDef".parse().unwrap();
        let mut room = [0; KeyId::WRITTEN_LEN];
        assert_eq!(id.write_into(&mut room), "key_0123456789ABCDef");
        assert_eq!(id.to_string(), "key_0123456789ABCDef");
    }
}
