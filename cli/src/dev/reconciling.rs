//! The reconciler, every few seconds, as EventBridge calls its function each minute on AWS.

use std::time::Duration;

use latchkey_domain::Clock;
use latchkey_reconciler::{Deletions, Reconciler, settings::Rules};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often it runs, and how often it compares all that API Gateway has.
const EVERY: Duration = Duration::from_secs(5);
/// How long a run may take: UpdateUsagePlan may be called once in 20 seconds.
const RUN: Duration = Duration::from_secs(60);

/// On this machine nobody waits a quarter of an hour for a drift to be found.
pub(super) fn rules(rules: Rules) -> Rules {
    Rules {
        scan_every: EVERY,
        ..rules
    }
}

/// Runs it until the process ends.
pub(super) async fn every_few_seconds(reconciler: Reconciler) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = reconciler.run(Instant::now() + RUN).await {
            tracing::warn!(%error, "the reconciler goes on with its next run");
        }
    }
}

/// Without API Gateway there is still the table's own work. Runs it until the process ends.
pub(super) async fn deletions_every_few_seconds(deletions: Deletions, clock: Clock) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = clock.now().timestamp();
        let until = now.checked_add(RUN).unwrap_or(now);
        if let Err(error) = deletions.run(Instant::now() + RUN, until).await {
            tracing::warn!(%error, "deletions of plans go on with the next run");
        }
    }
}
