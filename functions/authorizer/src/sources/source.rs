//! One place in which a key value may be.

use latchkey_domain::{Invalid, Reason};

use super::{
    SentValue,
    authorization::{AUTHORIZATION, BASIC, BEARER, basic, bearer},
    values::{plain, trimmed},
    websocket_protocol::{self, HEADER},
};
use crate::event::{Incoming, NoText};

/// The longest name of a query parameter, in characters.
const LONGEST_PARAMETER: usize = 64;
/// The longest prefix of a subprotocol, in characters.
const LONGEST_PREFIX: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The whole value of this header.
    Header(String),
    /// The header `Authorization` with the scheme `Bearer` (RFC 6750).
    Bearer,
    /// The user name of `Authorization` with the scheme `Basic` (RFC 7617).
    Basic,
    /// This parameter of the query.
    Query(String),
    /// What follows this prefix in one of the subprotocols that a WebSocket's client offers
    /// (RFC 6455, 4.1): browsers can send no other header of their own there.
    WebSocketProtocol(String),
}

impl Source {
    pub(super) fn parse(text: &str) -> Result<Self, Invalid> {
        const ALLOWED: &str = "header:NAME, bearer, basic, query:NAME (1 to 64 of A-Z a-z 0-9 - . _ ~) and websocket-protocol:PREFIX (1 to 32 characters that a token of HTTP may have), separated by commas";
        let source = match text.split_once(':') {
            None if text == BEARER => Some(Self::Bearer),
            None if text == BASIC => Some(Self::Basic),
            Some(("header", name)) if is_token(name) => Some(Self::Header(name.to_owned())),
            Some(("query", name)) if is_parameter(name) => Some(Self::Query(name.to_owned())),
            Some(("websocket-protocol", prefix))
                if is_token(prefix) && prefix.len() <= LONGEST_PREFIX =>
            {
                Some(Self::WebSocketProtocol(prefix.to_owned()))
            }
            _ => None,
        };
        source.ok_or_else(|| Invalid::new("a key source", text, ALLOWED))
    }

    /// The one value that this source holds, if it holds any.
    ///
    /// # Errors
    /// As of [`KeySources::presented`](super::KeySources::presented).
    pub(super) fn value(&self, incoming: &Incoming<'_>) -> Result<Option<SentValue>, Reason> {
        let texts = match self {
            Self::Header(name) => incoming.headers.values(name),
            Self::Bearer | Self::Basic => incoming.headers.values(AUTHORIZATION),
            Self::Query(name) => incoming.query.values(name),
            Self::WebSocketProtocol(_) => incoming.headers.values(HEADER),
        };
        let texts = texts.map_err(|NoText| Reason::MalformedEvent)?;
        let texts = texts.iter().map(|text| trimmed(text));
        match self {
            Self::Header(_) | Self::Query(_) => plain(texts),
            Self::Bearer => bearer(texts),
            Self::Basic => basic(texts),
            Self::WebSocketProtocol(prefix) => websocket_protocol::value(texts, prefix),
        }
    }
}

/// A token (RFC 9110, 5.6.2): the name of a header, a subprotocol, or a part of one.
fn is_token(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

/// The characters that need no coding in a query (RFC 3986, 2.3).
fn is_parameter(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (1..=LONGEST_PARAMETER).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_is_read() {
        for (text, source) in [
            ("bearer", Source::Bearer),
            ("basic", Source::Basic),
            ("header:X-Key", Source::Header("X-Key".to_owned())),
            ("query:api_key", Source::Query("api_key".to_owned())),
            (
                "websocket-protocol:v1.key~",
                Source::WebSocketProtocol("v1.key~".to_owned()),
            ),
        ] {
            assert_eq!(Source::parse(text), Ok(source));
        }
        let longest =
            |kind: &str, length: usize| Source::parse(&format!("{kind}:{}", "k".repeat(length)));
        assert!(longest("query", LONGEST_PARAMETER).is_ok());
        assert!(longest("query", LONGEST_PARAMETER + 1).is_err());
        assert!(longest("websocket-protocol", LONGEST_PREFIX).is_ok());
        assert!(longest("websocket-protocol", LONGEST_PREFIX + 1).is_err());
    }

    #[test]
    fn what_is_no_source_is_refused() {
        for text in [
            "",
            "cookie",
            "Basic",
            "basic:",
            "bearer:x",
            "header",
            "header:",
            "header:a b",
            "query",
            "query:",
            "query:a b",
            "query:a%20b",
            "query:a&b",
            "query:é",
            "websocket-protocol",
            "websocket-protocol:",
            "websocket-protocol:a/",
            "websocket-protocol:a b",
            "websocket-protocol:a:b",
            "websocket-protocol:é",
        ] {
            assert!(Source::parse(text).is_err(), "{text}");
        }
    }
}
