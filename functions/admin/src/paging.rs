//! Lists in pages.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_store::{Cursor, Page};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::parameters::{FromParameters, Parameters};

/// Which page is asked for.
#[derive(Debug)]
pub(crate) struct Paging {
    /// `limit`: items of a page, 1 to 500; 25 unless given.
    pub(crate) limit: u16,
    /// `cursor`: that of the page before; none for the first.
    pub(crate) cursor: Option<Cursor>,
}

impl Paging {
    pub(crate) const DEFAULT_LIMIT: u16 = 25;
    pub(crate) const MAX_LIMIT: u16 = 500;

    fn read_limit(text: &str) -> Result<u16, String> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|limit| digits && (1..=Self::MAX_LIMIT).contains(limit))
            .ok_or_else(|| format!("must be a whole number from 1 to {}", Self::MAX_LIMIT))
    }
}

impl FromParameters for Paging {
    fn read(parameters: &mut Parameters) -> Self {
        let limit = parameters.take("limit", Self::read_limit);
        let cursor = parameters.take("cursor", |text| {
            Cursor::decode(text).map_err(|error| error.to_string())
        });
        Self {
            limit: limit.unwrap_or(Self::DEFAULT_LIMIT),
            cursor,
        }
    }
}

/// What a cursor says of the filters that it belongs to: a digest, since it repeats nothing that
/// was sent.
pub(crate) fn digest_of(filters: &str) -> String {
    const BYTES: usize = 12;
    let digest = digest(&SHA256, filters.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().get(..BYTES).unwrap_or_default())
}

/// A page as it is answered.
#[derive(Debug, Serialize)]
pub(crate) struct PageView<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl<T> PageView<T> {
    /// A page of the store, each item shown by `view`.
    pub(crate) fn of<R>(page: Page<R>, view: impl Fn(R) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            cursor: page.cursor.map(|cursor| cursor.encode()),
        }
    }
}
