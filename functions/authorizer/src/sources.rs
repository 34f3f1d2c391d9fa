//! Where a key value is looked for, and what counts as one value.
//!
//! The first source that holds something wins: were the next one tried after a malformed
//! value, two keys could be sent and the better one would count. For the same reason a
//! header that comes twice must say the same twice.
//!
//! HTTP APIs join repeated headers with commas, and proxies may do so before any API, while
//! a custom key value may itself hold commas. So, in every kind of event, a text with commas is
//! 1. where a part has the form of a generated key value: that value if there is nothing
//!    else in the text (an empty header counts as nothing), and malformed otherwise;
//! 2. where all parts are the same and long enough for a key value: that part, sent again;
//! 3. else one value, commas and all. Two different custom values that were joined are so a
//!    third one, which nobody has.

use std::str::FromStr;

use latchkey_domain::{CustomValueError, Invalid, KeyValue, Reason};

use crate::event::{Incoming, Kind, UnreadableHeader};

/// The setting `KEY_SOURCES`: where a key value is looked for, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySources(Vec<Source>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// The whole value of this header.
    Header(String),
    /// The header `Authorization` with the scheme `Bearer` (RFC 6750).
    Bearer,
}

const BEARER: &str = "bearer";
/// A shorter text cannot be a key value.
const SHORTEST_VALUE: usize = 20;

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

impl Source {
    fn parse(text: &str) -> Result<Self, Invalid> {
        const ALLOWED: &str = "header:NAME and bearer, separated by commas";
        const LATER: &str = "header:NAME and bearer (basic, query: and websocket-protocol: come in a later version)";
        let is_later = text == "basic"
            || text.starts_with("query:")
            || text.starts_with("websocket-protocol:");
        match text.strip_prefix("header:") {
            Some(name) if is_header_name(name) => Ok(Self::Header(name.to_owned())),
            None if text == BEARER => Ok(Self::Bearer),
            _ if is_later => Err(Invalid::new("a key source yet", text, LATER)),
            _ => Err(Invalid::new("a key source", text, ALLOWED)),
        }
    }

    fn header(&self) -> &str {
        match self {
            Self::Header(name) => name,
            Self::Bearer => "authorization",
        }
    }

    /// The one value among those of its header, if there is any.
    fn value<'a>(&self, texts: &[&'a str]) -> Result<Option<&'a str>, Reason> {
        match self {
            Self::Header(_) => plain(texts),
            Self::Bearer => bearer(texts),
        }
    }
}

impl KeySources {
    /// The key value that was sent, exactly as it was, without blanks and line ends around it.
    ///
    /// # Errors
    /// [`Reason::MissingKey`] where no source holds anything, [`Reason::MalformedKey`] where
    /// one holds more than one value, [`Reason::MalformedEvent`] where it is no text.
    pub fn presented(&self, incoming: &Incoming<'_>) -> Result<String, Reason> {
        if incoming.kind == Kind::RestToken {
            let text = trimmed(incoming.token.as_deref().unwrap_or_default());
            let value = match after_bearer(text) {
                Some(_) => bearer(&[text])?,
                None => plain(&[text])?,
            };
            return value.map(str::to_owned).ok_or(Reason::MissingKey);
        }
        for source in &self.0 {
            let texts = incoming
                .headers
                .values(source.header())
                .map_err(|UnreadableHeader| Reason::MalformedEvent)?;
            let texts: Vec<&str> = texts.iter().map(|text| trimmed(text)).collect();
            if let Some(value) = source.value(&texts)? {
                return Ok(value.to_owned());
            }
        }
        Err(Reason::MissingKey)
    }
}

/// A field name (RFC 9110, 5.6.2).
fn is_header_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(allowed)
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The parts of a joined text; an empty header leaves none.
fn parts(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(',').map(trimmed).filter(|part| !part.is_empty())
}

fn plain<'a>(texts: &[&'a str]) -> Result<Option<&'a str>, Reason> {
    let values: Vec<&str> = texts
        .iter()
        .map(|text| unjoined(text))
        .collect::<Result<_, _>>()?;
    only(&values)
}

/// The value that all of them are.
fn only<'a>(values: &[&'a str]) -> Result<Option<&'a str>, Reason> {
    let mut values = values.iter().filter(|value| !value.is_empty());
    let first = values.next().copied();
    if values.any(|value| Some(*value) != first) {
        return Err(Reason::MalformedKey);
    }
    Ok(first)
}

/// One value out of a text that may be several, joined: the rule is in the module's text.
fn unjoined(text: &str) -> Result<&str, Reason> {
    if !text.contains(',') {
        return Ok(text);
    }
    if let Some(generated) = parts(text).find(|part| has_generated_form(part)) {
        return match parts(text).all(|part| part == generated) {
            true => Ok(generated),
            false => Err(Reason::MalformedKey),
        };
    }
    let mut all = text.split(',').map(trimmed);
    let first = all.next().unwrap_or_default();
    let repeated = first.len() >= SHORTEST_VALUE && all.all(|part| part == first);
    Ok(if repeated { first } else { text })
}

fn has_generated_form(text: &str) -> bool {
    matches!(KeyValue::custom(text), Err(CustomValueError::Reserved))
}

/// What follows the scheme `Bearer`, in any case and after any number of blanks.
fn after_bearer(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(BEARER.len())?;
    let token = trimmed(rest);
    (scheme.eq_ignore_ascii_case(BEARER) && (token.is_empty() || token.len() < rest.len()))
        .then_some(token)
}

/// The value behind `Bearer`; another scheme alone is no key, beside `Bearer` it is malformed.
fn bearer<'a>(texts: &[&'a str]) -> Result<Option<&'a str>, Reason> {
    let mut values = Vec::new();
    let mut others = false;
    for text in texts {
        let with_scheme = parts(text)
            .filter(|part| after_bearer(part).is_some())
            .count();
        match after_bearer(text) {
            Some(value) if with_scheme <= 1 => values.push(unjoined(value)?),
            Some(_) if with_scheme == parts(text).count() => {
                values.extend(parts(text).filter_map(after_bearer));
            }
            None if with_scheme == 0 => others |= !text.is_empty(),
            _ => return Err(Reason::MalformedKey),
        }
    }
    match only(&values)? {
        Some(_) if others => Err(Reason::MalformedKey),
        value => Ok(value),
    }
}
