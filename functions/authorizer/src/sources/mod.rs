//! Where a key value is looked for, and what counts as one value.
//!
//! The first source that holds something wins: were the next one tried after a malformed
//! value, two keys could be sent and the better one would count. For the same reason a
//! header, or a parameter of the query, that comes twice must say the same twice.

mod authorization;
mod sent;
mod source;
mod values;
mod websocket_protocol;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use latchkey_domain::{Invalid, Reason};

pub use self::sent::SentValue;
use self::{
    authorization::{BASIC, BEARER, after_scheme, basic, bearer},
    source::Source,
    values::{plain, trimmed},
};
use crate::event::{Incoming, Kind};

/// The setting `KEY_SOURCES`: where a key value is looked for, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySources(Vec<Source>);

impl Default for KeySources {
    fn default() -> Self {
        Self(vec![Source::Header("x-api-key".to_owned()), Source::Bearer])
    }
}

impl FromStr for KeySources {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let sources = text.split(',').map(|source| Source::parse(source.trim()));
        Ok(Self(sources.collect::<Result<_, _>>()?))
    }
}

impl KeySources {
    /// The key value that was sent, exactly as it was, without blanks and line ends around it.
    ///
    /// # Errors
    /// [`Reason::MissingKey`] where no source holds anything, [`Reason::MalformedKey`] where
    /// one holds more than one value, or credentials that are none,
    /// [`Reason::MalformedEvent`] where it is no text.
    pub fn presented(&self, incoming: &Incoming<'_>) -> Result<SentValue, Reason> {
        if incoming.kind == Kind::RestToken {
            let text = trimmed(incoming.token.as_deref().unwrap_or_default());
            return self.in_token(text)?.ok_or(Reason::MissingKey);
        }
        for source in &self.0 {
            if let Some(value) = source.value(incoming)? {
                return Ok(value);
            }
        }
        Err(Reason::MissingKey)
    }

    /// A `TOKEN` authorizer's owner has named the header, so its value is the key, with or
    /// without `Bearer`, whatever the sources are; `Basic` has a meaning where it is one.
    fn in_token(&self, text: &str) -> Result<Option<SentValue>, Reason> {
        if after_scheme(text, BASIC).is_some() && self.0.contains(&Source::Basic) {
            basic([text])
        } else if after_scheme(text, BEARER).is_some() {
            bearer([text])
        } else {
            plain([text])
        }
    }
}
