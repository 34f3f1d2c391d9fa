//! Decisions: what is booked for them, and the laws that they are held against.

use std::collections::BTreeMap;

use latchkey_domain::{
    Hour, Nanos, Reading, Reason,
    meter::{Refusal, Terms, Verdict},
};

use crate::{
    clock::{MILLISECOND, SECOND, SKEW},
    instance::{Call, Told},
    laws::{Broken, Law, broken, slack},
    mutation::Mutation,
    plan::Counter,
    world::World,
};

/// The longest that a used-up quota is remembered.
const USED_UP_FOR: Nanos = 5 * SECOND;
/// How long a bucket may be left to fill up.
const GATHERING: Nanos = 50 * MILLISECOND;

impl World {
    /// A decision from memory.
    pub(crate) fn decided_from_memory(
        &mut self,
        place: usize,
        call: Call,
        terms: &Terms,
        reading: Reading,
        verdict: Verdict,
    ) -> Result<(), Broken> {
        let counter = Counter::of(terms.quota.as_ref(), reading.wall);
        match &verdict {
            Verdict::Admitted { .. } => {
                let bucket = terms.bucket.map(|bucket| bucket.number);
                let version = self.instances[place]
                    .grant(bucket)
                    .map(|(version, _)| version);
                self.admitted(place, &call, terms, reading, version, self.now)?;
            }
            Verdict::Refused(refusal) => {
                self.check_remembered(place, terms, reading, refusal)?;
            }
        }
        self.compare(place, counter, reading)?;
        self.decided(place, call, verdict, true);
        Ok(())
    }

    /// Books an admission and holds it against the laws. `version` is that of the plan under
    /// which its units were charged, `asked_at` when its reading was taken.
    pub(crate) fn admitted(
        &mut self,
        place: usize,
        call: &Call,
        terms: &Terms,
        reading: Reading,
        version: Option<u64>,
        asked_at: Nanos,
    ) -> Result<(), Broken> {
        let counter = Counter::of(terms.quota.as_ref(), reading.wall);
        let units = self.plan(terms.plan_version).methods[call.method].units;
        self.instances[place].shadow.take(counter, units as i64)?;
        self.instances[place].held.take(terms, units as i64);
        self.ledger.admit(counter, units as i64, reading.wall);
        self.ledger.check(counter, self.item.as_ref())?;
        let (from, to) = Counter::span(terms.quota.as_ref(), reading.wall);
        if asked_at < from - SKEW || asked_at >= to + SKEW {
            let now = self.now;
            return Err(broken(Law::Quota, || {
                format!("a unit of {counter:?} is admitted at {now}, from {from} to {to} only")
            }));
        }
        if let (Some(bucket), Some(version)) = (terms.bucket, version)
            && let Some(limits) = self.plan(version).limits(bucket.number)
        {
            let leases = self.setting.lease_max > 1;
            let slack = slack(leases.then(|| self.setting.longest_life()));
            let key = (self.incarnation, version, bucket.number);
            let leak = self.leaks.entry(key).or_default();
            leak.admit(self.now, units, limits, slack)?;
        }
        Ok(())
    }

    /// Law 4's other side: a refusal from memory is one that the table would give as well, or
    /// lies within the holds.
    fn check_remembered(
        &self,
        place: usize,
        terms: &Terms,
        reading: Reading,
        refusal: &Refusal,
    ) -> Result<(), Broken> {
        let told = &self.instances[place].told;
        let wait = refusal.retry_after.unwrap_or(0);
        let holds = match refusal.reason {
            Reason::Throttled => self.throttled_for_true(told, terms, reading.wall, wait),
            // A call that both refuse is told of the quota, by what is known of it.
            Reason::QuotaExceeded => {
                self.used_up_for_true(told, terms, reading.wall)
                    || self.throttled_for_true(told, terms, reading.wall, 0)
            }
            Reason::NoUsagePlan => told
                .gone
                .is_some_and(|at| self.now - at <= USED_UP_FOR + 2 * SKEW),
            _ => false,
        };
        if holds {
            return Ok(());
        }
        Err(broken(Law::Life, || {
            format!(
                "{refusal:?} from memory for {terms:?} at {reading:?} is not true of {:?}",
                self.item
            )
        }))
    }

    fn throttled_for_true(&self, told: &Told, terms: &Terms, wall: Nanos, wait: Nanos) -> bool {
        let Some(bucket) = terms.bucket else {
            return false;
        };
        let lost = told.races.pause(bucket.number, terms.units, self.now) >= 0;
        let Some(item) = self.item.as_ref().filter(|item| !item.off) else {
            return true;
        };
        let limits = self.plan(terms.plan_version).limits(bucket.number);
        let Some(limits) = limits else {
            return false;
        };
        let leases = self.setting.lease_max > 1;
        let gathered = wall - if leases { GATHERING } else { 0 };
        let arrival = item.arrivals.get(&bucket.number);
        let no_room = arrival
            .is_some_and(|arrival| *arrival > gathered + limits.full() - limits.cost(terms.units));
        // Whoever knows the arrival of before a clamp may go by it for one call's time and 4δ.
        let known_before = |at: &Nanos| *at >= told.at - Self::ATTEMPT;
        let clamped = self.clamped.get(&bucket.number).is_some_and(known_before)
            && wait <= limits.cost(terms.units) + 4 * SKEW;
        clamped || lost || no_room || item.plan_version > terms.plan_version
    }

    fn used_up_for_true(&self, told: &Told, terms: &Terms, wall: Nanos) -> bool {
        let Some(quota) = terms.quota else {
            return false;
        };
        let window = quota.period().window(wall).start;
        let is_short = |windows: &BTreeMap<Hour, i64>| {
            let used = windows.get(&window).copied().unwrap_or(0);
            quota.limit() as i64 - used < terms.units as i64
        };
        let recent = told
            .used_up
            .is_some_and(|at| self.now - at <= USED_UP_FOR + 2 * SKEW);
        recent && is_short(&told.windows)
            || self
                .item
                .as_ref()
                .is_none_or(|item| item.off || is_short(&item.windows))
    }

    /// A decision is over.
    pub(crate) fn decided(&mut self, place: usize, call: Call, verdict: Verdict, memory: bool) {
        self.counts.count(&verdict, memory);
        self.last = Some((call.number, verdict));
        let (kind, more) = match &verdict {
            Verdict::Admitted { remaining } => (0, remaining.map_or(-1, |left| left as i64)),
            Verdict::Refused(refusal) => {
                (1 + refusal.reason as i64, refusal.retry_after.unwrap_or(-1))
            }
        };
        let numbers = [2, place as i64, call.number as i64, kind, more];
        self.note(&numbers, |_| {
            let from = if memory {
                "from memory"
            } else {
                "after a charge"
            };
            format!(
                "#{place} call {} method {}: {verdict:?} {from}",
                call.number, call.method
            )
        });
        if self.mutation == Some(Mutation::DenialOfDearForCheap)
            && let Verdict::Refused(refusal) = verdict
            && let Some(wait) = refusal.retry_after
            && refusal.reason == Reason::Throttled
        {
            self.instances[place].denied = Some((self.now + wait, refusal));
        }
    }

    /// A call for which no holding was asked.
    pub(crate) fn refused_unasked(
        &mut self,
        place: usize,
        call: Call,
        reason: Reason,
    ) -> Result<(), Broken> {
        self.decided(place, call, Verdict::refused(reason), true);
        Ok(())
    }
}
