//! Writes reach the table: they are applied as their conditions say, booked, and held against
//! the laws.

use latchkey_domain::{
    Nanos,
    meter::{Answer, ChargeWrite, ClampWrite, Form, Write},
};

use crate::{
    clock::{SECOND, SKEW},
    laws::{Broken, Law, broken},
    ledger::Waste,
    mutation::Mutation,
    plan::Counter,
    store::{self, Item},
    world::{Event, World},
};

impl World {
    pub(crate) fn write_at_table(&mut self, request: usize, again: bool) -> Result<(), Broken> {
        self.counts.writes += 1;
        let answer = if self.chance(self.setting.faults.conflict) {
            Answer::Conflict
        } else if self.is_over_capacity() || self.chance(self.setting.faults.throttled) {
            Answer::Throttled
        } else if self.apply(request)? {
            let state = self.item.as_ref().map(Item::read).unwrap_or_default();
            Answer::Applied(state)
        } else {
            Answer::Failed(self.item.as_ref().map(Item::read))
        };
        let kind = match answer {
            Answer::Applied(_) => 0,
            Answer::Failed(_) => 1,
            Answer::Throttled => 2,
            _ => 3,
        };
        let numbers = [3, request as i64, i64::from(again), kind];
        self.note(&numbers, |world| {
            let sent = &world.requests[request];
            let outcome = ["applied", "failed", "throttled", "in conflict"][kind as usize];
            format!(
                "#{} {}: {outcome}{}; now {:?}",
                sent.instance,
                Self::words_of(&sent.write),
                if again { " (again)" } else { "" },
                world.item
            )
        });
        let sent = &mut self.requests[request];
        if !again && let Some(at) = sent.answered_at {
            sent.answer = Some(answer);
            self.queue.push(at, Event::Answered { request });
        }
        Ok(())
    }

    /// A bucket of writes that holds a second's worth.
    fn is_over_capacity(&mut self) -> bool {
        let Some(capacity) = self.setting.capacity.filter(|_| !self.calm) else {
            return false;
        };
        let most = capacity as i64 * 1_000;
        let (left, since) = self.capacity_left;
        let passed = (self.now - since).min(SECOND) / 1_000_000;
        let left = (left + passed * capacity as i64).min(most);
        let is_over = left < 1_000;
        self.capacity_left = (if is_over { left } else { left - 1_000 }, self.now);
        is_over
    }

    /// Applies a write if its condition holds, and tells whether it was.
    fn apply(&mut self, request: usize) -> Result<bool, Broken> {
        let sent = &self.requests[request];
        let write = self.mutated(sent.write.clone());
        let before = self.item.clone();
        if self.mutation == Some(Mutation::MakesItems) && before.is_none() {
            self.item = Some(Item::default());
        }
        let is_off = self.item.as_ref().is_some_and(|item| item.off);
        if let (Some(Mutation::ChargesTombstones), Some(item)) = (self.mutation, &mut self.item) {
            item.off = false;
        }
        let condition = store::apply(&mut self.item, &write);
        if let Some(item) = &mut self.item {
            item.off = is_off;
        }
        if condition == store::Condition::Failed {
            self.item = before;
            return Ok(false);
        }
        let Some(before) = before.filter(|before| !before.off) else {
            return Err(broken(Law::Writes, || {
                format!("{write:?} was applied to no meter, or to one that is ended")
            }));
        };
        match &write {
            Write::Charge(charge) => self.charged(request, charge, &before)?,
            Write::Clamp(clamp) => self.clamped(request, clamp, &before)?,
        }
        self.requests[request].applied += 1;
        Ok(true)
    }

    /// The write as the table would get it from an authorizer with a fault.
    fn mutated(&self, mut write: Write) -> Write {
        let version = self.item.as_ref().map_or(0, |item| item.plan_version);
        if let Write::Charge(charge) = &mut write {
            match self.mutation {
                Some(Mutation::QuotaOffByOne) => {
                    if let Some(quota) = &mut charge.quota {
                        quota.at_most += 1;
                    }
                }
                Some(Mutation::RoomOffByOne) => {
                    if let Some(throttle) = &mut charge.throttle
                        && let Form::Busy { room, cost, .. } = &mut throttle.form
                    {
                        *room += *cost;
                    }
                }
                Some(Mutation::NoFence) => {
                    charge.plan_version = charge.plan_version.max(version);
                }
                _ => {}
            }
        }
        write
    }

