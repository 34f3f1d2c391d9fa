//! A key on its way into a page.

use latchkey_domain::Day;
use latchkey_store::{Cursor, KeyRecord};

use super::view::KeyView;

/// A key that was found, and the cursor behind it.
pub(super) struct Found {
    pub(super) record: KeyRecord,
    pub(super) cursor: Cursor,
    /// Told where it was looked for.
    pub(super) last_used: Option<Option<Day>>,
}

impl Found {
    /// As a list shows it.
    pub(super) fn view(&self) -> KeyView {
        match self.last_used {
            None => KeyView::of_list(&self.record),
            Some(day) => KeyView::of_list_used(&self.record, day),
        }
    }
}
