//! One call's charge, from its first write to its verdict.

use std::time::Duration;

use super::{
    ChargeWrite, ClampWrite, Form, Holding, Meter, QuotaWrite, Refusal, Terms, ThrottleWrite,
    Verdict, Write,
    lease::{Counter, Grant},
    size::{CLOCK_MARGIN, Size},
};
use crate::{
    Reason,
    quota::day_of,
    throttle::BucketTimes,
    time::{Nanos, Reading, SECOND},
};

/// Writes whose condition may fail before a charge gives up. With one frozen reading of
/// the clock four always reach a true answer: a bucket can only go from idle to busy, once,
/// and a failed write for one call's units in the busy form means that there was no room.
const ATTEMPTS: u8 = 4;
/// Times that a write which the store refused unapplied is sent again.
const REPEATS: u8 = 3;
/// Life of a decision: nothing is attempted after it, and no later answer admits a call.
const DECISION_LIFE: Nanos = SECOND;
/// For how long a bucket that has become idle may be charged as a busy one: many instances that
/// share a bucket find it now idle, now busy, and would lose half their writes to wrong guesses.
const SLACK: Nanos = SECOND / 4;

/// What the store said to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Applied; the state after it.
    Applied(Meter),
    /// The condition failed; the state that it met, or none where there is no item.
    Failed(Option<Meter>),
    /// Not applied, for want of capacity, and worth sending again.
    Throttled,
    /// Not applied, since a transaction was in the way, and worth sending again.
    Conflict,
    /// Perhaps applied, perhaps not: a time-out, a broken connection, a fault.
    Unknown,
}

/// What [`Holding::ask`] comes to.
#[derive(Debug)]
pub enum Asked {
    /// Decided from memory.
    Done(Verdict),
    /// To be charged: send this write, and give its answer to [`Charge::answer`].
    Charge(Box<Charge>, Write),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this write, and give its answer to [`Charge::answer`].
    Write(Write),
    /// Wait for a random time between the two, then send this write.
    WriteAfter(Duration, Duration, Write),
    /// The meter was written under a later version of the plan: read it, and go on with
    /// [`Charge::renew`].
    ReadPlan,
    /// Decided.
    Done(Verdict),
}

/// One call's charge. The clock is read once for it and frozen: windows, forms and the age
/// of the decision go by that reading in every attempt.
#[derive(Debug)]
pub struct Charge {
    terms: Terms,
    by_previous: bool,
    frozen: Reading,
    counter: Counter,
    attempts: u8,
    repeats: u8,
    renewed: bool,
    lost: bool,
    lost_race: bool,
    pending: Option<(Write, Size)>,
}

/// What no state of the meter can change: a limit of 0, or a call that costs more than the
/// plan ever allows at once.
pub(super) fn refused_by_plan(terms: &Terms) -> Option<Refusal> {
    let units = terms.units;
    if let Some(quota) = terms.quota.filter(|quota| quota.limit() < units) {
        // What is left of a limit that is not 0 only the meter knows.
        let remaining = (quota.limit() == 0).then_some(0);
        return Some(Refusal {
            remaining,
            ..Refusal::of(Reason::QuotaExceeded)
        });
    }
    let bucket = terms.bucket.as_ref()?;
    let never = bucket.throttle.burst() < units || bucket.throttle.times(units).is_none();
    never.then(|| Refusal::of(Reason::Throttled))
}

impl Charge {
    /// Begins a charge at `frozen`. The first write goes out without a read: a wrong guess of
    /// its form costs one write more.
    pub(super) fn begin(
        holding: &mut Holding,
        terms: Terms,
        by_previous: bool,
        frozen: Reading,
    ) -> Asked {
        let mut charge = Self {
            terms,
            by_previous,
            frozen,
            counter: Counter::of(terms.quota.as_ref(), frozen.wall),
            attempts: 0,
            repeats: 0,
            renewed: false,
            lost: false,
            lost_race: false,
            pending: None,
        };
        let size = holding.size(&terms, frozen);
        let write = charge.charge(holding, size);
        Asked::Charge(Box::new(charge), write)
    }

