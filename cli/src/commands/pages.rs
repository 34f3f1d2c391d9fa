//! Lists, page after page.

use serde_json::value::RawValue;

use super::{Session, options::Listing};
use crate::{
    client::{Page, Path, Query},
    failure::Failure,
};

/// Items of a page (docs/admin-api.md, "Lists").
pub(super) const MAX_PAGE: u64 = 500;

impl Session {
    /// All items, or as many as are wanted. A page may be short, or empty, and not be the last.
    ///
    /// # Errors
    /// The client's.
    pub(super) async fn items(
        &self,
        words: &[&str],
        filters: &Query,
        listing: Listing,
    ) -> Result<Vec<Box<RawValue>>, Failure> {
        let mut items: Vec<Box<RawValue>> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let have = u64::try_from(items.len()).unwrap_or(u64::MAX);
            let left = listing
                .limit
                .map_or(MAX_PAGE, |limit| limit - have.min(limit));
            let query = filters.clone().with("limit", Some(left.min(MAX_PAGE)));
            let path = Path::of(words).with(&query.with("cursor", cursor));
            let page: Page<Box<RawValue>> = self.client.get(&path).await?;
            items.extend(page.items);
            cursor = page.cursor;
            let have = u64::try_from(items.len()).unwrap_or(u64::MAX);
            if cursor.is_none() || listing.limit.is_some_and(|limit| have >= limit) {
                return Ok(items);
            }
        }
    }
}
