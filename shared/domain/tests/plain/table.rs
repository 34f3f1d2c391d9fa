//! What DynamoDB does with a write to a meter: condition and update as the store words them.

use latchkey_domain::meter::{Answer, ChargeWrite, ClampWrite, Form, Meter, ReturnWrite, Write};

pub(crate) fn apply(item: Option<&mut Meter>, write: &Write) -> Answer {
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
    let units = charge.net as i64;
    if units > 0 {
        *meter.days.entry(charge.day).or_default() += units;
        if let Some(quota) = charge.quota {
            *meter.windows.entry(quota.window).or_default() += units;
        }
    }
    if let Some(throttle) = charge.throttle {
        let arrival = meter.arrivals.entry(throttle.bucket).or_default();
        *arrival = match throttle.form {
            Form::Idle { arrival, .. } => arrival,
            Form::Busy { cost, .. } => *arrival + cost,
        };
    }
    let (buckets, windows) = (&charge.drop_buckets, &charge.drop_windows);
    meter.arrivals.retain(|bucket, _| !buckets.contains(bucket));
    meter.windows.retain(|window, _| !windows.contains(window));
}

fn clamp_holds(meter: &Meter, clamp: &ClampWrite) -> bool {
    !meter.detached
        && meter.plan_version <= clamp.plan_version
        && meter.arrivals.get(&clamp.bucket) == Some(&clamp.seen)
}

/// Whether a return was applied.
pub(crate) fn give_back(meter: &mut Meter, write: &ReturnWrite) -> bool {
    let back = write.returned;
    let has_window = |start| meter.windows.contains_key(&start);
    let has_day = back.of_day == 0 || meter.days.contains_key(&back.day);
    if meter.ticket != write.ticket || !back.window.is_none_or(has_window) || !has_day {
        return false;
    }
    meter.ticket += 1;
    if let Some(start) = back.window {
        *meter.windows.entry(start).or_default() -= back.units as i64;
    }
    if back.of_day > 0 {
        *meter.days.entry(back.day).or_default() -= back.of_day as i64;
    }
    true
}