    /// Goes on under the plan as it is now, with the same reading of the clock.
    pub fn renew(&mut self, holding: &mut Holding, terms: Terms) -> Step {
        self.terms = terms;
        self.attempts = 0;
        self.counter = Counter::of(terms.quota.as_ref(), self.frozen.wall);
        if let Some(refusal) = refused_by_plan(&terms) {
            return refuse(refusal);
        }
        holding.turn_to(&terms, &self.frozen);
        let size = holding.size(&terms, self.frozen);
        Step::Write(self.charge(holding, size))
    }

    /// Takes the store's answer to the last write. `now` is a fresh reading.
    pub fn answer(&mut self, holding: &mut Holding, answer: Answer, now: &Reading) -> Step {
        let late = now.since(&self.frozen) > DECISION_LIFE;
        let Some((write, size)) = self.pending.take() else {
            return refuse(Refusal::of(Reason::Unavailable));
        };
        match (write, answer) {
            (Write::Clamp(clamp), answer) => self.after_clamp(holding, &clamp, answer, now),
            (Write::Charge(charge), Answer::Applied(meter)) => {
                self.granted(holding, charge.net, size, &meter, now)
            }
            (Write::Charge(_), Answer::Failed(state)) => {
                self.after_failure(holding, state, size, now)
            }
            (write, answer @ (Answer::Throttled | Answer::Conflict))
                if !late && self.repeats < REPEATS =>
            {
                if answer == Answer::Throttled {
                    holding.boost.refused(*now);
                }
                let wait = Duration::from_millis(20 << self.repeats);
                self.repeats += 1;
                self.pending = Some((write.clone(), size));
                Step::WriteAfter(wait, 2 * wait, write)
            }
            // What was perhaps charged is given up.
            (Write::Charge(_), Answer::Unknown) if !late && !self.lost => {
                self.lost = true;
                Step::Write(self.write_charge(holding, size.of_call(&self.terms), SLACK))
            }
            _ => refuse(Refusal::of(Reason::Unavailable)),
        }
    }

    fn granted(
        &self,
        holding: &mut Holding,
        net: u64,
        size: Size,
        meter: &Meter,
        now: &Reading,
    ) -> Step {
        holding.told(meter, net, self.frozen, now);
        let units = self.terms.units;
        let grant = Grant {
            units: size.units,
            net,
            counter: self.counter,
            day: day_of(self.frozen.wall),
            from: self.frozen,
            life: size.life(),
        };
        holding.served();
        let lease = holding.lease(self.terms.bucket.as_ref(), self.frozen);
        if !self.lost_race {
            lease.holds.won(units);
        }
        if now.since(&self.frozen) > DECISION_LIFE {
            lease.grant_late(&grant);
            return refuse(Refusal::of(Reason::Unavailable));
        }
        lease.grant(&grant);
        if !lease.spend(units) {
            return refuse(Refusal::of(Reason::Unavailable));
        }
        Step::Done(Verdict::Admitted {
            remaining: holding.remaining(&self.terms, self.frozen.wall),
        })
    }

