//! The flow: event -> request -> key -> decision -> charge -> answer.

use std::{
    fmt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::{OptionFuture, poll_immediate};
use latchkey_domain::{
    Case, Clock, Decision, Enforcement, Plan, PresentedKey, Reading, Reason, Recognised, Request,
    decide,
    meter::{Owner, Refusal, Verdict},
};
use latchkey_store::{Store, StoreError};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::{
    answer::{self, Decided, Failure},
    credits::Credits,
    decision_log::DecisionLog,
    event::{self, Incoming},
    folding::Folding,
    holdings::Holdings,
    keys::{Keys, Source},
    known_key::{KeptKey, KnownKey},
    metering::{Account, Metered, Metering},
    metrics::{Counted, Metrics},
    plans::Plans,
    settings::{OnStoreFailure, Settings},
    sources::SentValue,
    usage_identifier::UsageIdentifier,
};

/// The whole decision ends before Lambda or API Gateway would end it.
const BUDGET: Duration = Duration::from_millis(950);

/// The authorizer, with what it has seen lately.
#[derive(Debug)]
pub struct Authorizer {
    settings: Settings,
    store: Store,
    clock: Clock,
    keys: Keys,
    plans: Plans,
    holdings: Holdings,
    folding: Folding,
    /// Where calls are to pass without the table.
    credits: Option<Credits>,
    metrics: Arc<Metrics>,
    /// Calls admitted: every so many-th is logged.
    admitted: AtomicU64,
}

/// What came of an event: what to answer, and what to log. Its `Debug` does not show an
/// answer, which may tell API Gateway a key value.
pub struct Handled {
    /// The decision in words.
    pub log: DecisionLog,
    /// The answer, or the error that stands for one.
    pub answer: Result<Box<RawValue>, Failure>,
}

impl fmt::Debug for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handled")
            .field("log", &self.log)
            .field("failure", &self.answer.as_ref().err())
            .finish_non_exhaustive()
    }
}

/// Moves of a key from plan to plan, and changes of its plan's scope, that one decision follows.
const MOVES: usize = 4;

/// A call that is being decided on.
struct Call<'a> {
    request: &'a Request,
    presented: &'a PresentedKey,
    sent: &'a SentValue,
    now: Reading,
}

/// What was found out about a call, as far as it went.
#[derive(Debug, Default)]
struct Found {
    /// The key, once its value was shown to be right.
    key: Option<Arc<KnownKey>>,
    plan: Option<Arc<Plan>>,
    /// What the call costs there, where it was worked out.
    units: Option<u64>,
    /// By what API Gateway counts the call, where the plan is one that it counts.
    counted_by: Option<UsageIdentifier>,
    /// Whether a refusal may be due to the key having changed since it was read.
    out_of_date: bool,
    /// Whether the call wrote to its meter, or tried to.
    charged: bool,
    /// Whether the call passes though the table gave no answer.
    without_store: bool,
}

impl Authorizer {
    /// An authorizer on a table. Reads the plans, which opens the connection; where the
    /// table does not answer yet, the first call will try again.
    pub async fn start(settings: Settings, store: Store, clock: Clock) -> Self {
        let metrics = Metrics::new(&settings.table_name, settings.metrics, clock.now());
        let metrics = Arc::new(metrics);
        let watching = metrics.clone();
        store.watch(clock.clone(), move |ahead| watching.clock_is_off(ahead));
        let noted = || (store.clone(), clock.clone(), metrics.clone());
        let keys = Keys::new(noted(), settings.key_cache);
        let plans = Plans::new(noted());
        let holdings = Holdings::new(noted(), settings.lease_max);
        let allows = settings.on_store_failure == OnStoreFailure::Allow;
        let credits = allows.then(|| Credits::new(noted()));
        if let Err(error) = plans.load().await {
            tracing::warn!(%error, "the plans could not be read at start");
        }
        Self {
            folding: Folding::new(store.clone(), metrics.clone()),
            metrics,
            admitted: AtomicU64::new(0),
            credits,
            settings,
            store,
            clock,
            keys,
            plans,
            holdings,
        }
    }