    /// A charge was applied.
    fn charged(
        &mut self,
        request: usize,
        charge: &ChargeWrite,
        before: &Item,
    ) -> Result<(), Broken> {
        let Write::Charge(asked) = &self.requests[request].write else {
            return Ok(());
        };
        let (version, net) = (asked.plan_version, charge.net as i64);
        if version < before.plan_version {
            return Err(broken(Law::Writes, || {
                format!("charged under plan {version} after {}", before.plan_version)
            }));
        }
        let counter = charge.quota.map_or(Counter::Day(charge.day), |quota| {
            Counter::Window(quota.window)
        });
        self.check_limit(version, charge)?;
        self.check_arrival(request, version, charge, before)?;
        for window in &charge.drop_windows {
            if let Some(used) = before.windows.get(window) {
                self.ledger.drop_window(*window, *used, self.now)?;
                self.ledger
                    .check(Counter::Window(*window), self.item.as_ref())?;
            }
        }
        let limit = self.plan(version).quota.map(|quota| quota.limit() as i64);
        self.ledger.charge(counter, charge.day, net, limit);
        let sent = &self.requests[request];
        let account = self.ledger.account(counter);
        if sent.applied > 0 {
            account.waste(Waste::Doubled, net);
        } else if sent.listening {
            account.in_flight += net;
        } else {
            account.waste(Waste::AnswerLost, net);
        }
        self.ledger.check(counter, self.item.as_ref())?;
        self.ledger.check_day(charge.day, self.item.as_ref())
    }

    /// Law 1: a charge leaves the counter at or below the limit of its plan's version.
    fn check_limit(&self, version: u64, charge: &ChargeWrite) -> Result<(), Broken> {
        let Some((quota, limits)) = charge.quota.zip(self.plan(version).quota) else {
            return Ok(());
        };
        let used = self
            .item
            .as_ref()
            .and_then(|item| item.windows.get(&quota.window))
            .copied()
            .unwrap_or(0);
        if used > limits.limit() as i64 {
            return Err(broken(Law::Quota, || {
                format!("{used} units are charged of {}", limits.limit())
            }));
        }
        Ok(())
    }

    /// Law 2's own ground: an arrival only grows, by a charge no further than a full bucket by
    /// the charge's frozen reading, which was within δ of the truth.
    fn check_arrival(
        &mut self,
        request: usize,
        version: u64,
        charge: &ChargeWrite,
        before: &Item,
    ) -> Result<(), Broken> {
        let Some(throttle) = charge.throttle else {
            return Ok(());
        };
        let number = throttle.bucket;
        self.charged_under.insert(number, version);
        let arrival = |item: &Item| item.arrivals.get(&number).copied();
        let was = arrival(before);
        let is = self.item.as_ref().and_then(arrival).unwrap_or(Nanos::MIN);
        let sent = &self.requests[request];
        let full = self
            .plan(version)
            .limits(number)
            .map_or(0, |limits| limits.full());
        let latest = sent.frozen.wall.min(sent.sent + SKEW) + full;
        if is > latest || was.is_some_and(|was| was >= is) {
            return Err(broken(Law::Throttle, || {
                format!("t{number} goes from {was:?} to {is}, {latest} at most")
            }));
        }
        Ok(())
    }

    /// A clamp was applied: within one version of the plan no arrival of a lawful charge is
    /// lowered.
    fn clamped(&mut self, request: usize, clamp: &ClampWrite, before: &Item) -> Result<(), Broken> {
        self.counts.clamps += 1;
        self.clamped.insert(clamp.bucket, self.now);
        let sent = &self.requests[request];
        let same = self.charged_under.get(&clamp.bucket) == Some(&clamp.plan_version);
        let full = self
            .plan(clamp.plan_version)
            .limits(clamp.bucket)
            .map_or(0, |limits| limits.full());
        if same && clamp.seen <= sent.sent + SKEW + full || clamp.plan_version < before.plan_version
        {
            return Err(broken(Law::Throttle, || {
                format!("a lawful arrival was lowered: {clamp:?}")
            }));
        }
        Ok(())
    }
}
