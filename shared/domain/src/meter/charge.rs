//! One call's charge, from its first write to its verdict.

use std::time::Duration;

use super::{
    Bucket, ChargeWrite, ClampWrite, Form, Meter, QuotaWrite, Terms, ThrottleWrite, Write,
};
use crate::{
    Reason, Window,
    quota::day_of,
    throttle::BucketTimes,
    time::{Nanos, Reading, SECOND},
};

/// Writes whose condition may fail before a charge gives up. With one frozen reading of
/// the clock four always reach a true answer: a bucket can only go from idle to busy, once,
/// and a failed write in the busy form means that there was no room.
const ATTEMPTS: u8 = 4;
/// Times that a write which the store refused unapplied is sent again.
const REPEATS: u8 = 3;
/// Life of a decision: nothing is attempted after it, and no later answer admits a call.
const DECISION_LIFE: Nanos = SECOND;
/// How far two wall clocks may differ, twice: an arrival may lawfully lie this far beyond full.
const CLOCK_MARGIN: Nanos = SECOND / 5;

/// What the store said to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Applied; the state after it.
    Applied(Meter),
    /// The condition failed; the state that it met, or none where there is no item.
    Failed(Option<Meter>),
    /// Not applied, and worth sending again: no capacity, or a transaction was in the way.
    Busy,
    /// Perhaps applied, perhaps not: a time-out, a broken connection, a fault.
    Unknown,
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

/// Whether the call is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Admitted {
        /// Units left of the quota.
        remaining: Option<u64>,
    },
    /// It is not.
    Refused(Refusal),
}

/// A refusal that says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// When a call like this may pass, from the frozen reading on; none where waiting does
    /// not help.
    pub retry_after: Option<Nanos>,
    /// Units left of the quota, as far as it was seen.
    pub remaining: Option<u64>,
}

impl Verdict {
    /// Refused for this reason, with nothing known of the meter.
    pub fn refused(reason: Reason) -> Self {
        Self::Refused(Refusal::of(reason))
    }
}

impl Refusal {
    fn of(reason: Reason) -> Self {
        Self {
            reason,
            retry_after: None,
            remaining: None,
        }
    }
}

/// One call's charge. The clock is read once for it and frozen: windows, forms and the age
/// of the decision go by that reading in every attempt.
#[derive(Debug)]
pub struct Charge {
    terms: Terms,
    frozen: Reading,
    window: Option<Window>,
    attempts: u8,
    repeats: u8,
    renewed: bool,
    lost: bool,
    /// Units left of the quota by the state that the last failed write met.
    left: Option<u64>,
    pending: Option<Write>,
}

impl Charge {
    /// Begins a charge at `frozen`, given the last known state of the meter. The first write
    /// goes out without a read: a wrong guess of its form costs one write more.
    pub fn begin(terms: Terms, frozen: Reading, known: Option<&Meter>) -> (Self, Step) {
        let window = terms.quota.map(|quota| quota.period().window(frozen.wall));
        let mut charge = Self {
            terms,
            frozen,
            window,
            attempts: 0,
            repeats: 0,
            renewed: false,
            lost: false,
            left: None,
            pending: None,
        };
        let step = charge.first(known);
        (charge, step)
    }

    /// Goes on under the plan as it is now, with the same reading of the clock.
    pub fn renew(&mut self, terms: Terms) -> Step {
        self.terms = terms;
        self.attempts = 0;
        self.window = terms
            .quota
            .map(|quota| quota.period().window(self.frozen.wall));
        self.first(None)
    }

    /// Takes the store's answer to the last write. `now` is a fresh reading.
    pub fn answer(&mut self, answer: Answer, now: &Reading) -> Step {
        let late = now.since(&self.frozen) > DECISION_LIFE;
        let Some(write) = self.pending.take() else {
            return refuse(Refusal::of(Reason::Unavailable));
        };
        match (write, answer) {
            (Write::Clamp(clamp), _) => self.refuse_for(clamp.arrival - self.full() + self.cost()),
            (Write::Charge(_), Answer::Applied(meter)) if !late => Step::Done(Verdict::Admitted {
                remaining: self.remaining(&meter),
            }),
            (Write::Charge(_), Answer::Failed(state)) => self.after_failure(state, now, late),
            (write, Answer::Busy) if !late && self.repeats < REPEATS => {
                let wait = 20 << self.repeats;
                self.repeats += 1;
                self.pending = Some(write.clone());
                Step::WriteAfter(
                    Duration::from_millis(wait),
                    Duration::from_millis(2 * wait),
                    write,
                )
            }
            (write, Answer::Unknown) if !late && !self.lost => {
                self.lost = true;
                self.send(write)
            }
            _ => refuse(Refusal::of(Reason::Unavailable)),
        }
    }

    fn first(&mut self, known: Option<&Meter>) -> Step {
        if let Some(refusal) = self.refused_by_plan() {
            return refuse(refusal);
        }
        self.charge(known)
    }

