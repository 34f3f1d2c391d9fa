//! Calls: where they come in, what is read for them first, and what is decided from memory.

use std::collections::BTreeMap;

use latchkey_domain::{
    Hour, Nanos, Reading, Reason,
    meter::{Asked, Refusal, Terms, Verdict},
};

use crate::{
    clock::{MILLISECOND, SECOND, SKEW},
    instance::{Call, Current, KnownKey, Told},
    laws::{Broken, Law, broken, slack},
    ledger::Waste,
    mutation::Mutation,
    plan::{Counter, METHODS},
    store::Item,
    world::{Event, Read, World},
};

/// How long a key is remembered (`KEY_CACHE_SECONDS`), and a plan.
const KEY_CACHE: Nanos = 10 * SECOND;
const PLAN_CACHE: Nanos = 30 * SECOND;
/// The longest hold after lost races, and the longest that a used-up quota is remembered.
const LONGEST_HOLD: Nanos = 4 * SECOND;
const USED_UP_FOR: Nanos = 5 * SECOND;
/// How long a bucket may be left to fill up.
const GATHERING: Nanos = 50 * MILLISECOND;

impl World {
    /// The next call of the run comes, and the one after it is planned.
    pub(crate) fn arrive(&mut self) {
        if self.arrived == self.setting.traffic.calls {
            return;
        }
        let all = self.setting.instances;
        let hot = self.setting.hot && self.rng.u8(0..10) < 7;
        let mut instance = if hot { 0 } else { self.rng.usize(0..all) };
        if self.instances[instance].frozen.is_some() {
            instance = self.rng.usize(0..all);
        }
        let call = self.new_call();
        self.queue.push(self.now, Event::Call { instance, call });
        let wait = if self.chance(self.setting.pauses) {
            self.rng.i64(SECOND..=6 * SECOND)
        } else if self.chance(self.setting.crowded) {
            self.rng
                .i64(0..5 * MILLISECOND)
                .min(self.setting.traffic.gap)
        } else {
            self.exponential(self.setting.traffic.gap)
        };
        self.queue.push(self.now + wait, Event::Arrive);
    }

    pub(crate) fn new_call(&mut self) -> Call {
        self.arrived += 1;
        Call {
            number: self.arrived,
            key: self.rng.usize(0..self.setting.keys),
            method: self.rng.usize(0..METHODS),
            by_previous: self.chance(self.setting.by_previous),
            arrived: self.now,
        }
    }

    /// A call reaches an instance, which is started if there is none.
    pub(crate) fn call(&mut self, place: usize, mut call: Call) -> Result<(), Broken> {
        // Of one that came while its instance was frozen the life begins now.
        call.arrived = self.now;
        if !self.instances[place].alive {
            let life = self.instances[place].life + 1;
            self.instances[place] = self.started(life);
        }
        let instance = &self.instances[place];
        let now = instance.clock.read(self.now);
        let stale = |at: &Reading, life: Nanos| now.since(at) > life;
        let plan_known = instance.plan.is_some_and(|(_, at)| !stale(&at, PLAN_CACHE));
        let key = instance.keys[call.key].as_ref();
        let key_known = key.is_some_and(|key| !stale(&key.read_at, KEY_CACHE));
        if plan_known && key_known {
            return self.admit_or_wait(place, call);
        }
        let read = Read {
            instance: place,
            life: instance.life,
            call,
            begun: now,
            attached: false,
            meter: None,
            plan: 0,
        };
        let way = self.way();
        self.queue
            .push(self.now + way, Event::ReadAtTable(Box::new(read)));
        Ok(())
    }

    pub(crate) fn way(&mut self) -> Nanos {
        self.latency.way(&mut self.rng)
    }

    pub(crate) fn read_at_table(&mut self, mut read: Box<Read>) {
        read.attached = self.attached[read.call.key];
        read.meter = self.item.as_ref().map(Item::read);
        read.plan = self.newest();
        let way = self.way();
        self.queue.push(self.now + way, Event::ReadAnswered(read));
    }

    pub(crate) fn read_answered(&mut self, read: Read) -> Result<(), Broken> {
        let customer = self.setting.customer;
        let instance = &mut self.instances[read.instance];
        if instance.life != read.life || !instance.alive {
            return Ok(());
        }
        let newer = |at: Option<Reading>| at.is_none_or(|at| read.begun.since(&at) >= 0);
        if newer(instance.plan.map(|(_, at)| at)) {
            instance.plan = Some((read.plan, read.begun));
        }
        let key = &mut instance.keys[read.call.key];
        if newer(key.as_ref().map(|key| key.read_at)) {
            *key = Some(KnownKey {
                attached: read.attached,
                // A customer's meter is no item of the key's.
                meter: read.meter.filter(|_| !customer),
                read_at: read.begun,
            });
        }
        self.admit_or_wait(read.instance, read.call)
    }

    fn admit_or_wait(&mut self, place: usize, call: Call) -> Result<(), Broken> {
        let busy = !self.instances[place].current.is_empty();
        if busy && self.mutation != Some(Mutation::NettedTwice) {
            self.instances[place].waiting.push_back(call);
            return Ok(());
        }
        self.serve(place, call)
    }

    /// The charge under way is over: the next call's turn.
    pub(crate) fn release(&mut self, place: usize) -> Result<(), Broken> {
        while self.instances[place].current.is_empty() {
            let Some(call) = self.instances[place].waiting.pop_front() else {
                return Ok(());
            };
            self.serve(place, call)?;
        }
        Ok(())
    }

