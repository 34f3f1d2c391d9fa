//! One key value out of what a header, or a parameter of the query, holds.
//!
//! HTTP APIs join what is repeated with commas, and proxies may do so before any API, while
//! a custom key value may itself hold commas. So, in every kind of event, a text with commas is
//! 1. where a part has the form of a generated key value: that value if there is nothing
//!    else in the text (an empty header counts as nothing), and malformed otherwise;
//! 2. where all parts are the same and long enough for a key value: that part, sent again;
//! 3. else one value, commas and all. Two different custom values that were joined are so a
//!    third one, which nobody has.

use latchkey_domain::{CustomValueError, KeyValue, Reason};

use super::SentValue;

/// A shorter text cannot be a key value.
const SHORTEST_VALUE: usize = 20;

pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The parts of a joined text; an empty header leaves none.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(',').map(trimmed).filter(|part| !part.is_empty())
}

/// The one value, as it is, that the texts hold.
pub(super) fn plain<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Option<SentValue>, Reason> {
    let mut one = None;
    for text in texts {
        one = only(one.into_iter().chain([unjoined(text)?]))?;
    }
    Ok(one.map(SentValue::new))
}

/// The value that all of them are; an empty one is none.
pub(super) fn only<'a>(
    values: impl IntoIterator<Item = &'a str>,
) -> Result<Option<&'a str>, Reason> {
    let mut values = values.into_iter().filter(|value| !value.is_empty());
    let first = values.next();
    if values.any(|value| Some(value) != first) {
        return Err(Reason::MalformedKey);
    }
    Ok(first)
}

/// One value out of a text that may be several, joined: the rule is in the module's text.
pub(super) fn unjoined(text: &str) -> Result<&str, Reason> {
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
