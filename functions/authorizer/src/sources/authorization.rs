//! A key value in the header `Authorization`: a token behind `Bearer`, or the user name behind
//! `Basic`.
//!
//! Another scheme alone is no key; beside the one that is looked for it is malformed. A custom
//! key value may hold commas, so a token may; credentials of `Basic` have none, and the user
//! name in them is one value, commas and all. The password is ignored.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_domain::Reason;
use zeroize::Zeroizing;

use super::{
    SentValue,
    values::{only, parts, trimmed, unjoined},
};

pub(super) const AUTHORIZATION: &str = "authorization";
pub(super) const BASIC: &str = "basic";
pub(super) const BEARER: &str = "bearer";

/// What follows a scheme, in any case and after any number of blanks.
pub(super) fn after_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (theirs, rest) = text.split_at_checked(scheme.len())?;
    let credentials = trimmed(rest);
    (theirs.eq_ignore_ascii_case(scheme)
        && (credentials.is_empty() || credentials.len() < rest.len()))
    .then_some(credentials)
}

/// The value behind `Bearer`.
pub(super) fn bearer<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Option<SentValue>, Reason> {
    let after_bearer = |text| after_scheme(text, BEARER);
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
    match only(values)? {
        Some(_) if others => Err(Reason::MalformedKey),
        value => Ok(value.map(SentValue::new)),
    }
}

/// The user name behind `Basic`.
pub(super) fn basic<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Option<SentValue>, Reason> {
    let mut pairs = Vec::new();
    let mut others = false;
    for part in texts.into_iter().flat_map(parts) {
        match after_scheme(part, BASIC) {
            Some("") => {}
            Some(credentials) => pairs.push(decoded(credentials)?),
            None => others = true,
        }
    }
    let user_names: Vec<&str> = pairs
        .iter()
        .map(|pair| user_name(pair))
        .collect::<Result<_, _>>()?;
    match only(user_names)? {
        Some(_) if others => Err(Reason::MalformedKey),
        value => Ok(value.map(SentValue::new)),
    }
}

/// User name and password, with the colon between them.
fn decoded(credentials: &str) -> Result<Zeroizing<Vec<u8>>, Reason> {
    let pair = BASE64_STANDARD.decode(credentials);
    pair.map(Zeroizing::new).map_err(|_| Reason::MalformedKey)
}

/// What stands before the first colon (RFC 7617, 2).
fn user_name(pair: &[u8]) -> Result<&str, Reason> {
    let end = pair.iter().position(|&b| b == b':');
    let name = end.and_then(|end| pair.get(..end));
    let name = name.and_then(|name| str::from_utf8(name).ok());
    name.map(trimmed).ok_or(Reason::MalformedKey)
}
