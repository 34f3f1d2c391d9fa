//! Charges: what is sent, how it fares on the way, and what comes of its answer.

use latchkey_domain::{
    Nanos, Reading, Reason,
    meter::{Answer, Form, Holding, Step, Verdict, Write},
};

use crate::{
    clock::{MILLISECOND, SECOND, SKEW},
    instance::Current,
    laws::{Broken, DECISION_LIFE, Law, broken},
    mutation::Mutation,
    plan::Counter,
    request::Request,
    world::{Event, UnderWay, World},
};

/// How late a request may be delivered: a signature is good for five minutes.
const LATEST: Nanos = 300 * SECOND;

impl World {
    /// Sends a write of a charge.
    pub(crate) fn send(&mut self, place: usize, token: u64, write: Write) -> Result<(), Broken> {
        let Some((frozen, arrived)) = self
            .under_way(place, token)
            .map(|current| (current.frozen, current.call.arrived))
        else {
            return Ok(());
        };
        if self.now >= arrived + Self::DECISION {
            return self.abandon(place, token);
        }
        let request = self.requests.len();
        self.requests.push(Request {
            instance: place,
            life: self.instances[place].life,
            token,
            write,
            frozen,
            sent: self.now,
            listening: true,
            applied: 0,
            answered_at: None,
            answer: None,
        });
        self.go(request, arrived);
        Ok(())
    }

    /// A request goes its way.
    fn go(&mut self, request: usize, arrived: Nanos) {
        let charge = self.charge_of(request);
        if let Some(current) = self.under_way(charge.instance, charge.token) {
            current.request = Some(request);
        }
        let faults = self.setting.faults;
        let (there, back) = (self.way(), self.way());
        let ends = (self.now + Self::ATTEMPT).min(arrived + Self::DECISION);
        let breaks = if self.chance(faults.broken) {
            self.now + self.rng.i64(1..=there + back)
        } else {
            Nanos::MAX
        };
        let lost = self.chance(faults.lost_request);
        let late = self.chance(faults.late);
        let arrives = if late {
            self.now + self.rng.i64(SECOND / 2..=LATEST)
        } else {
            self.now + there
        };
        if !lost {
            let event = Event::WriteAtTable {
                request,
                again: false,
            };
            self.queue.push(arrives, event);
        }
        if self.chance(faults.doubled) {
            let most = if self.rng.bool() {
                100 * MILLISECOND
            } else {
                LATEST
            };
            let at = arrives + self.rng.i64(1..=most);
            let event = Event::WriteAtTable {
                request,
                again: true,
            };
            self.queue.push(at, event);
        }
        let answered = arrives + back;
        let heard = !lost && !self.chance(faults.lost_answer) && answered < ends.min(breaks);
        if heard {
            self.requests[request].answered_at = Some(answered);
        } else {
            self.queue.push(ends.min(breaks), Event::Ended { request });
        }
    }

    fn under_way(&mut self, place: usize, token: u64) -> Option<&mut Current> {
        let current = &mut self.instances[place].current;
        current.iter_mut().find(|current| current.token == token)
    }

    fn take(&mut self, charge: UnderWay) -> Option<Current> {
        let instance = &mut self.instances[charge.instance];
        if instance.life != charge.life || !instance.alive {
            return None;
        }
        let at = |current: &Current| current.token == charge.token;
        let at = instance.current.iter().position(at)?;
        Some(instance.current.remove(at))
    }

    fn charge_of(&self, request: usize) -> UnderWay {
        let request = &self.requests[request];
        UnderWay {
            instance: request.instance,
            life: request.life,
            token: request.token,
        }
    }

    /// An answer reaches its instance. After a freeze the time-out may be first to be seen.
    pub(crate) fn answered(&mut self, request: usize) -> Result<(), Broken> {
        let was_frozen = self.requests[request]
            .answered_at
            .is_some_and(|due| due < self.now);
        if was_frozen && self.rng.bool() {
            return self.ended(request);
        }
        let answer = self.requests[request].answer.take();
        let Some(answer) = answer.filter(|_| self.requests[request].listening) else {
            return Ok(());
        };
        if matches!(answer, Answer::Applied(_)) {
            self.requests[request].listening = false;
        } else {
            // What a second delivery has charged nobody is told of.
            self.hang_up(request)?;
        }
        self.take_in(request, answer)
    }

    /// A time-out, a broken connection, or the end of the decision's life.
    pub(crate) fn ended(&mut self, request: usize) -> Result<(), Broken> {
        if !self.requests[request].listening {
            return Ok(());
        }
        self.hang_up(request)?;
        self.take_in(request, Answer::Unknown)
    }

