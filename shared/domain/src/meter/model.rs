//! The store and the callers as plainly as they can be said. (A plain model of the whole is in
//! tests/plain.)

use super::{
    Answer, Asked, Charge, ChargeWrite, ClampWrite, Form, Holding, Meter, ReturnWrite, Step, Terms,
    Verdict, Write,
};
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
    let net = charge.net as i64;
    if net > 0 {
        *meter.days.entry(charge.day).or_default() += net;
    }
    if let Some(quota) = charge.quota.filter(|_| net > 0) {
        *meter.windows.entry(quota.window).or_default() += net;
    }
    if charge.by_previous {
        meter.previous_charged = Some(charge.day);
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

/// What DynamoDB would do with a return.
pub(super) fn give_back(item: &mut Option<Meter>, write: &ReturnWrite) -> bool {
    let returned = write.returned;
    let Some(meter) = item.as_mut().filter(|meter| meter.ticket == write.ticket) else {
        return false;
    };
    let has_window = |start| meter.windows.contains_key(&start);
    let has_day = returned.of_day == 0 || meter.days.contains_key(&returned.day);
    if !returned.window.is_none_or(has_window) || !has_day {
        return false;
    }
    if let Some(start) = returned.window {
        *meter.windows.entry(start).or_default() -= returned.units as i64;
    }
    if returned.of_day > 0 {
        *meter.days.entry(returned.day).or_default() -= returned.of_day as i64;
    }
    meter.ticket += 1;
    true
}

/// A holding that knows what was just read, without leases.
pub(super) fn without_leases(known: Option<&Meter>, now: Reading) -> Holding {
    let mut holding = Holding::new(1, now);
    holding.learn(known, now);
    holding
}

/// Begins a charge of one call without leases.
pub(super) fn begin(
    terms: Terms,
    now: Nanos,
    known: Option<&Meter>,
) -> (Holding, Box<Charge>, Write) {
    let mut holding = without_leases(known, at(now));
    match holding.ask(&terms, false, at(now)) {
        Asked::Charge(charge, write) => (holding, charge, write),
        Asked::Done(verdict) => panic!("decided from memory: {verdict:?}"),
    }
}

/// Carries a call through without faults and without others in between; returns the writes that
/// it took.
pub(super) fn call(
    item: &mut Option<Meter>,
    holding: &mut Holding,
    terms: &Terms,
    now: Reading,
) -> (Verdict, usize) {
    let (mut charge, mut write) = match holding.ask(terms, false, now) {
        Asked::Done(verdict) => return (verdict, 0),
        Asked::Charge(charge, write) => (charge, write),
    };
    let mut writes = 0;
    loop {
        writes += 1;
        match charge.answer(holding, apply(item, &write), &now) {
            Step::Done(verdict) => return (verdict, writes),
            Step::Write(next) => write = next,
            step @ (Step::WriteAfter(..) | Step::ReadPlan) => {
                panic!("no fault and no later plan in this world: {step:?}")
            }
        }
    }
}

/// The same for somebody who comes new, without leases.
pub(super) fn charge(
    item: &mut Option<Meter>,
    terms: Terms,
    now: Nanos,
    known: Option<&Meter>,
) -> (Verdict, usize) {
    let mut holding = without_leases(known, at(now));
    call(item, &mut holding, &terms, at(now))
}
