//! What calls come to, counted in memory and written as CloudWatch metrics once in a while.
//!
//! A call adds to a few numbers; it asks for memory only for the first call of a plan in a
//! period. A period ends with the first call a minute after the last one was written, or where
//! one more value of a metric would not fit a line, or, where the table gave no answer
//! for a call, ten seconds after it. What a frozen instance still has is written when it wakes, and
//! at its end.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use latchkey_domain::{Key, KeyId, Nanos, Plan, PlanId, Reading, Reason};
use latchkey_telemetry::emf::{self, MOST_VALUES, Seen, Unit};

use crate::{decision_log::DecisionLog, settings::MetricsOf};

const SECOND: Nanos = 1_000_000_000;
/// How far apart lines are written.
const PERIOD: Nanos = 60 * SECOND;
/// How far apart where the table gives no answers.
const ALARMING: Nanos = 10 * SECOND;
/// Plans that have numbers of their own in a period; later ones are [`OTHER`].
const PLANS: usize = 20;
/// The plan of plans that came too late. No plan can have this id.
const OTHER: &str = "(other)";
/// Keys near their quota that are told apart in a period.
const KEYS: usize = 256;
/// Of a quota: whoever has no more than this part of it left is near it.
const NEAR: u64 = 10;

/// What one decision came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    /// Why it was refused; none where it was admitted.
    pub(crate) reason: Option<Reason>,
    /// Whether it was admitted though the table gave no answer.
    pub(crate) without_store: bool,
    /// The key and the plan that was charged, or refused.
    pub(crate) charged: Option<(&'a KeyId, &'a PlanId)>,
    /// What is left of the quota, and its limit.
    pub(crate) left: Option<(u64, u64)>,
}

impl<'a> Counted<'a> {
    /// What the log says, of the key and the plan that were found.
    pub(crate) fn of(log: &DecisionLog, found: Option<(&'a Key, &'a Plan)>) -> Self {
        let limit = found
            .and_then(|(_, plan)| plan.quota)
            .map(|quota| quota.limit());
        Self {
            reason: log.reason,
            without_store: log.allowed && log.without_store,
            charged: found.map(|(key, plan)| (&key.id, &plan.id)),
            left: log.quota_remaining.zip(limit),
        }
    }
}

/// The numbers of this instance.
#[derive(Debug)]
pub(crate) struct Metrics {
    table: String,
    of: MetricsOf,
    hasher: RandomState,
    period: Mutex<Period>,
}

#[derive(Debug)]
struct Period {
    /// When the last one was written.
    written: Reading,
    /// When something was last counted; none where nothing is to be written.
    counted: Option<Reading>,
    allowed: u64,
    without_store: u64,
    refused: [u64; Reason::ALL.len()],
    plans: Vec<(PlanId, Decisions)>,
    other_plans: Decisions,
    near_quota: HashSet<u64>,
    key_hits: u64,
    key_misses: u64,
    reads: u64,
    writes: u64,
    latencies: Vec<u64>,
    lease_sizes: Vec<u64>,
    lease_waste: u64,
    clock_off: u64,
}

#[derive(Debug, Default)]
struct Decisions {
    allowed: u64,
    refused: u64,
}