    /// Gives an answer to its charge.
    fn take_in(&mut self, request: usize, answer: Answer) -> Result<(), Broken> {
        let charge = self.charge_of(request);
        let Some(mut current) = self.take(charge) else {
            return Ok(());
        };
        let place = charge.instance;
        if answer == Answer::Unknown && self.now >= current.call.arrived + Self::DECISION {
            return self.over(place, &current, Verdict::refused(Reason::Unavailable));
        }
        let applied = matches!(answer, Answer::Applied(_));
        current.troubled |= !applied && !matches!(answer, Answer::Failed(_));
        self.told(place, &current, &answer);
        let lacked_room = self.lacked_room(request, &current, &answer);
        current.lacked_room |= lacked_room;
        let is_charge = matches!(self.requests[request].write, Write::Charge(_));
        if let Answer::Failed(state) = &answer
            && is_charge
        {
            current.met = Some(state.clone());
        }
        if let Some(bucket) = current.terms.bucket {
            let (now, units) = (self.now, current.terms.units);
            let races = &mut self.instances[place].told.races;
            if lacked_room {
                races.lost(bucket.number, units, now);
            } else if applied && !current.lacked_room && is_charge {
                races.won(bucket.number, units);
            }
        }
        let charges = self.requests[request].charges().filter(|_| applied);
        if let Some((counter, net)) = charges {
            let account = self.ledger.account(counter);
            account.in_flight -= net;
            account.in_pockets += net;
            let instance = &mut self.instances[place];
            instance.shadow.add(counter, net);
            instance.held.add(&current.terms, counter, net);
            let bucket = current.terms.bucket.map(|bucket| bucket.number);
            instance.granted(bucket, current.terms.plan_version, current.frozen);
        }
        let reading = self.reading_for(place, &current, &answer);
        let instance = &mut self.instances[place];
        let holding: &mut Holding = current.own.as_deref_mut().unwrap_or(&mut instance.holding);
        let step = current.charge.answer(holding, answer, &reading);
        self.take_step(place, current, step)
    }

    /// The reading that a charge gets with an answer: a fresh one, but for mutations.
    fn reading_for(&self, place: usize, current: &Current, answer: &Answer) -> Reading {
        let fresh = self.instances[place].clock.read(self.now);
        match (self.mutation, answer) {
            (Some(Mutation::LateAnswerAdmits), Answer::Applied(_))
            | (Some(Mutation::ClampByFrozen), Answer::Failed(_)) => current.frozen,
            _ => fresh,
        }
    }

    /// Whether a charge met a bucket that had fewer units than it asked for: if others took them,
    /// the bucket is left alone for a moment, whatever comes of the call.
    fn lacked_room(&self, request: usize, current: &Current, answer: &Answer) -> bool {
        let Some(bucket) = current.terms.bucket else {
            return false;
        };
        let limits = self.plan(current.terms.plan_version).limits(bucket.number);
        let (Write::Charge(charge), Answer::Failed(Some(meter)), Some(limits)) =
            (&self.requests[request].write, answer, limits)
        else {
            return false;
        };
        let cost = charge.throttle.map_or(0, |throttle| match throttle.form {
            Form::Idle { now, arrival } => arrival - now,
            Form::Busy { cost, .. } => cost,
        });
        let arrival = meter.arrivals.get(&bucket.number);
        arrival.is_some_and(|arrival| arrival + cost > current.frozen.wall + limits.full())
    }

    /// What an answer tells the laws about refusals.
    fn told(&mut self, place: usize, current: &Current, answer: &Answer) {
        let now = self.now;
        let told = &mut self.instances[place].told;
        let meter = match answer {
            Answer::Applied(meter) => meter,
            Answer::Failed(Some(meter)) if !meter.detached => meter,
            Answer::Failed(_) => {
                told.gone = Some(now);
                return;
            }
            _ => return,
        };
        told.windows.clone_from(&meter.windows);
        told.at = now;
        let terms = &current.terms;
        if let Some(quota) = terms.quota {
            let window = quota.period().window(current.frozen.wall).start;
            let used = meter.windows.get(&window).copied().unwrap_or(0);
            let left = quota.limit() as i64 - used;
            if left < terms.units as i64 {
                told.used_up = Some(now);
            }
        }
    }