    fn after_failure(
        &mut self,
        holding: &mut Holding,
        state: Option<Meter>,
        size: Size,
        now: &Reading,
    ) -> Step {
        let late = now.since(&self.frozen) > DECISION_LIFE;
        let Some(meter) = state.filter(|meter| !meter.detached) else {
            holding.ended(*now);
            return refuse(Refusal::of(Reason::NoUsagePlan));
        };
        let version = meter.plan_version;
        // Whoever knew of room has lost it to others; whoever knew nothing has lost nothing.
        let raced = holding.known_under(self.terms.plan_version).is_some();
        holding.told(&meter, 0, self.frozen, now);
        if version > self.terms.plan_version {
            if self.renewed || late {
                return refuse(Refusal::of(Reason::Unavailable));
            }
            self.renewed = true;
            return Step::ReadPlan;
        }
        let remaining = holding.remaining(&self.terms, self.frozen.wall);
        if let Some(left) = remaining.filter(|left| *left < self.terms.units) {
            holding.used_up(*now);
            let refusal = Refusal::of_quota(&self.terms, left, self.frozen.wall);
            return refuse(refusal);
        }
        if let Some(clamp) = self.clamp(holding, now) {
            return Step::Write(self.send(Write::Clamp(clamp), size));
        }
        holding.judge(self.terms.plan_version);
        if let Some(wait) = self.wait(holding) {
            let lease = holding.lease(self.terms.bucket.as_ref(), self.frozen);
            if raced {
                lease.holds.lost(self.terms.units, *now);
            }
            let pause = lease.holds.remaining(self.terms.units, now).unwrap_or(0);
            return refuse(Refusal {
                retry_after: Some(wait.max(pause)),
                remaining,
                ..Refusal::of(Reason::Throttled)
            });
        }
        if let Some(wait) = self.leaves_alone(holding, size, raced, now) {
            return refuse(Refusal {
                retry_after: Some(wait),
                remaining,
                ..Refusal::of(Reason::Throttled)
            });
        }
        if late || self.attempts >= ATTEMPTS {
            return refuse(Refusal::of(Reason::Unavailable));
        }
        let size = match self.attempts {
            1 => size.at_most(self.most(holding, remaining), &self.terms),
            _ => size.of_call(&self.terms),
        };
        Step::Write(self.charge(holding, size))
    }

    /// A bucket that others race for as well is left alone until it has what is worth a write,
    /// which it gathers in half of the shortest pause: the pause, where it has less now.
    fn leaves_alone(
        &mut self,
        holding: &mut Holding,
        size: Size,
        raced: bool,
        now: &Reading,
    ) -> Option<Nanos> {
        let worth = holding.worth(&self.terms)?.min(size.units);
        if !raced || self.most(holding, None) >= worth {
            return None;
        }
        self.lost_race = true;
        let holds = &mut holding.lease(self.terms.bucket.as_ref(), self.frozen).holds;
        let contended = holds.contended(self.terms.units);
        holds.lost(self.terms.units, *now);
        let pause = holds.remaining(self.terms.units, now);
        pause.filter(|_| contended)
    }

    /// The most that the state allows to take, by the frozen reading.
    fn most(&self, holding: &Holding, remaining: Option<u64>) -> u64 {
        let of_bucket = self.terms.bucket.as_ref().map(|bucket| {
            let now = self.frozen.wall;
            let arrival = self.arrival(holding).unwrap_or(now).max(now);
            bucket.throttle.rate().units_in(now + self.full() - arrival)
        });
        of_bucket
            .unwrap_or(u64::MAX)
            .min(remaining.unwrap_or(u64::MAX))
    }

    /// Time until the bucket has room for the call, where it has none.
    fn wait(&self, holding: &Holding) -> Option<Nanos> {
        let room_at = self.arrival(holding)? - self.full() + self.cost();
        Some(room_at - self.frozen.wall).filter(|wait| *wait > 0)
    }

    /// An arrival beyond full by a *fresh* reading cannot come from a lawful charge: the
    /// plan's burst or the time for each unit went down, or a clock was wrong. Waiting it
    /// out could take hours.
    fn clamp(&self, holding: &Holding, now: &Reading) -> Option<ClampWrite> {
        let bucket = self.terms.bucket?;
        let known = holding.known.as_ref()?;
        let seen = known.arrival(bucket.number)?;
        let margin = if known.plan_version < self.terms.plan_version {
            0
        } else {
            CLOCK_MARGIN
        };
        let arrival = now.wall + self.full();
        (seen > arrival + margin).then_some(ClampWrite {
            plan_version: self.terms.plan_version,
            bucket: bucket.number,
            seen,
            arrival,
        })
    }

