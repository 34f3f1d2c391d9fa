//! Bodies: JSON, read whole or refused with all that is wrong with it, and tables.

use axum::{
    body::{Body as HttpBody, Bytes, to_bytes},
    extract::{FromRequest, Request},
};
use deserr::Deserr;
use http::{
    HeaderMap, Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use mediatype::{
    MediaType, ReadParams as _, Value,
    names::{CHARSET, CSV, TEXT},
};

use crate::{
    faults::{Fault, Faults},
    json,
    problem::Problem,
};

/// Bytes that a body may have; API Gateway would pass 10 MB.
const MAX_BYTES: usize = 1_000_000;
/// Bytes that a table may have: as an event, in which quotes are escaped, it must be under
/// Lambda's 6 MB.
const MAX_TABLE_BYTES: usize = 4_000_000;

/// A body, read as `T`.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Sync, T: Deserr<Faults>> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_media_type(&parts.headers, &parts.method)?;
        let bytes = read(body, MAX_BYTES).await?;
        if bytes.is_empty() {
            return Err(Problem::fault(Fault::at("", "is empty, not an object")));
        }
        parsed(&bytes).map(Self)
    }
}

/// A body that may be left out, where each of its fields may.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<S: Sync, T: Deserr<Faults> + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, MAX_BYTES).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        check_media_type(&parts.headers, &parts.method)?;
        parsed(&bytes).map(Self)
    }
}

fn parsed<T: Deserr<Faults>>(bytes: &[u8]) -> Result<T, Problem> {
    let json = json::read(bytes).map_err(|error| Problem::MalformedJson(error.to_string()))?;
    Ok(deserr::deserialize::<T, _, Faults>(json)?)
}

/// A request that has no body. One that has is refused: whoever sent it expects it to matter.
#[derive(Debug)]
pub(crate) struct NoBody;

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if read(request.into_body(), MAX_BYTES).await?.is_empty() {
            return Ok(Self);
        }
        Err(Problem::fault(Fault::at(
            "",
            "must be empty: this request takes no body",
        )))
    }
}

/// A table (text/csv, RFC 4180) of UTF-8, without a byte order mark. It may hold key values.
pub(crate) struct CsvBody(Bytes);

impl CsvBody {
    /// The table.
    pub(crate) fn text(&self) -> Result<&str, Problem> {
        let text = std::str::from_utf8(&self.0)
            .map_err(|_| Problem::fault(Fault::at("", "is not UTF-8")))?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
    }
}

impl<S: Sync> FromRequest<S> for CsvBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_is_table(&parts.headers)?;
        read(body, MAX_TABLE_BYTES).await.map(Self)
    }
}

async fn read(body: HttpBody, most: usize) -> Result<Bytes, Problem> {
    // It comes whole from memory, so that its length is all that can be wrong.
    to_bytes(body, most)
        .await
        .map_err(|_| Problem::BodyTooLarge(most))
}

fn check_is_table(headers: &HeaderMap) -> Result<(), Problem> {
    refuse_encoding(headers)?;
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let given = given.and_then(|given| MediaType::parse(given).ok());
    let is_table = given.is_some_and(|given| {
        let charset = given.get_param(CHARSET);
        let utf8 = |charset: Value<'_>| charset.unquoted_str().eq_ignore_ascii_case("utf-8");
        given.ty == TEXT && given.subty == CSV && charset.is_none_or(utf8)
    });
    if is_table {
        return Ok(());
    }
    let allowed = "send the table as Content-Type text/csv, in UTF-8";
    Err(Problem::UnsupportedMediaType(allowed))
}

fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(CONTENT_ENCODING) {
        let allowed = "send the body as it is, without Content-Encoding";
        return Err(Problem::UnsupportedMediaType(allowed));
    }
    Ok(())
}

fn check_media_type(headers: &HeaderMap, method: &Method) -> Result<(), Problem> {
    const JSON: &str = "application/json";
    const MERGE_PATCH: &str = "application/merge-patch+json";
    let named = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let media_type = named(CONTENT_TYPE).and_then(|value| value.split(';').next());
    let is =
        |wanted: &str| media_type.is_some_and(|given| given.trim().eq_ignore_ascii_case(wanted));
    refuse_encoding(headers)?;
    if is(JSON) || (method == Method::PATCH && is(MERGE_PATCH)) {
        return Ok(());
    }
    Err(Problem::UnsupportedMediaType(if method == Method::PATCH {
        "send the body as Content-Type application/merge-patch+json or application/json"
    } else {
        "send the body as Content-Type application/json"
    }))
}