    /// Gives back what is left of all leases, and charges what is owed, as far as the time goes:
    /// the process is about to end, and decides no more.
    pub async fn give_back(&self, within: Duration) {
        let owed = self.credits.as_ref();
        let owed = owed.map(|credits| credits.charge_all(within));
        tokio::join!(
            self.holdings.give_back_all(within),
            OptionFuture::from(owed),
        );
    }

    /// The lines of metrics that are due, each with its end; empty where none is. To be asked
    /// for before a call, in case the process was frozen since the last one, and after it.
    pub fn metrics_due(&self) -> String {
        self.metrics.due(self.clock.now())
    }

    /// The lines of all that was counted and not written: the process is about to end.
    pub fn metrics_left(&self) -> String {
        self.metrics.rest(self.clock.now())
    }

    /// Decides on one event. Whatever it holds, the answer is one that API Gateway takes.
    pub async fn handle(&self, event: &str) -> Handled {
        let now = self.clock.now();
        let mut log = DecisionLog::default();
        let answer = match event::read(event) {
            Ok(incoming) => {
                let answer = self.handle_incoming(&incoming, now, &mut log).await;
                log.describe(incoming);
                answer
            }
            Err(malformed) => {
                log.refused(Reason::MalformedEvent);
                self.metrics.decided(&Counted::of(&log, None), now);
                answer::malformed(malformed, &self.settings)
            }
        };
        log.took(self.clock.now().since(&now));
        if !log.allowed || log.without_store || self.is_sampled() {
            log.emit(self.settings.log_allows);
        }
        Handled { log, answer }
    }

    /// Whether an admitted call is one of those that are logged.
    fn is_sampled(&self) -> bool {
        let before = self.admitted.fetch_add(1, Ordering::Relaxed);
        before.checked_rem(self.settings.log_allows) == Some(0)
    }

    async fn handle_incoming(
        &self,
        incoming: &Incoming<'_>,
        now: Reading,
        log: &mut DecisionLog,
    ) -> Result<Box<RawValue>, Failure> {
        let mut found = Found::default();
        let mut verdict = self.decide_in_time(incoming, now, &mut found).await;
        let is_unavailable = matches!(
            verdict,
            Verdict::Refused(refusal) if refusal.reason == Reason::Unavailable
        );
        if is_unavailable && let Some(passes) = self.without_store(incoming, now) {
            (verdict, found) = passes;
        }
        if found.charged {
            // At the same time, and with no meter's lock held.
            let left = self.time_left(now);
            let answered = self.credits.as_ref().filter(|_| !is_unavailable);
            let owed = answered.map(|credits| credits.charge_some(left));
            tokio::join!(
                self.folding.carry_out(left),
                self.holdings.give_back_some(left),
                OptionFuture::from(owed),
            );
        }
        let known = found.key.as_deref();
        let known = known.and_then(|known| known.record.as_deref());
        let key = known.map(|known| &known.key);
        let decided = match (verdict, known, &found.plan) {
            (Verdict::Admitted { remaining }, Some(known), Some(plan)) => Decided::Allowed {
                key: &known.key,
                policy: &known.policy,
                plan,
                remaining,
                counted_by: found.counted_by.as_ref(),
                without_store: found.without_store,
            },
            (Verdict::Admitted { .. }, ..) => unavailable(),
            (
                Verdict::Refused(Refusal {
                    reason,
                    retry_after,
                    remaining,
                }),
                _,
                plan,
            ) => Decided::Refused {
                reason,
                key,
                plan: plan.as_deref(),
                retry_after,
                remaining,
            },
        };
        log.decided(&decided);
        let answer = answer::answer(incoming, &decided, &self.settings);
        if answer.is_err() && log.allowed {
            log.refused(Reason::Unavailable);
        }
        let plan = found.plan.as_deref();
        let of_plan = || plan.map(|plan| plan.terms(&incoming.request).units);
        log.units = found.units.or_else(of_plan);
        let counted = Counted::of(log, key.zip(plan));
        self.metrics.decided(&counted, now);
        answer
    }