    fn after_clamp(
        &self,
        holding: &mut Holding,
        clamp: &ClampWrite,
        answer: Answer,
        now: &Reading,
    ) -> Step {
        if let Answer::Applied(meter) | Answer::Failed(Some(meter)) = &answer {
            holding.told(meter, 0, self.frozen, now);
        }
        let room_at = clamp.arrival - self.full() + self.cost();
        refuse(Refusal {
            retry_after: Some((room_at - self.frozen.wall).max(1)),
            remaining: holding.remaining(&self.terms, self.frozen.wall),
            ..Refusal::of(Reason::Throttled)
        })
    }

    fn charge(&mut self, holding: &Holding, size: Size) -> Write {
        self.attempts += 1;
        let slack = if self.attempts == 1 { 0 } else { SLACK };
        self.write_charge(holding, size, slack)
    }

    /// A charge of `size`. Whatever was last seen of the bucket, it is taken as busy if it was
    /// so less than `slack` ago, or if others charge it that often.
    fn write_charge(&mut self, holding: &Holding, size: Size, slack: Nanos) -> Write {
        let now = self.frozen.wall;
        let pocket = holding.pocket(&self.terms, now);
        let net = size.units.saturating_sub(pocket);
        let gone = |number: &u16| !self.terms.buckets.contains(*number);
        let known = holding.known.as_ref();
        let write = ChargeWrite {
            plan_version: self.terms.plan_version,
            net,
            day: day_of(now),
            by_previous: self.by_previous,
            quota: self.terms.quota.map(|quota| QuotaWrite {
                window: quota.period().window(now).start,
                // Both at most 10^15, and the net at most the limit.
                at_most: quota.limit() as i64 - net as i64,
            }),
            throttle: self.throttle(holding, size, slack),
            drop_buckets: known.map_or_else(Vec::new, |known| {
                let numbers = known.arrivals().iter().map(|(number, _)| *number);
                numbers.filter(gone).collect()
            }),
            drop_windows: known.map_or_else(Vec::new, |known| known.stale_windows(now)),
        };
        self.send(Write::Charge(write), size)
    }

    fn throttle(&self, holding: &Holding, size: Size, slack: Nanos) -> Option<ThrottleWrite> {
        let bucket = self.terms.bucket?;
        let BucketTimes { cost, full } = bucket.throttle.times(size.units)?;
        let now = self.frozen.wall;
        // Without leases the bucket is exact to the call.
        let leases = holding.lease_max > 1;
        let below = if leases { SLACK } else { 0 };
        let slack = if leases { slack } else { 0 };
        let was_busy = self
            .arrival(holding)
            .is_some_and(|arrival| arrival > now - slack);
        let in_slack = holding.others.rate() * SLACK as f64 / SECOND as f64;
        let is_shared = leases && in_slack > size.units as f64;
        let form = if was_busy || is_shared && slack == 0 {
            Form::Busy {
                above: now - below,
                room: now + full - cost,
                cost,
            }
        } else {
            Form::Idle {
                now,
                arrival: now + cost,
            }
        };
        Some(ThrottleWrite {
            bucket: bucket.number,
            form,
        })
    }

    fn send(&mut self, write: Write, size: Size) -> Write {
        self.pending = Some((write.clone(), size));
        write
    }

    fn arrival(&self, holding: &Holding) -> Option<Nanos> {
        let number = self.terms.bucket?.number;
        holding.known.as_ref()?.arrival(number)
    }

    fn times(&self) -> Option<BucketTimes> {
        self.terms
            .bucket
            .and_then(|bucket| bucket.throttle.times(self.terms.units))
    }

    fn full(&self) -> Nanos {
        self.times().map_or(0, |times| times.full)
    }

    fn cost(&self) -> Nanos {
        self.times().map_or(0, |times| times.cost)
    }
}

fn refuse(refusal: Refusal) -> Step {
    Step::Done(Verdict::Refused(refusal))
}
