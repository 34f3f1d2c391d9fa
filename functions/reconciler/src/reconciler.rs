//! A run, from the question whether there is something to do to the report.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use jiff::Timestamp;
use latchkey_domain::Clock;
use latchkey_gateway::{Gateway, GatewayError, Pacer};
use latchkey_store::{Store, StoreError};
use latchkey_sync::{Inventory, Owner, Sync};
use tokio::{join, time::Instant};

use crate::{Left, deletions::Deletions, run::Run, settings::Rules};

/// What a run may take after its deadline: a call that had begun, and what is written then.
pub const GRACE: Duration = Duration::from_secs(20);

/// Why a run ended early. What it did not do is pending still.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// API Gateway does not show what it has.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was due; what waits for its next attempt.
    Idle(Left),
    /// Another run is at work.
    Busy,
    /// There was something to do.
    Ran(Report),
}

/// A run in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Objects that are still not in step.
    pub left: Left,
    /// Attempts at objects.
    pub attempts: u64,
    /// Attempts that the table's faults ended.
    pub faults: u64,
    /// What a comparison has found, and mended of it; none where there was none.
    pub drift: Option<(u64, u64)>,
    /// Calls of API Gateway's control plane,
    pub calls: u64,
    /// and those among them that were throttled.
    pub throttled: u64,
    /// How long it took.
    pub took: Duration,
}

/// Makes API Gateway agree with the table, one run at a time.
pub struct Reconciler {
    store: Store,
    gateway: Gateway,
    clock: Clock,
    rules: Rules,
    /// Tells runs apart: of this process and of others.
    instance: u64,
    numbers: AtomicU64,
    deletions: Deletions,
    /// AWS's rates, over all runs of this process.
    pacer: Pacer,
}

impl fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reconciler({:016x})", self.instance)
    }
}

impl Reconciler {
    /// One for the table of `store`; `instance` is a random number.
    pub fn new(store: Store, gateway: Gateway, clock: Clock, rules: Rules, instance: u64) -> Self {
        Self {
            deletions: Deletions::new(store.clone(), clock.clone(), instance),
            store,
            gateway,
            clock,
            rules,
            instance,
            numbers: AtomicU64::new(0),
            pacer: Pacer::until(Instant::now()),
        }
    }

    /// Does what is due; no call to API Gateway begins after `deadline`, and all ends
    /// [`GRACE`] after it. Two runs at once are one: the other does nothing.
    ///
    /// # Errors
    /// [`RunError`]: the next run goes on.
    pub async fn run(&self, deadline: Instant) -> Result<Outcome, RunError> {
        let now = self.now();
        let state = self.store.reconciling().await?;
        let due = self.store.pending(now, 1, None).await?;
        // What had no time to end would have none a minute later, either.
        let scan = state.scanned.max(state.tried).is_none_or(|last| {
            let next = last.checked_add(self.rules.scan_every);
            next.is_ok_and(|next| next <= now)
        });
        // One that cannot be read may be before others.
        let nothing = due.items.is_empty() && due.cursor.is_none();
        if nothing && !scan && !self.deletions.any().await? {
            return Ok(Outcome::Idle(Left::read(&self.store).await?));
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let holder = format!("{:016x}-{number}", self.instance);
        let left = deadline.saturating_duration_since(Instant::now());
        let until = now.checked_add(left + GRACE).unwrap_or(now);
        if !self.store.take_lock(&holder, now, until).await? {
            tracing::info!("another run is at work");
            return Ok(Outcome::Busy);
        }
        // On the heap: it holds all that a run does.
        let report = Box::pin(self.locked(deadline, until, scan)).await;
        self.store.release_lock(&holder).await?;
        let report = report?;
        log(&report);
        Ok(Outcome::Ran(report))
    }

    async fn locked(
        &self,
        deadline: Instant,
        until: Timestamp,
        scan: bool,
    ) -> Result<Report, RunError> {
        let started = self.clock.now();
        let pacer = self.pacer.again_until(deadline);
        let (calls, throttles) = (total(pacer.counts()), total(pacer.throttles()));
        let gateway = self.gateway.within(pacer.clone());
        let clock = self.clock.clone();
        let sync = Sync::new(self.store.clone(), gateway, clock, self.rules.key_cache);
        let owner = Owner(self.store.table_name());
        let run = Run {
            store: &self.store,
            sync,
            clock: &self.clock,
            numbers: &self.numbers,
            instance: self.instance,
            deadline,
            until,
            inventory: Default::default(),
            sources: Inventory::of(vec![], vec![], owner, Timestamp::MIN),
            attempts: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        };
        // The table's part and API Gateway's do not wait for each other.
        let half = deadline.saturating_duration_since(Instant::now()) / 2;
        let ended = self.deletions.run(Instant::now() + half, until);
        let (worked, ended) = join!(run.work(), ended);
        worked?;
        run.faults.fetch_add(ended?, Ordering::Relaxed);
        let drift = match scan {
            true => run.scan(self.rules.drift).await?,
            false => None,
        };
        let left = Left::read(&self.store).await?;
        let took = self.clock.now().since(&started);
        Ok(Report {
            left,
            attempts: run.attempts.into_inner(),
            faults: run.faults.into_inner(),
            drift,
            calls: total(pacer.counts()) - calls,
            throttled: total(pacer.throttles()) - throttles,
            took: Duration::from_nanos(took.try_into().unwrap_or(0)),
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }
}

fn total(counts: std::collections::BTreeMap<&'static str, u64>) -> u64 {
    counts.values().sum()
}

fn log(report: &Report) {
    tracing::info!(
        pending = report.left.pending,
        failed = report.left.failed,
        attempts = report.attempts,
        faults = report.faults,
        drift_found = report.drift.map(|(found, _)| found),
        drift_mended = report.drift.map(|(_, mended)| mended),
        calls = report.calls,
        throttled = report.throttled,
        took_ms = u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        "reconciled"
    );
}
