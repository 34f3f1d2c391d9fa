//! In which form an answer is wanted: `Accept` (RFC 9110, 12.5.1), with its weights.
//!
//! Each path offers JSON, and some offer CSV beside it; the first that is offered is what
//! `*/*` means. Problems are told as `application/problem+json` whatever is wanted.

use axum::{
    extract::{FromRequestParts, MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use headers_accept::Accept;
use http::{HeaderMap, header::ACCEPT, request::Parts};
use mediatype::{
    MediaType, MediaTypeBuf, ReadParams,
    names::{APPLICATION, CSV, JSON, Q, TEXT},
};

use crate::problem::Problem;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Json,
    Csv,
}

impl Format {
    const fn media_type(self) -> MediaType<'static> {
        match self {
            Self::Json => MediaType::new(APPLICATION, JSON),
            Self::Csv => MediaType::new(TEXT, CSV),
        }
    }
}

/// What a path answers with, the preferred one first.
fn offered(route: &str) -> &'static [Format] {
    match route {
        "/v1/plans/{planId}/usage" | "/v1/keys/{keyId}/usage" => &[Format::Json, Format::Csv],
        "/v1/export" => &[Format::Csv],
        _ => &[Format::Json],
    }
}

/// Refuses what would be answered in no form that the caller takes.
pub(crate) async fn negotiated(
    route: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    // A path that is not there is told of as such.
    if let Some(route) = route {
        let offered = offered(route.as_str());
        match chosen(request.headers(), offered) {
            Some(format) => request.extensions_mut().insert(format),
            None => {
                let names = offered.iter().map(|format| format.media_type().to_string());
                let names: Vec<String> = names.collect();
                return Problem::NotAcceptable(names.join(" or ")).into_response();
            }
        };
    }
    next.run(request).await
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

/// The form that is wanted most of those offered; without the header, or with one that
/// cannot be read, the first.
fn chosen(headers: &HeaderMap, offered: &[Format]) -> Option<Format> {
    let Some(wanted) = ranges(headers) else {
        return offered.first().copied();
    };
    let types: Vec<MediaType<'_>> = offered.iter().map(|format| format.media_type()).collect();
    let best = wanted.negotiate(&types)?;
    offered
        .iter()
        .copied()
        .find(|format| format.media_type() == *best)
}

/// The media ranges of all `Accept` headers, the most exact first. Their parameters but for
/// the weight do not count: there is one charset, and every table has a header row.
pub(crate) fn ranges(headers: &HeaderMap) -> Option<Accept> {
    let mut texts = Vec::new();
    for header in headers.get_all(ACCEPT) {
        texts.push(header.to_str().ok()?);
    }
    let ranges: Accept = texts.join(",").parse().ok()?;
    let mut bare = ranges.media_types().map(bare).peekable();
    bare.peek()?;
    Some(bare.collect())
}

fn bare(range: &MediaTypeBuf) -> MediaTypeBuf {
    let weight: Vec<_> = range
        .get_param(Q)
        .map(|weight| (Q, weight))
        .into_iter()
        .collect();
    MediaType::from_parts(range.ty(), range.subty(), range.suffix(), &weight).into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(accepts: &[&'static str], offered: &[Format]) -> Option<Format> {
        let mut headers = HeaderMap::new();
        for accept in accepts {
            headers.append(ACCEPT, HeaderValue::from_static(accept));
        }
        chosen(&headers, offered)
    }

    #[test]
    fn the_form_that_is_wanted_most_is_chosen() {
        use Format::{Csv, Json};
        for (accept, expected) in [
            ("*/*", Some(Json)),
            ("application/json", Some(Json)),
            ("application/*", Some(Json)),
            ("text/csv", Some(Csv)),
            ("Text/CSV", Some(Csv)),
            ("text/*", Some(Csv)),
            ("text/csv; charset=utf-8; header=present", Some(Csv)),
            ("text/csv, */*;q=0.1", Some(Csv)),
            ("application/json, text/csv;q=0.9", Some(Json)),
            ("application/json;q=0.8, text/csv;q=0.9", Some(Csv)),
            ("application/json, text/csv", Some(Json)),
            ("text/csv, application/json", Some(Csv)),
            ("application/json;q=0, */*", Some(Csv)),
            ("text/csv;q=0, text/*", None),
            ("text/csv;q=0", None),
            ("*/*;q=0", None),
            ("text/html", None),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(Json)),
            // What Java's own client sends unless told otherwise.
            (
                "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
                Some(Json),
            ),
            ("", Some(Json)),
            (",", Some(Json)),
            ("csv", Some(Json)),
        ] {
            assert_eq!(of(&[accept], &[Json, Csv]), expected, "{accept}");
        }
        assert_eq!(of(&[], &[Json, Csv]), Some(Json));
        assert_eq!(of(&["text/html", "text/csv"], &[Json, Csv]), Some(Csv));
        assert_eq!(of(&["text/csv"], &[Json]), None);
        assert_eq!(of(&["text/csv, */*;q=0.1"], &[Json]), Some(Json));
    }
}