impl Decisions {
    fn count(&mut self, is_allowed: bool) {
        if is_allowed {
            self.allowed += 1;
        } else {
            self.refused += 1;
        }
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub(crate) fn new(table: &str, of: MetricsOf, now: Reading) -> Self {
        Self {
            table: table.to_owned(),
            of,
            hasher: RandomState::new(),
            period: Mutex::new(Period::new(now)),
        }
    }

    fn period(&self) -> MutexGuard<'_, Period> {
        self.period.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A decision.
    pub(crate) fn decided(&self, counted: &Counted<'_>, now: Reading) {
        let mut period = self.period();
        period.counted = Some(now);
        period.without_store += u64::from(counted.without_store);
        match counted.reason {
            None => period.allowed += 1,
            Some(reason) => {
                let place = period.refused.get_mut(reason as usize);
                place.into_iter().for_each(|count| *count += 1);
            }
        }
        let Some((key, plan)) = counted.charged else {
            return;
        };
        if self.of == MetricsOf::Plans {
            period.of_plan(plan).count(counted.reason.is_none());
        }
        let is_near = |(left, limit): (u64, u64)| left <= limit / NEAR;
        if counted.left.is_some_and(is_near) && period.near_quota.len() < KEYS {
            let name = self.hasher.hash_one((key, plan));
            period.near_quota.insert(name);
        }
    }

    /// What is known of a key was asked for: it was in memory, or it was not.
    pub(crate) fn looked_up(&self, was_there: bool) {
        let mut period = self.period();
        if was_there {
            period.key_hits += 1;
        } else {
            period.key_misses += 1;
        }
    }

    /// A call waited this long for a read.
    pub(crate) fn read(&self, took: Nanos) {
        let mut period = self.period();
        period.reads += 1;
        period.latency(took);
    }

    /// A call waited this long for a write.
    pub(crate) fn wrote(&self, took: Nanos) {
        let mut period = self.period();
        period.writes += 1;
        period.latency(took);
    }

    /// A write that no decision waited for.
    pub(crate) fn wrote_beside(&self) {
        self.period().writes += 1;
    }

    /// A charge took this many units: for its call, and ahead.
    pub(crate) fn leased(&self, units: u64) {
        let mut period = self.period();
        if period.lease_sizes.len() < MOST_VALUES {
            period.lease_sizes.push(units);
        }
    }

    /// Units that were charged and will never be used.
    pub(crate) fn lost(&self, units: u64) {
        if units > 0 {
            self.period().lease_waste += units;
        }
    }

    /// The table's answer says that this machine's clock is ahead by so much, or behind.
    pub(crate) fn clock_is_off(&self, ahead: Nanos) {
        let mut period = self.period();
        period.clock_off += 1;
        if period.clock_off == 1 {
            let ahead_ms = ahead / 1_000_000;
            tracing::warn!(ahead_ms, "this machine's clock is off");
        }
    }

    /// The lines that are due; empty where none is.
    pub(crate) fn due(&self, now: Reading) -> String {
        let mut period = self.period();
        if period.is_due(&now) {
            self.lines(&mut period, now)
        } else {
            String::new()
        }
    }

    /// The lines of all that was counted: the process is about to end.
    pub(crate) fn rest(&self, now: Reading) -> String {
        self.lines(&mut self.period(), now)
    }

    /// Each with its end. Begins the next period.
    fn lines(&self, period: &mut Period, now: Reading) -> String {
        let Some(counted) = period.counted else {
            return String::new();
        };
        let mut text = String::new();
        if self.of != MetricsOf::Off {
            let at_ms = counted.wall / 1_000_000;
            period.tell(|dimension, metrics| {
                let table = ("TableName", self.table.as_str());
                let line = match dimension {
                    None => emf::line(at_ms, &[table], metrics),
                    Some(dimension) => emf::line(at_ms, &[table, dimension], metrics),
                };
                text.push_str(&line);
                text.push('\n');
            });
        }
        period.begin(now);
        text
    }
}

impl Period {
    fn new(now: Reading) -> Self {
        Self {
            written: now,
            counted: None,
            allowed: 0,
            without_store: 0,
            refused: [0; Reason::ALL.len()],
            plans: Vec::with_capacity(PLANS),
            other_plans: Decisions::default(),
            near_quota: HashSet::with_capacity(KEYS),
            key_hits: 0,
            key_misses: 0,
            reads: 0,
            writes: 0,
            latencies: Vec::with_capacity(MOST_VALUES),
            lease_sizes: Vec::with_capacity(MOST_VALUES),
            lease_waste: 0,
            clock_off: 0,
        }
    }