    /// The verdict, within [`BUDGET`]. A timer is set only where the table is asked.
    async fn decide_in_time(
        &self,
        incoming: &Incoming<'_>,
        now: Reading,
        found: &mut Found,
    ) -> Verdict {
        let mut deciding = pin!(self.decide(incoming, now, found));
        let decided = match poll_immediate(deciding.as_mut()).await {
            Some(decided) => Ok(decided),
            None => timeout(BUDGET, deciding).await,
        };
        match decided {
            Ok(Ok(verdict)) => return verdict,
            Ok(Err(error)) => tracing::error!(%error, "the table did not answer"),
            Err(_) => tracing::error!(
                budget_ms = BUDGET.as_millis(),
                "no decision within its time"
            ),
        }
        Verdict::refused(Reason::Unavailable)
    }

    /// Of the time for the whole decision.
    fn time_left(&self, begun: Reading) -> Duration {
        let taken = u64::try_from(self.clock.now().since(&begun)).unwrap_or_default();
        BUDGET.saturating_sub(Duration::from_nanos(taken))
    }

    async fn decide(
        &self,
        incoming: &Incoming<'_>,
        now: Reading,
        found: &mut Found,
    ) -> Result<Verdict, StoreError> {
        let sent = match self.settings.key_sources.presented(incoming) {
            Ok(sent) => sent,
            Err(reason) => return Ok(Verdict::refused(reason)),
        };
        let Ok(presented) = PresentedKey::parse(sent.expose()) else {
            return Ok(Verdict::refused(Reason::MalformedKey));
        };
        let recognised = |known: &KnownKey| {
            let key = known.record.as_ref().map(|record| &record.key);
            key.and_then(|key| key.recognises(&presented.hash, now.timestamp()))
        };
        let (mut known, source) = self.keys.get(presented.id, now).await?;
        let mut value = recognised(&known);
        if value.is_none() && known.record.is_some() && source == Source::Memory {
            known = self.keys.get_again(presented.id, known).await?;
            value = recognised(&known);
        }
        let call = Call {
            request: &incoming.request,
            presented: &presented,
            sent: &sent,
            now,
        };
        for _ in 0..MOVES {
            *found = Found::default();
            let Some(recognised_as) = value else {
                return Ok(Verdict::refused(Reason::UnknownKey));
            };
            let verdict = self
                .decide_for(&call, (&known, recognised_as), found)
                .await?;
            if !found.out_of_date {
                return Ok(verdict);
            }
            match self.keys.get_later(presented.id, &known).await? {
                Some(later) => {
                    value = recognised(&later);
                    known = later;
                }
                None if self.has_later_plan(found).await? => {}
                None => return Ok(verdict),
            }
        }
        tracing::error!(key_id = %presented.id, "the key is moved faster than it can be charged");
        Ok(Verdict::refused(Reason::Unavailable))
    }

    /// Whether the plan that was found is another one by now: its calls may be charged to
    /// another owner's meter.
    async fn has_later_plan(&self, found: &Found) -> Result<bool, StoreError> {
        let Some(plan) = &found.plan else {
            return Ok(false);
        };
        let now = self.plans.read(&plan.id).await?;
        Ok(now.is_some_and(|now| now.version > plan.version))
    }

