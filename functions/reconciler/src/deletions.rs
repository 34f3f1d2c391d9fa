//! Plans that are being deleted with their attachments: what the admin API has begun and had no
//! time to end. It needs the table alone, not API Gateway.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use latchkey_domain::Clock;
use latchkey_store::{Deletion, Store, StoreError, Worker};
use tokio::time::Instant;

use crate::pages::{PAGE, Pages};

/// Ends the deletions of plans.
pub struct Deletions {
    store: Store,
    clock: Clock,
    /// Tells its changes from those of others.
    instance: u64,
    numbers: AtomicU64,
}

impl fmt::Debug for Deletions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deletions({:016x})", self.instance)
    }
}

impl Deletions {
    /// Of the table of `store`; `instance` is a random number.
    pub fn new(store: Store, clock: Clock, instance: u64) -> Self {
        Self {
            store,
            clock,
            instance,
            numbers: AtomicU64::new(0),
        }
    }

    /// Whether one may be gone on with now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn any(&self) -> Result<bool, StoreError> {
        let first = self.store.deletions(self.now(), 1, None).await?;
        // One that cannot be read may be before others.
        Ok(!first.items.is_empty() || first.cursor.is_some())
    }

    /// Goes on with each that is due until `deadline`, the one that waits longest first. What
    /// is left then is due at once; where it is stopped, at `until`. Returns how many the
    /// table's faults ended: they are due later.
    ///
    /// # Errors
    /// [`StoreError`] where what is due cannot be read.
    pub async fn run(&self, deadline: Instant, until: Timestamp) -> Result<u64, StoreError> {
        let (now, mut faults) = (self.now(), 0);
        let mut pages = Pages::of("plans that are being deleted");
        while pages.more() {
            let page = self.store.deletions(now, PAGE, pages.cursor()).await?;
            for deletion in page.items {
                if Instant::now() >= deadline {
                    return Ok(faults);
                }
                if let Err(error) = self.go_on(&deletion, deadline, until).await {
                    faults += 1;
                    let plan_id = &deletion.plan_id;
                    tracing::error!(%plan_id, %error, "its deletion was not finished");
                }
            }
            pages.turn(page.cursor);
        }
        Ok(faults)
    }

    async fn go_on(
        &self,
        deletion: &Deletion,
        deadline: Instant,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(claimed) = self.store.claim_deletion(deletion, until).await? else {
            return Ok(());
        };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let worker = Worker {
            clock: &self.clock,
            id: &format!("{:016x}-d{number}", self.instance),
        };
        let gone = self.store.carry_on_deletion(&claimed, &worker, deadline);
        if !gone.await? {
            self.store.claim_deletion(&claimed, self.now()).await?;
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }
}
