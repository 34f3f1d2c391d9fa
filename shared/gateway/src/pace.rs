//! Calls within AWS's rates, and repeats of those that can be repeated.
//!
//! AWS counts for a whole account and Region: each operation by itself, where it has a rate
//! of its own ([`Operation::spacing`]), and all calls together, 10 a second with a burst of
//! 40. Calls of one operation take their turns in the order in which they came. Whatever else
//! runs in the account spends the same rates, so that a call may be throttled all the same:
//! then its operation pauses.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::{
    sync::{Mutex as Queue, MutexGuard as Turn},
    time::{Instant, sleep, sleep_until, timeout_at},
};

use crate::{GatewayError, answer::is_concurrent, operation::Operation};

/// All operations together: one call in this time,
const SPACING: Duration = Duration::from_millis(100);
/// after a burst of this many.
const BURST: u32 = 40;

/// Lets calls through at AWS's rates until a deadline; clones share the rates.
#[derive(Clone)]
pub struct Pacer {
    shared: Arc<Shared>,
    deadline: Instant,
}

struct Shared {
    /// Whoever holds an operation's queue is the next to call it.
    queues: [Queue<()>; Operation::COUNT],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When each operation may be called next.
    next: BTreeMap<Operation, Instant>,
    /// When the burst will be whole again (GCRA's theoretical arrival time).
    whole_again: Option<Instant>,
    calls: BTreeMap<&'static str, u64>,
    throttles: BTreeMap<&'static str, u64>,
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pacer({:?})", self.counts())
    }
}

impl Pacer {
    /// Unspent rates. No call begins after `deadline`: one that would have to wait longer is
    /// [`GatewayError::Throttled`] at once.
    pub fn until(deadline: Instant) -> Self {
        Self {
            shared: Arc::new(Shared {
                queues: std::array::from_fn(|_| Queue::new(())),
                state: Mutex::default(),
            }),
            deadline,
        }
    }

    /// The same rates and counts until another deadline: for the next run in this process.
    pub fn again_until(&self, deadline: Instant) -> Self {
        Self {
            shared: self.shared.clone(),
            deadline,
        }
    }

    /// Calls made, by operation; those that were throttled are counted as well.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.state().calls.clone()
    }

    /// Of these, the ones that AWS throttled.
    pub fn throttles(&self) -> BTreeMap<&'static str, u64> {
        self.state().throttles.clone()
    }

    pub(crate) async fn run<T, F>(
        &self,
        operation: Operation,
        attempt: impl Fn() -> F,
    ) -> Result<T, GatewayError>
    where
        F: Future<Output = Result<T, GatewayError>>,
    {
        let mut pauses = Pauses::default();
        let mut turn = self.turn(operation).await?;
        loop {
            let kept = operation.one_at_a_time().then_some(turn);
            let answer = attempt().await;
            drop(kept);
            let Err(error) = answer else { return answer };
            let Some(pause) = pauses.after(operation, &error) else {
                return Err(error);
            };
            let resume = Instant::now() + pause;
            if matches!(error, GatewayError::Throttled { .. }) {
                self.throttled(operation, resume);
            }
            if resume > self.deadline {
                return Err(error);
            }
            sleep(pause).await;
            turn = match self.turn(operation).await {
                Ok(turn) => turn,
                // What happened to the attempt says more than that there is no time for another.
                Err(_) => return Err(error),
            };
        }
    }

    /// Waits until the operation may be called.
    async fn turn(&self, operation: Operation) -> Result<Turn<'_, ()>, GatewayError> {
        let late = || GatewayError::Throttled {
            operation: operation.name(),
        };
        let queue = &self.shared.queues[operation as usize];
        let turn = timeout_at(self.deadline, queue.lock()).await;
        let turn = turn.map_err(|_| late())?;
        loop {
            // Taken by whoever is awake when it is there: nobody holds a place for later.
            let taken = self.state().take(operation, Instant::now());
            match taken {
                Ok(()) => return Ok(turn),
                Err(ready) if ready > self.deadline => return Err(late()),
                Err(ready) => sleep_until(ready).await,
            }
        }
    }

    fn throttled(&self, operation: Operation, resume: Instant) {
        let mut state = self.state();
        *state.throttles.entry(operation.name()).or_default() += 1;
        let next = state.next.entry(operation).or_insert(resume);
        *next = resume.max(*next);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Its holders do not panic; if one did, the numbers are whole all the same.
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts a call at `now`, or says from when on to ask again.
    fn take(&mut self, operation: Operation, now: Instant) -> Result<(), Instant> {
        let whole_again = self.whole_again.unwrap_or(now).max(now);
        let burst = SPACING * (BURST - 1);
        let all = whole_again.checked_sub(burst).unwrap_or(now);
        let own = self.next.get(&operation).copied().unwrap_or(now);
        let ready = all.max(own);
        if ready > now {
            return Err(ready);
        }
        self.whole_again = Some(whole_again + SPACING);
        if let Some(spacing) = operation.spacing() {
            self.next.insert(operation, now + spacing);
        }
        *self.calls.entry(operation.name()).or_default() += 1;
        Ok(())
    }
}

/// What is left of one call's patience with each kind of refusal.
struct Pauses<B> {
    throttled: B,
    concurrent: B,
    in_the_way: B,
    unanswered: B,
}

impl Default for Pauses<backon::ExponentialBackoff> {
    fn default() -> Self {
        let from = |first| ExponentialBuilder::default().with_min_delay(first);
        let longest = Duration::from_secs(20);
        Self {
            // Only the deadline ends it.
            throttled: from(Duration::from_secs(1))
                .with_max_delay(longest)
                .without_max_times()
                .build(),
            concurrent: from(Duration::from_millis(250)).with_max_times(6).build(),
            // Most likely an equal value or attachment, which stays: AWS's text is no contract.
            in_the_way: from(Duration::from_millis(500)).with_max_times(1).build(),
            unanswered: from(Duration::from_millis(500)).with_max_times(2).build(),
        }
    }
}

impl<B: Iterator<Item = Duration>> Pauses<B> {
    /// How long to wait before the call is tried again; none where it is not.
    fn after(&mut self, operation: Operation, error: &GatewayError) -> Option<Duration> {
        match error {
            GatewayError::Throttled { .. } => self.throttled.next(),
            GatewayError::Conflict { detail, .. } if is_concurrent(detail) => {
                self.concurrent.next()
            }
            GatewayError::Conflict { .. } => self.in_the_way.next(),
            GatewayError::Unavailable { .. } if operation.may_be_repeated() => {
                self.unanswered.next()
            }
            _ => None,
        }
    }
}
