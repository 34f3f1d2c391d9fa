//! A key value among the subprotocols that a WebSocket's client offers.
//!
//! `Sec-WebSocket-Protocol` is a list of tokens (RFC 6455, 11.3.4), which may come in several
//! headers. A token has no comma, so each part of a text is one.

use latchkey_domain::Reason;

use super::{
    SentValue,
    values::{only, parts},
};

pub(super) const HEADER: &str = "sec-websocket-protocol";

/// What follows the prefix; its letters are exact. The other subprotocols are the backend's.
pub(super) fn value<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    prefix: &str,
) -> Result<Option<SentValue>, Reason> {
    let values = texts
        .into_iter()
        .flat_map(parts)
        .filter_map(|part| part.strip_prefix(prefix));
    Ok(only(values)?.map(SentValue::new))
}
