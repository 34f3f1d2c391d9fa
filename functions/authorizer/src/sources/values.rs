//! One key value out of what a header holds.
//!
//! HTTP APIs join repeated headers with commas, and proxies may do so before any API, while
//! a custom key value may itself hold commas. So, in every kind of event, a text with commas is
//! 1. where a part has the form of a generated key value: that value if there is nothing
//!    else in the text (an empty header counts as nothing), and malformed otherwise;
//! 2. where all parts are the same and long enough for a key value: that part, sent again;
//! 3. else one value, commas and all. Two different custom values that were joined are so a
//!    third one, which nobody has.

use latchkey_domain::{CustomValueError, KeyValue, Reason};

pub(super) const BEARER: &str = "bearer";
/// A shorter text cannot be a key value.
const SHORTEST_VALUE: usize = 20;

pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The parts of a joined text; an empty header leaves none.
fn parts(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(',').map(trimmed).filter(|part| !part.is_empty())
}

pub(super) fn plain<'a>(texts: &[&'a str]) -> Result<Option<&'a str>, Reason> {
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
pub(super) fn after_bearer(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(BEARER.len())?;
    let token = trimmed(rest);
    (scheme.eq_ignore_ascii_case(BEARER) && (token.is_empty() || token.len() < rest.len()))
        .then_some(token)
}

/// The value behind `Bearer`; another scheme alone is no key, beside `Bearer` it is malformed.
pub(super) fn bearer<'a>(texts: &[&'a str]) -> Result<Option<&'a str>, Reason> {
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
