//! Law 4: when all is calm and nobody else calls, whoever has units left is admitted, at once or
//! within the times that the law gives.

use latchkey_domain::{Nanos, Reason, meter::Verdict, whole_seconds};

use crate::{
    clock::{MILLISECOND, SECOND, SKEW},
    laws::{Broken, Law, broken},
    plan::{Limits, METHODS},
    setting::Latency,
    world::{Event, World},
};

/// Calls of the lone caller.
const CALLS: u32 = 40;
/// How long a bucket may be left to fill up.
const GATHERING: Nanos = 50 * MILLISECOND;
/// How long a used-up quota may be remembered, and a hold may last.
const REMEMBERED: Nanos = 5 * SECOND;
/// A plan is known anew after this, and a key.
const PLAN_CACHE: Nanos = 30 * SECOND;
const KEY_CACHE: Nanos = 10 * SECOND;
/// Reads and writes on a quiet day, all of one call's.
const CALM_CALL: Nanos = 60 * MILLISECOND;

/// What a lone caller should meet.
struct Truth {
    has_units: bool,
    has_room: bool,
    is_beyond_full: bool,
}

impl World {
    /// Lets all that is under way end, and then one instance call alone.
    ///
    /// # Errors
    /// Where a law does not hold.
    pub(crate) fn alone(&mut self) -> Result<(), Broken> {
        self.calm = true;
        self.latency = Latency::CALM;
        while self.step()? {}
        self.check_drained()?;
        let waits = if self.rng.bool() { 0 } else { PLAN_CACHE };
        self.now += waits + self.rng.i64(0..=2 * REMEMBERED);
        let place = self.rng.usize(0..self.setting.instances);
        self.wait_for_thaw(place);
        let method = self.rng.usize(0..METHODS);
        if self.plans[self.newest()].never_admits(method) {
            return Ok(());
        }
        // Under an old plan the caller may be for half a minute.
        let newest = self.newest();
        let known = self.instances[place].plan;
        if known.is_some_and(|(plan, _)| plan != newest) {
            self.now += PLAN_CACHE + 2 * SKEW;
        }
        self.call_alone(place, method)
    }

    fn wait_for_thaw(&mut self, place: usize) {
        if let Some((_, until)) = self.instances[place].frozen {
            self.now = self.now.max(until);
        }
    }

    fn call_alone(&mut self, place: usize, method: usize) -> Result<(), Broken> {
        let cost = self.limits_of(method).map_or(0, |limits| {
            limits.cost(self.plans[self.newest()].methods[method].units)
        });
        let of_throttle = cost + 2 * SKEW + GATHERING;
        let key = self.rng.usize(0..self.setting.keys);
        // What was remembered before.
        let mut until =
            Some(self.now + KEY_CACHE + REMEMBERED + 2 * SKEW + 2 * (of_throttle + 2 * SKEW));
        // From when on the throttle has promised to let a call pass.
        let (mut promised, mut settled) = (None, false);
        for _ in 0..CALLS {
            let truth = self.truth(place, method);
            let began = self.now;
            let verdict = self.one_call(place, method, key)?;
            let Verdict::Refused(refusal) = verdict else {
                (until, promised, settled) = (None, None, true);
                self.now += self.rng.i64(MILLISECOND..=SECOND / 10 + cost / 4);
                continue;
            };
            let remembered = until.is_some() && refusal.reason == Reason::NoUsagePlan;
            if !matches!(refusal.reason, Reason::Throttled | Reason::QuotaExceeded) && !remembered
                || until.is_none() && truth.has_units && truth.has_room
                || until.is_some_and(|until| began > until + CALM_CALL)
                || refusal.reason == Reason::Throttled
                    && promised.is_some_and(|promised| began >= promised)
            {
                return Err(broken(Law::Life, || {
                    format!("a lone caller with units left got {refusal:?}, until {until:?}")
                }));
            }
            if until.is_none() {
                let clamp = if truth.is_beyond_full {
                    cost + 4 * SKEW
                } else {
                    0
                };
                until = Some(began + of_throttle + clamp);
            }
            if refusal.reason == Reason::QuotaExceeded && !truth.has_units {
                self.grant_in(self.instances[place].clock.read(self.now).wall, 100)?;
                until = Some(self.now + REMEMBERED + 2 * SKEW + of_throttle);
            }
            if refusal.reason == Reason::Throttled
                && settled
                && let Some(wait) = refusal.retry_after
            {
                // What `Retry-After` says, and what a clock may lose meanwhile.
                let told = whole_seconds(wait) * SECOND;
                promised = promised.max(Some(self.now + told + told / 1_000));
                if self.rng.bool() {
                    self.now = self.now.max(promised.unwrap_or(0));
                    continue;
                }
            }
            let least = of_throttle / 20 + MILLISECOND;
            self.now += self.rng.i64(least..=2 * least + SECOND / 4);
        }
        Ok(())
    }

    fn one_call(&mut self, place: usize, method: usize, key: usize) -> Result<Verdict, Broken> {
        let mut call = self.new_call();
        call.method = method;
        call.key = key;
        let number = call.number;
        let instance = place;
        self.queue.push(self.now, Event::Call { instance, call });
        while self.step()? {}
        match self.last {
            Some((last, verdict)) if last == number => Ok(verdict),
            _ => Err(broken(Law::Life, || "a lone call was never decided".into())),
        }
    }

    fn limits_of(&self, method: usize) -> Option<Limits> {
        let plan = &self.plans[self.newest()];
        let bucket = plan.terms(method)?.bucket?;
        plan.limits(bucket.number)
    }

    fn truth(&self, place: usize, method: usize) -> Truth {
        let plan = &self.plans[self.newest()];
        let wall = self.instances[place].clock.read(self.now).wall;
        let units = plan.methods[method].units;
        let used = plan.quota.and_then(|quota| {
            let window = quota.period().window(wall).start;
            self.item.as_ref()?.windows.get(&window).copied()
        });
        let has_units = plan
            .quota
            .is_none_or(|quota| quota.limit() as i64 - used.unwrap_or(0) >= units as i64);
        let arrival = plan
            .terms(method)
            .and_then(|terms| terms.bucket)
            .and_then(|bucket| self.item.as_ref()?.arrivals.get(&bucket.number).copied());
        let (mut has_room, mut is_beyond_full) = (true, false);
        if let Some((limits, arrival)) = self.limits_of(method).zip(arrival) {
            has_room = arrival <= wall - GATHERING + limits.full() - limits.cost(units);
            is_beyond_full = arrival > wall + limits.full();
        }
        Truth {
            has_units,
            has_room,
            is_beyond_full,
        }
    }

    /// Nothing is under way any more, and the books say so.
    fn check_drained(&self) -> Result<(), Broken> {
        for (counter, account) in self.ledger.accounts() {
            if account.in_flight != 0 {
                return Err(broken(Law::Quota, || {
                    format!("{counter:?} has units in flight at the end: {account:?}")
                }));
            }
            self.ledger.check(*counter, self.item.as_ref())?;
        }
        self.ledger.check_usage()
    }
}
