//! Which form the write of a charge has: for a bucket that is idle, or for one that is busy.

use super::{
    Answer, Asked, Bucket, Form, Holding, Known, Meter, Step, Terms, Write,
    model::{at, without_leases},
};
use crate::{
    Throttle,
    time::{DAY, Nanos, SECOND},
};

const NOW: Nanos = 20_782 * DAY;
/// One unit of a bucket of ten a second.
const UNIT: Nanos = SECOND / 10;
/// So long a bucket may have been idle to be charged as a busy one, where there are leases.
const SLACK: Nanos = SECOND / 4;

fn terms() -> Terms {
    Terms {
        plan_version: 1,
        quota: None,
        bucket: Some(Bucket {
            number: Bucket::PLAN,
            throttle: Throttle::new("10".parse().unwrap(), Some(20)).unwrap(),
        }),
        units: 1,
        buckets: [Bucket::PLAN].into_iter().collect(),
    }
}

/// A meter whose bucket is full again at `arrival`.
fn meter(arrival: Nanos) -> Meter {
    Meter {
        plan_version: 1,
        arrivals: [(Bucket::PLAN, arrival)].into(),
        ..Meter::default()
    }
}

/// A holding that knows the meter and may take leases.
fn with_leases(known: &Meter) -> Holding {
    let mut holding = Holding::new(1_000, at(NOW));
    holding.learn(Some(&Known::from(known)), at(NOW));
    holding
}

fn form(write: &Write) -> Form {
    match write {
        Write::Charge(write) => write.throttle.unwrap().form,
        Write::Clamp(clamp) => panic!("{clamp:?}"),
    }
}

/// The form of the first write, and of the second one where the first met `met`.
fn forms(mut holding: Holding, met: &Meter) -> (Form, Form) {
    let Asked::Charge(mut charge, first) = holding.ask(&terms(), false, at(NOW)) else {
        panic!("decided from memory");
    };
    let step = charge.answer(&mut holding, Answer::Failed(Some(met.clone())), &at(NOW));
    let Step::Write(second) = step else {
        panic!("{step:?}");
    };
    (form(&first), form(&second))
}

const IDLE: Form = Form::Idle {
    now: NOW,
    arrival: NOW + UNIT,
};

/// Taken as busy where the last arrival is later than `above`.
fn busy(above: Nanos) -> Form {
    Form::Busy {
        above,
        room: NOW + 19 * UNIT,
        cost: UNIT,
    }
}

#[test]
fn without_leases_a_bucket_is_busy_from_the_next_nanosecond_on() {
    for (arrival, expected) in [
        (NOW - 1, IDLE),
        (NOW, IDLE),
        (NOW + 1, busy(NOW)),
        (NOW + 19 * UNIT, busy(NOW)),
    ] {
        let meter = meter(arrival);
        let holding = without_leases(Some(&meter), at(NOW));
        assert_eq!(forms(holding, &meter), (expected, expected), "{arrival}");
    }
}

/// Many instances that share a bucket find it now idle, now busy: the second write allows for it.
#[test]
fn with_leases_the_second_write_takes_one_as_busy_that_was_so_lately() {
    for (arrival, first, second) in [
        (NOW - SLACK, IDLE, IDLE),
        (NOW - SLACK + 1, IDLE, busy(NOW - SLACK)),
        (NOW, IDLE, busy(NOW - SLACK)),
        (NOW + 1, busy(NOW - SLACK), busy(NOW - SLACK)),
    ] {
        let meter = meter(arrival);
        assert_eq!(
            forms(with_leases(&meter), &meter),
            (first, second),
            "{arrival}"
        );
    }
}

/// More than this call's units are charged by others in the time in which a bucket counts as busy.
#[test]
fn a_bucket_that_others_charge_often_is_taken_as_busy_at_first_sight_and_not_twice() {
    let idle = meter(NOW - SECOND);
    for (others, first) in [
        (0, IDLE),
        (2, IDLE),
        (4, IDLE),
        (6, busy(NOW - SLACK)),
        (100, busy(NOW - SLACK)),
    ] {
        let mut holding = with_leases(&idle);
        // So long that what was known before does not count.
        holding.others.saw(others * 100, 100 * SECOND);
        assert_eq!(forms(holding, &idle), (first, IDLE), "{others} a second");
        let mut holding = without_leases(Some(&idle), at(NOW));
        holding.others.saw(others * 100, 100 * SECOND);
        assert_eq!(
            forms(holding, &idle).0,
            IDLE,
            "each call is charged by itself"
        );
    }
}
