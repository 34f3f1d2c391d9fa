//! Calls: where they come in, what is read for them first, and what is decided from memory.

use latchkey_domain::{
    Nanos, Reading, Reason,
    meter::{Asked, Known, Terms, Verdict},
};

use crate::{
    clock::{MILLISECOND, SECOND},
    instance::{Call, Current, KnownKey},
    laws::{Broken, Law, broken},
    ledger::Waste,
    mutation::Mutation,
    plan::{Counter, METHODS},
    store::Item,
    world::{Event, Read, World},
};

/// How long a key is remembered (`KEY_CACHE_SECONDS`), and a plan.
const KEY_CACHE: Nanos = 10 * SECOND;
const PLAN_CACHE: Nanos = 30 * SECOND;
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
        let read = key.meter.as_ref().map(Known::from);
        instance.holding.learn(read.as_ref(), key.read_at);
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
        self.instances[place].held.turn(&terms, reading);
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
                    met: None,
                    lacked_room: false,
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
        let instance = &mut self.instances[place];
        instance.shadow.turn(counter);
        if instance.told.asked_under != terms.plan_version {
            instance.told.asked_under = terms.plan_version;
            instance.told.races.forget();
            instance.held.renew(terms);
        }
        instance.held.turn(terms, reading);
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
}
