//! What DynamoDB does with a write to a meter: condition and update as the store words them. For
//! the tests of this module and those in tests/plain.

use latchkey_domain::meter::{Answer, ChargeWrite, ClampWrite, Form, Meter, ReturnWrite, Write};

pub(crate) fn apply(item: &mut Option<Meter>, write: &Write) -> Answer {
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

/// Whether a return was applied.
pub(crate) fn give_back(item: &mut Option<Meter>, write: &ReturnWrite) -> bool {
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