    /// What no state of the meter can change: a limit of 0, or a call that costs more than
    /// the plan ever allows at once.
    fn refused_by_plan(&self) -> Option<Refusal> {
        let units = self.terms.units;
        if let Some(quota) = self.terms.quota.filter(|quota| quota.limit() < units) {
            // What is left of a limit that is not 0 only the meter knows.
            let remaining = (quota.limit() == 0).then_some(0);
            return Some(Refusal {
                remaining,
                ..Refusal::of(Reason::QuotaExceeded)
            });
        }
        let never = |bucket: Bucket| {
            bucket.throttle.burst() < units || bucket.throttle.times(units).is_none()
        };
        self.terms
            .bucket
            .is_some_and(never)
            .then(|| Refusal::of(Reason::Throttled))
    }

    fn after_failure(&mut self, state: Option<Meter>, now: &Reading, late: bool) -> Step {
        let Some(meter) = state.filter(|meter| !meter.detached) else {
            return refuse(Refusal::of(Reason::NoUsagePlan));
        };
        if meter.plan_version > self.terms.plan_version {
            if self.renewed || late {
                return refuse(Refusal::of(Reason::Unavailable));
            }
            self.renewed = true;
            return Step::ReadPlan;
        }
        if let Some(remaining) = self.remaining(&meter)
            && remaining < self.terms.units
        {
            let retry_after = self
                .window
                .and_then(|window| window.remaining(self.frozen.wall));
            return refuse(Refusal {
                retry_after,
                remaining: Some(remaining),
                ..Refusal::of(Reason::QuotaExceeded)
            });
        }
        if let Some(clamp) = self.clamp(&meter, now) {
            self.left = self.remaining(&meter);
            return self.send(Write::Clamp(clamp));
        }
        if let Some(arrival) = self.arrival(&meter)
            && arrival > self.frozen.wall + self.full() - self.cost()
        {
            let retry_after = Some(arrival - self.full() + self.cost() - self.frozen.wall);
            return refuse(Refusal {
                retry_after,
                remaining: self.remaining(&meter),
                ..Refusal::of(Reason::Throttled)
            });
        }
        if late || self.attempts >= ATTEMPTS {
            return refuse(Refusal::of(Reason::Unavailable));
        }
        self.charge(Some(&meter))
    }

    /// An arrival beyond full by a *fresh* reading cannot come from a lawful charge: the
    /// plan's burst or the time for each unit went down, or a clock was wrong. Waiting it
    /// out could take hours.
    fn clamp(&self, meter: &Meter, now: &Reading) -> Option<ClampWrite> {
        let bucket = self.terms.bucket?;
        let seen = self.arrival(meter)?;
        let margin = if meter.plan_version < self.terms.plan_version {
            0
        } else {
            CLOCK_MARGIN
        };
        let arrival = now.wall + self.full();
        let plan_version = self.terms.plan_version;
        (seen > arrival + margin).then_some(ClampWrite {
            plan_version,
            bucket: bucket.number,
            seen,
            arrival,
        })
    }

    fn charge(&mut self, known: Option<&Meter>) -> Step {
        self.attempts += 1;
        let write = self.charge_write(known);
        self.send(Write::Charge(write))
    }

    fn charge_write(&self, known: Option<&Meter>) -> ChargeWrite {
        let (now, units) = (self.frozen.wall, self.terms.units);
        let quota = self
            .terms
            .quota
            .zip(self.window)
            .map(|(quota, window)| QuotaWrite {
                window: window.start,
                // Both at most 10^15, and units at most the limit.
                at_most: quota.limit() as i64 - units as i64,
            });
        let times = self.times();
        let throttle = self
            .terms
            .bucket
            .zip(times)
            .map(|(bucket, BucketTimes { cost, full })| ThrottleWrite {
                bucket: bucket.number,
                form: match known.and_then(|meter| self.arrival(meter)) {
                    Some(arrival) if arrival > now => Form::Busy {
                        above: now,
                        room: now + full - cost,
                        cost,
                    },
                    _ => Form::Idle {
                        now,
                        arrival: now + cost,
                    },
                },
            });
        let gone = |number: &u16| !self.terms.buckets.contains(*number);
        ChargeWrite {
            plan_version: self.terms.plan_version,
            units,
            day: day_of(now),
            by_previous: false,
            quota,
            throttle,
            drop_buckets: known.map_or_else(Vec::new, |meter| {
                meter.arrivals.keys().copied().filter(gone).collect()
            }),
            drop_windows: known.map_or_else(Vec::new, |meter| meter.stale_windows(now)),
        }
    }

    fn send(&mut self, write: Write) -> Step {
        self.pending = Some(write.clone());
        Step::Write(write)
    }

    fn refuse_for(&self, wait: Nanos) -> Step {
        let retry_after = Some((wait - self.frozen.wall).max(1));
        refuse(Refusal {
            retry_after,
            remaining: self.left,
            ..Refusal::of(Reason::Throttled)
        })
    }

    fn remaining(&self, meter: &Meter) -> Option<u64> {
        let (quota, window) = self.terms.quota.zip(self.window)?;
        Some(meter.remaining_in(&quota, window))
    }

    fn arrival(&self, meter: &Meter) -> Option<Nanos> {
        meter.arrivals.get(&self.terms.bucket?.number).copied()
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