    /// Decides for a key as it is known.
    async fn decide_for(
        &self,
        call: &Call<'_>,
        (known, value): (&Arc<KnownKey>, Recognised),
        found: &mut Found,
    ) -> Result<Verdict, StoreError> {
        let Some(record) = &known.record else {
            return Ok(Verdict::refused(Reason::UnknownKey));
        };
        found.key = Some(known.clone());
        let mut plans = Vec::with_capacity(record.plans.len());
        for on_plan in &record.plans {
            plans.extend(self.plans.get(&on_plan.id, call.now).await?);
        }
        let covered = covering(record, &plans, call.presented, call.request, call.now);
        let (plan, owner) = match covered {
            Ok(covered) => covered,
            Err(reason) => {
                // A plan that keys are on is not deleted.
                let gone = plans.len() < record.plans.len();
                found.out_of_date = gone && reason == Reason::NoUsagePlan;
                return Ok(Verdict::refused(reason));
            }
        };
        found.plan = Some(plan.clone());
        let metering = Metering {
            store: &self.store,
            plans: &self.plans,
            holdings: &self.holdings,
            folding: &self.folding,
            credits: self.credits.as_ref(),
            clock: &self.clock,
            metrics: &self.metrics,
        };
        let account = Account {
            key: known,
            owner,
            value,
            request: call.request,
        };
        let Metered {
            plan,
            verdict,
            units,
            asked,
            charged,
        } = metering.meter(&account, plan).await?;
        found.plan = Some(plan.clone());
        found.units = units;
        found.charged = charged;
        // Its meter is ended: it was taken off the plan, or moved to another one.
        found.out_of_date = asked
            && matches!(verdict, Verdict::Refused(refusal) if refusal.reason == Reason::NoUsagePlan);
        if plan.enforcement == Enforcement::ApiGateway
            && matches!(verdict, Verdict::Admitted { .. })
        {
            return Ok(self.counted_elsewhere(known, &plan, call.sent, found));
        }
        Ok(verdict)
    }

    /// API Gateway counts the call, by a value that the answer must tell.
    fn counted_elsewhere(
        &self,
        known: &KnownKey,
        plan: &Plan,
        sent: &SentValue,
        found: &mut Found,
    ) -> Verdict {
        let Some(record) = &known.record else {
            return Verdict::refused(Reason::UnknownKey);
        };
        found.counted_by = UsageIdentifier::of(&record.key, record.twin.as_ref(), sent);
        if found.counted_by.is_some() {
            return Verdict::Admitted { remaining: None };
        }
        // The transaction that puts a key on such a plan gives it a twin, so what is known
        // of one of them is out of date.
        let (key_id, plan_id) = (record.key.id, &plan.id);
        tracing::error!(%key_id, %plan_id, "the key has no twin at API Gateway");
        self.keys.forget(key_id);
        self.plans.forget(plan_id);
        Verdict::refused(Reason::Unavailable)
    }
}

/// Of a key's plans the one that covers the call, and whose meter it is charged to there.
fn covering(
    record: &KeptKey,
    plans: &[Arc<Plan>],
    presented: &PresentedKey,
    request: &Request,
    now: Reading,
) -> Result<(Arc<Plan>, Owner), Reason> {
    let candidates: Vec<&Plan> = plans.iter().map(AsRef::as_ref).collect();
    let case = Case {
        key: Some(&record.key),
        presented: &presented.hash,
        plans: &candidates,
        request,
        now: now.timestamp(),
    };
    let (key, plan) = match decide(&case) {
        Decision::Allow(key, plan) => (key, plan),
        Decision::Deny(reason) => return Err(reason),
    };
    let plan = plans.iter().find(|known| known.id == plan.id).cloned();
    let covered = plan.and_then(|plan| Owner::of(key, &plan).map(|owner| (plan, owner)));
    covered.ok_or(Reason::NoUsagePlan)
}

fn unavailable<'a>() -> Decided<'a> {
    Decided::Refused {
        reason: Reason::Unavailable,
        key: None,
        plan: None,
        retry_after: None,
        remaining: None,
    }
}

mod without_store;

#[cfg(test)]
mod tests;