    /// Does what a charge wants done next.
    fn take_step(&mut self, place: usize, mut current: Current, step: Step) -> Result<(), Broken> {
        let token = current.token;
        match step {
            Step::Done(verdict) => self.over(place, &current, verdict),
            Step::Write(write) => {
                self.instances[place].current.push(current);
                self.send(place, token, write)
            }
            Step::WriteAfter(least, most, write) => {
                let (least, most) = (least.as_nanos() as Nanos, most.as_nanos() as Nanos);
                let wait = self.rng.i64(least..=most);
                let ends = current.call.arrived + Self::DECISION;
                let request = self.requests.len();
                self.requests.push(Request {
                    instance: place,
                    life: self.instances[place].life,
                    token,
                    write,
                    frozen: current.frozen,
                    sent: self.now,
                    listening: false,
                    applied: 0,
                    answered_at: None,
                    answer: None,
                });
                self.instances[place].current.push(current);
                let at = (self.now + wait).min(ends);
                self.queue.push(at, Event::Resend { request });
                Ok(())
            }
            Step::ReadPlan => {
                current.troubled = true;
                let charge = UnderWay {
                    instance: place,
                    life: self.instances[place].life,
                    token,
                };
                self.instances[place].current.push(current);
                let way = self.way();
                self.queue
                    .push(self.now + way, Event::PlanAtTable { charge });
                Ok(())
            }
        }
    }

    /// The wait before a write is over.
    pub(crate) fn resend(&mut self, request: usize) -> Result<(), Broken> {
        let charge = self.charge_of(request);
        let place = charge.instance;
        if self.instances[place].life != charge.life || !self.instances[place].alive {
            return Ok(());
        }
        let Some(arrived) = self
            .under_way(place, charge.token)
            .map(|current| current.call.arrived)
        else {
            return Ok(());
        };
        if self.now >= arrived + Self::DECISION {
            return self.abandon(place, charge.token);
        }
        self.requests[request].listening = true;
        self.requests[request].sent = self.now;
        self.go(request, arrived);
        Ok(())
    }

    pub(crate) fn plan_at_table(&mut self, charge: UnderWay) {
        let plan = self.newest();
        let way = self.way();
        self.queue
            .push(self.now + way, Event::PlanAnswered { charge, plan });
    }

    pub(crate) fn plan_answered(&mut self, charge: UnderWay, plan: usize) -> Result<(), Broken> {
        let place = charge.instance;
        let Some(mut current) = self.take(charge) else {
            return Ok(());
        };
        if self.now >= current.call.arrived + Self::DECISION {
            return self.over(place, &current, Verdict::refused(Reason::Unavailable));
        }
        let read_at = self.instances[place].clock.read(self.now);
        self.instances[place].plan = Some((plan, read_at));
        let Some(mut terms) = self.plans[plan].terms(current.call.method).copied() else {
            return Ok(());
        };
        if self.mutation == Some(Mutation::Undercharged) {
            terms.units = 1;
        }
        current.terms = terms;
        let instance = &mut self.instances[place];
        let holding: &mut Holding = current.own.as_deref_mut().unwrap_or(&mut instance.holding);
        let step = current.charge.renew(holding, terms);
        if !self.plans[plan].never_admits(current.call.method) {
            self.turned(place, &terms, current.frozen)?;
        }
        self.take_step(place, current, step)
    }

    /// The decision's life is over: its future is dropped in the middle of its charge.
    fn abandon(&mut self, place: usize, token: u64) -> Result<(), Broken> {
        let charge = UnderWay {
            instance: place,
            life: self.instances[place].life,
            token,
        };
        match self.take(charge) {
            Some(current) => self.over(place, &current, Verdict::refused(Reason::Unavailable)),
            None => Ok(()),
        }
    }

    /// A charge has its verdict.
    fn over(&mut self, place: usize, current: &Current, verdict: Verdict) -> Result<(), Broken> {
        let terms = &current.terms;
        if let Some(own) = &current.own {
            self.instances[place].holding = (**own).clone();
        }
        match &verdict {
            Verdict::Admitted { .. } => {
                if self.now - current.frozen_at > DECISION_LIFE + 2 * SKEW {
                    let took = self.now - current.frozen_at;
                    return Err(broken(Law::Time, || {
                        format!("admitted {took} ns after the reading it was decided by")
                    }));
                }
                let version = Some(terms.plan_version);
                let (frozen, at) = (current.frozen, current.frozen_at);
                self.admitted(place, &current.call, terms, frozen, version, at)?;
            }
            Verdict::Refused(refusal) => {
                let in_time = self.now - current.frozen_at < DECISION_LIFE - 2 * SKEW
                    && self.now < current.call.arrived + Self::DECISION;
                if refusal.reason == Reason::Unavailable && !current.troubled && in_time {
                    return Err(broken(Law::Life, || {
                        "four attempts that were all answered came to no answer".into()
                    }));
                }
                self.check_refused(place, current, refusal)?;
            }
        }
        let plan = self.plan(terms.plan_version);
        if !plan.never_admits(current.call.method) {
            let counter = Counter::of(terms.quota.as_ref(), current.frozen.wall);
            self.compare(place, counter, current.frozen)?;
        }
        self.decided(place, current.call, verdict, false);
        self.release(place)
    }
}
