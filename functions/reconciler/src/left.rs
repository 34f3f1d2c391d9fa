//! What is not in step at the end of a run, also of one that had nothing to do: what API Gateway
//! refuses is tried again ever more rarely, and is told every minute.

use jiff::Timestamp;
use latchkey_store::{NativeState, Store, StoreError};

use crate::pages::{PAGE, Pages};

/// Objects that are not in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// All of them, those that failed included.
    pub pending: u64,
    /// Those that API Gateway refuses.
    pub failed: u64,
}

impl Left {
    /// Counts them: one query for each 500.
    pub(crate) async fn read(store: &Store) -> Result<Self, StoreError> {
        let mut left = Self::default();
        let mut pages = Pages::of("pending objects");
        while pages.more() {
            let page = store.pending(Timestamp::MAX, PAGE, pages.cursor()).await?;
            for native in &page.items {
                left.pending += 1;
                left.failed += u64::from(native.state == NativeState::Failed);
            }
            pages.turn(page.cursor);
        }
        Ok(left)
    }
}