    /// The memory is kept.
    fn begin(&mut self, now: Reading) {
        self.written = now;
        self.counted = None;
        self.allowed = 0;
        self.without_store = 0;
        self.refused = [0; Reason::ALL.len()];
        self.plans.clear();
        self.other_plans = Decisions::default();
        self.near_quota.clear();
        (self.key_hits, self.key_misses) = (0, 0);
        (self.reads, self.writes) = (0, 0);
        self.latencies.clear();
        self.lease_sizes.clear();
        self.lease_waste = 0;
        self.clock_off = 0;
    }

    fn of_plan(&mut self, plan: &PlanId) -> &mut Decisions {
        let found = self.plans.iter().position(|(theirs, _)| theirs == plan);
        if found.is_none() && self.plans.len() < PLANS {
            self.plans.push((plan.clone(), Decisions::default()));
        }
        let at = found.unwrap_or(self.plans.len().saturating_sub(1));
        match self.plans.get_mut(at) {
            Some((theirs, decisions)) if theirs == plan => decisions,
            _ => &mut self.other_plans,
        }
    }

    fn latency(&mut self, took: Nanos) {
        if self.latencies.len() < MOST_VALUES {
            self.latencies.push(took.unsigned_abs() / 1_000);
        }
    }

    /// Calls that the table gave no answer for: those that passed all the same too.
    fn unavailable(&self) -> u64 {
        let refused = self.refused.get(Reason::Unavailable as usize);
        refused.copied().unwrap_or(0) + self.without_store
    }

    fn is_due(&self, now: &Reading) -> bool {
        // A call may bring some values more.
        const ROOM: usize = 8;
        let is_full = |values: &[u64]| values.len() + ROOM > MOST_VALUES;
        let for_so_long = now.since(&self.written);
        self.counted.is_some()
            && (for_so_long >= PERIOD
                || (self.unavailable() > 0 && for_so_long >= ALARMING)
                || is_full(&self.latencies)
                || is_full(&self.lease_sizes))
    }

    /// Tells each set of metrics, with the dimension that it has beside the table's name. The
    /// names are relied on by alarms: add names, never rename.
    fn tell(&self, mut to: impl FnMut(Option<(&str, &str)>, &[emf::Metric<'_>])) {
        const REFUSED: &str = "Refused";
        let sum = |name, count| (name, Unit::Count, Seen::Sum(count));
        let near_quota = u64::try_from(self.near_quota.len()).unwrap_or(u64::MAX);
        let latencies = Seen::Each(&self.latencies);
        let lease_sizes = Seen::Each(&self.lease_sizes);
        to(
            None,
            &[
                sum("Allowed", self.allowed),
                sum(REFUSED, self.refused.iter().sum()),
                sum("Unavailable", self.unavailable()),
                sum("AllowedWithoutStore", self.without_store),
                sum("KeysNearQuota", near_quota),
                sum("KeyCacheHits", self.key_hits),
                sum("KeyCacheMisses", self.key_misses),
                sum("StoreReads", self.reads),
                sum("StoreWrites", self.writes),
                ("StoreLatency", Unit::Microseconds, latencies),
                ("LeaseSize", Unit::Count, lease_sizes),
                sum("LeaseWaste", self.lease_waste),
            ],
        );
        if self.clock_off > 0 {
            to(None, &[sum("ClockOff", self.clock_off)]);
        }
        for (reason, count) in Reason::ALL.iter().zip(self.refused) {
            if count > 0 {
                to(Some(("Reason", reason.as_str())), &[sum(REFUSED, count)]);
            }
        }
        let plans = self.plans.iter().map(|(id, of)| (id.as_str(), of));
        for (id, of) in plans.chain([(OTHER, &self.other_plans)]) {
            if of.allowed + of.refused > 0 {
                let metrics = [sum("Allowed", of.allowed), sum(REFUSED, of.refused)];
                to(Some(("Plan", id)), &metrics);
            }
        }
    }
}

#[cfg(test)]
mod tests;