    /// A call's turn: it is decided from memory, or its charge begins.
    fn serve(&mut self, place: usize, call: Call) -> Result<(), Broken> {
        if self.now - call.arrived >= Self::DECISION {
            return self.refused_unasked(place, call, Reason::Unavailable);
        }
        let instance = &mut self.instances[place];
        let key = instance.keys[call.key].as_ref().filter(|key| key.attached);
        let (Some(key), Some((plan, _))) = (key, instance.plan) else {
            return self.refused_unasked(place, call, Reason::NoUsagePlan);
        };
        instance.holding.learn(key.meter.as_ref(), key.read_at);
        let Some(mut terms) = self.plans[plan].terms(call.method).copied() else {
            return Ok(());
        };
        if self.mutation == Some(Mutation::Undercharged) {
            terms.units = 1;
        }
        let reading = instance.clock.read(self.now);
        if let Some((until, refusal)) = instance.denied
            && self.now < until
        {
            let verdict = Verdict::Refused(refusal);
            return self.decided_from_memory(place, call, &terms, reading, verdict);
        }
        let (asked, reading) = self.ask(place, &call, &terms, reading);
        if self.plans[plan].never_admits(call.method) {
            return self.never(place, call, asked);
        }
        self.turned(place, &terms, reading)?;
        match asked {
            Asked::Done(verdict) => self.decided_from_memory(place, call, &terms, reading, verdict),
            Asked::Charge(charge, write) => {
                self.tokens += 1;
                let token = self.tokens;
                let own = (!self.instances[place].current.is_empty())
                    .then(|| Box::new(self.instances[place].holding.clone()));
                self.instances[place].current.push(Current {
                    token,
                    call,
                    terms,
                    frozen: reading,
                    frozen_at: self.now,
                    charge,
                    request: None,
                    troubled: false,
                    own,
                });
                self.send(place, token, write)
            }
        }
    }

    /// Asks the holding. Returns the reading that it was asked with, which is the one given
    /// but for mutations.
    fn ask(
        &mut self,
        place: usize,
        call: &Call,
        terms: &Terms,
        reading: Reading,
    ) -> (Asked, Reading) {
        let instance = &mut self.instances[place];
        let bucket = terms.bucket.map(|bucket| bucket.number);
        let old = instance
            .grant(bucket)
            .and_then(|(_, old)| match self.mutation? {
                Mutation::SpentPastLife => Some(old),
                Mutation::SpentAfterWindow => Some(Reading {
                    wall: old.wall,
                    ..reading
                }),
                _ => None,
            });
        if let Some(old) = old {
            let mut asked = instance.holding.clone();
            let answer = asked.ask(terms, call.by_previous, old);
            if matches!(answer, Asked::Done(Verdict::Admitted { .. })) {
                instance.holding = asked;
                return (answer, old);
            }
        }
        let answer = instance.holding.ask(terms, call.by_previous, reading);
        (answer, reading)
    }

    /// A plan that lets nothing like it pass refuses a call from memory.
    fn never(&mut self, place: usize, call: Call, asked: Asked) -> Result<(), Broken> {
        match asked {
            Asked::Done(verdict @ Verdict::Refused(_)) => {
                self.decided(place, call, verdict, true);
                Ok(())
            }
            other => Err(broken(Law::Quota, || {
                format!("the plan never admits this call, and it came to {other:?}")
            })),
        }
    }

    /// The holding has been asked under `terms`: units of other counters may be gone, those of
    /// this one must be what they should be.
    pub(crate) fn turned(
        &mut self,
        place: usize,
        terms: &Terms,
        reading: Reading,
    ) -> Result<(), Broken> {
        let counter = Counter::of(terms.quota.as_ref(), reading.wall);
        self.instances[place].shadow.turn(counter);
        self.compare_unless_admitted(place, counter, reading)
    }

    /// Compares memory and books, where no admission lies between them.
    fn compare_unless_admitted(
        &mut self,
        place: usize,
        counter: Counter,
        reading: Reading,
    ) -> Result<(), Broken> {
        let instance = &mut self.instances[place];
        let says = instance.holding.pocketed(reading) as i64;
        let has = instance.shadow.units(counter);
        // What an admission has just used is taken from the books a moment later.
        if says < has {
            return Ok(());
        }
        instance.shadow.compare(counter, says).map(|_| ())
    }

    /// Compares memory and books; what was forgotten is wasted.
    pub(crate) fn compare(
        &mut self,
        place: usize,
        counter: Counter,
        reading: Reading,
    ) -> Result<(), Broken> {
        let instance = &mut self.instances[place];
        let says = instance.holding.pocketed(reading) as i64;
        let forgotten = instance.shadow.compare(counter, says)?;
        if forgotten > 0 {
            self.waste_pocket(counter, forgotten, Waste::WindowOver)?;
        }
        Ok(())
    }

    fn decided_from_memory(
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
        let holds = match refusal.reason {
            Reason::Throttled => self.throttled_for_true(told, terms, reading.wall),
            // A call that both refuse is told of the quota, by what is known of it.
            Reason::QuotaExceeded => {
                self.used_up_for_true(told, terms, reading.wall)
                    || self.throttled_for_true(told, terms, reading.wall)
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

    fn throttled_for_true(&self, told: &Told, terms: &Terms, wall: Nanos) -> bool {
        let Some(bucket) = terms.bucket else {
            return false;
        };
        let lost = told.lost.iter().any(|(of, units, at)| {
            *of == bucket.number
                && *units <= terms.units
                && self.now - at <= LONGEST_HOLD + 2 * SKEW
        });
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
        lost || no_room || item.plan_version > terms.plan_version
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
        self.count(&verdict, memory);
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

    fn refused_unasked(&mut self, place: usize, call: Call, reason: Reason) -> Result<(), Broken> {
        self.decided(place, call, Verdict::refused(reason), true);
        Ok(())
    }
}
