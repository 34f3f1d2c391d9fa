//! Lists of the table, followed page by page up to a bound that is told where it is met.

use latchkey_store::Cursor;

/// Records of a page, as many as an admin's list may have.
pub(crate) const PAGE: u16 = 500;
/// Pages that are followed: 200,000 records, where API Gateway has at most 10,000 keys, each on
/// up to 10 plans.
const PAGES: usize = 400;

/// Where a list is read.
#[derive(Debug)]
pub(crate) struct Pages {
    what: &'static str,
    read: usize,
    cursor: Option<Cursor>,
}

impl Pages {
    /// The beginning of the list of `what`.
    pub(crate) fn of(what: &'static str) -> Self {
        let (read, cursor) = (0, None);
        Self { what, read, cursor }
    }

    /// Whether there is a page to read.
    pub(crate) fn more(&self) -> bool {
        let more = self.read == 0 || self.cursor.is_some();
        if more && self.read == PAGES {
            tracing::warn!(
                list = self.what,
                records = PAGES * usize::from(PAGE),
                "the list has more than is read: the rest is left out"
            );
            return false;
        }
        more
    }

    /// Where the page begins.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// The page is read; `next` is where the one after it begins.
    pub(crate) fn turn(&mut self, next: Option<Cursor>) {
        self.read += 1;
        self.cursor = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pages: usize) -> usize {
        let mut list = Pages::of("a list");
        while list.more() {
            let next = list.read + 1 < pages;
            list.turn(next.then(|| Cursor::at_position("next")));
        }
        list.read
    }

    #[test]
    fn a_list_is_read_to_its_end_or_to_the_bound() {
        assert_eq!(
            [1, 2, 220, 400, 401, 1_000].map(read),
            [1, 2, 220, 400, 400, 400]
        );
    }
}
