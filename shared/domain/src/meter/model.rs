//! The store and the callers as plainly as they can be said, to hold charges against.

use std::collections::BTreeMap;

use super::{Answer, Charge, ChargeWrite, ClampWrite, Form, Meter, Step, Terms, Verdict, Write};
use crate::{Reading, time::Nanos};

/// What DynamoDB would do with a write: condition and update as the store words them.
pub(super) fn apply(item: &mut Option<Meter>, write: &Write) -> Answer {
    let Some(meter) = item else {
        return Answer::Failed(None);
    };
    let holds = match write {
        Write::Charge(charge) => charge_holds(meter, charge),
        Write::Clamp(clamp) => clamp_holds(meter, clamp),
    };
    if !holds {
        return Answer::Failed(Some(meter.clone()));
    }
    match write {
        Write::Charge(charge) => charge_applies(meter, charge),
        Write::Clamp(clamp) => {
            meter.plan_version = clamp.plan_version;
            meter.arrivals.insert(clamp.bucket, clamp.arrival);
        }
    }
    Answer::Applied(meter.clone())
}

fn charge_holds(meter: &Meter, charge: &ChargeWrite) -> bool {
    let used = |window| meter.windows.get(&window).copied();
    let quota = charge
        .quota
        .is_none_or(|quota| used(quota.window).is_none_or(|used| used <= quota.at_most));
    let throttle = charge.throttle.is_none_or(|throttle| {
        let arrival = meter.arrivals.get(&throttle.bucket).copied();
        match throttle.form {
            Form::Idle { now, .. } => arrival.is_none_or(|arrival| arrival <= now),
            Form::Busy { above, room, .. } => {
                arrival.is_some_and(|arrival| arrival > above && arrival <= room)
            }
        }
    });
    !meter.detached && meter.plan_version <= charge.plan_version && quota && throttle
}

fn charge_applies(meter: &mut Meter, charge: &ChargeWrite) {
    meter.plan_version = charge.plan_version;
    let units = charge.units as i64;
    *meter.days.entry(charge.day).or_default() += units;
    if let Some(quota) = charge.quota {
        *meter.windows.entry(quota.window).or_default() += units;
    }
    if let Some(throttle) = charge.throttle {
        let arrival = meter.arrivals.entry(throttle.bucket).or_default();
        *arrival = match throttle.form {
            Form::Idle { arrival, .. } => arrival,
            Form::Busy { cost, .. } => *arrival + cost,
        };
    }
    meter
        .arrivals
        .retain(|bucket, _| !charge.drop_buckets.contains(bucket));
    meter
        .windows
        .retain(|window, _| !charge.drop_windows.contains(window));
}

fn clamp_holds(meter: &Meter, clamp: &ClampWrite) -> bool {
    !meter.detached
        && meter.plan_version <= clamp.plan_version
        && meter.arrivals.get(&clamp.bucket) == Some(&clamp.seen)
}

/// A reading in which both clocks say `now`.
pub(super) fn at(now: Nanos) -> Reading {
    Reading {
        wall: now,
        steady: now,
    }
}

/// Carries a charge through without faults and without others in between.
pub(super) fn charge(
    item: &mut Option<Meter>,
    terms: Terms,
    now: Nanos,
    known: Option<&Meter>,
) -> (Verdict, usize) {
    let (mut charge, mut step) = Charge::begin(terms, at(now), known);
    let mut writes = 0;
    loop {
        match step {
            Step::Done(verdict) => return (verdict, writes),
            Step::Write(write) => {
                writes += 1;
                step = charge.answer(apply(item, &write), &at(now));
            }
            Step::WriteAfter(..) | Step::ReadPlan => {
                panic!("no fault and no later plan in this world: {step:?}")
            }
        }
    }
}

/// A token bucket and a counter, each in exact fractions: what a meter is, said plainly.
pub(super) struct Plain {
    /// Tokens times the nanoseconds that one takes, so that nothing is rounded.
    pub(super) tokens: i128,
    pub(super) refilled: Nanos,
    pub(super) used: BTreeMap<i64, u64>,
}

impl Plain {
    /// Full, at `now`, where a token is `nanos` long.
    pub(super) fn full(burst: u64, nanos: Nanos, now: Nanos) -> Self {
        Self {
            tokens: i128::from(burst) * i128::from(nanos),
            refilled: now,
            used: BTreeMap::new(),
        }
    }

    /// Takes `units` if bucket and quota both have them.
    pub(super) fn take(
        &mut self,
        units: u64,
        (burst, nanos): (u64, Nanos),
        (limit, window): (u64, i64),
        now: Nanos,
    ) -> bool {
        let most = i128::from(burst) * i128::from(nanos);
        self.tokens = (self.tokens + i128::from(now - self.refilled)).min(most);
        self.refilled = now;
        let price = i128::from(units) * i128::from(nanos);
        let used = self.used.entry(window).or_default();
        if self.tokens < price || *used + units > limit {
            return false;
        }
        self.tokens -= price;
        *used += units;
        true
    }
}
