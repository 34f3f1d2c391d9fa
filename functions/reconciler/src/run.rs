//! What one run works with.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;
use latchkey_domain::Clock;
use latchkey_gateway::GatewayError;
use latchkey_store::{Change, Store};
use latchkey_sync::{Inventory, Owner, Sync};
use tokio::{sync::Mutex, time::Instant};

/// A run that holds the lock.
pub(crate) struct Run<'a> {
    pub(crate) store: &'a Store,
    pub(crate) sync: Sync,
    pub(crate) clock: &'a Clock,
    pub(crate) numbers: &'a AtomicU64,
    pub(crate) instance: u64,
    pub(crate) deadline: Instant,
    /// Until when what it claims is its own, as long as the lock.
    pub(crate) until: Timestamp,
    pub(crate) inventory: Mutex<Option<Arc<Inventory>>>,
    /// Where APIs take keys from, for what has no id at API Gateway and needs to know no more.
    pub(crate) sources: Inventory,
    pub(crate) attempts: AtomicU64,
    pub(crate) faults: AtomicU64,
}

impl Run<'_> {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }

    /// Whether nothing may begin any more.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner(self.store.table_name())
    }

    /// All that API Gateway has, read later than `since`: once, unless that is too old.
    pub(crate) async fn inventory(&self, since: Timestamp) -> Result<Arc<Inventory>, GatewayError> {
        let mut inventory = self.inventory.lock().await;
        if let Some(inventory) = inventory.as_ref().filter(|read| read.since > since) {
            return Ok(inventory.clone());
        }
        let now = self.now();
        let read = Inventory::read(self.sync.gateway(), self.owner(), now).await?;
        Ok(inventory.insert(Arc::new(read)).clone())
    }

    /// A change that the reconciler makes now.
    pub(crate) fn change(&self) -> Change {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Change {
            at: self.now(),
            id: format!("{:016x}-{number}", self.instance),
            principal: "latchkey:reconciler".to_owned(),
            source_ip: None,
            receipt: None,
        }
    }
}
