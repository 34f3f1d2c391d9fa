//! What an instance does with a bucket that others take from as well, case by case.

use super::{
    Answer, Asked, Bucket, Holding, Known, Meter, Refusal, Step, Terms, Verdict, Write,
    model::{at, call, net},
};
use crate::{
    Period, Quota, Reason, Throttle,
    time::{DAY, Nanos, SECOND},
};

const START: Nanos = 20_782 * DAY;
const MILLI: Nanos = SECOND / 1_000;

fn terms(rate: &str, burst: u64) -> Terms {
    Terms {
        plan_version: 1,
        quota: None,
        bucket: Some(Bucket {
            number: Bucket::PLAN,
            throttle: Throttle::new(rate.parse().unwrap(), Some(burst)).unwrap(),
        }),
        units: 1,
        buckets: [Bucket::PLAN].into_iter().collect(),
    }
}

fn attached() -> Option<Meter> {
    Some(Meter {
        plan_version: 1,
        ..Meter::default()
    })
}

/// Others take all but `free` units, and are known by nobody to have done so.
fn others_leave(item: &mut Option<Meter>, terms: &Terms, free: u64, now: Nanos) {
    let throttle = terms.bucket.unwrap().throttle;
    let taken = throttle.rate().cost(throttle.burst() - free).unwrap();
    item.as_mut()
        .unwrap()
        .arrivals
        .insert(Bucket::PLAN, now + taken);
}

#[test]
fn a_lease_leaves_half_of_the_bucket_and_ten_calls_where_others_call() {
    for (by_others, most) in [(0, 6), (5, 2)] {
        let (terms, mut item) = (terms("40", 12), attached());
        let mut holding = Holding::new(1_000, at(START));
        holding.learn(item.as_ref().map(Known::from).as_ref(), at(START));
        let mut largest = 0;
        for number in 0..200 {
            let now = at(START + number * 40 * MILLI);
            if let Asked::Charge(_, Write::Charge(write)) = holding.clone().ask(&terms, false, now)
            {
                largest = largest.max(write.net);
            }
            let (verdict, _) = call(&mut item, &mut holding, &terms, now);
            assert!(matches!(verdict, Verdict::Admitted { .. }), "{verdict:?}");
            let days = &mut item.as_mut().unwrap().days;
            *days.entry(START / DAY).or_default() += by_others;
        }
        assert_eq!(largest, most, "{by_others} by others");
    }
}

#[test]
fn a_bucket_that_others_race_for_is_left_alone_until_it_has_what_is_worth_a_write() {
    let terms = Terms {
        quota: Some(Quota::new(1_000_000, Period::Lifetime).unwrap()),
        ..terms("100", 100)
    };
    let mut item = attached();
    let mut holding = Holding::new(1_000, at(START));
    holding.learn(item.as_ref().map(Known::from).as_ref(), at(START));
    let mut ask = |item: &mut Option<Meter>, now| call(item, &mut holding, &terms, at(now));
    for number in 0..60 {
        let (verdict, _) = ask(&mut item, START + number * MILLI);
        assert!(matches!(verdict, Verdict::Admitted { .. }), "{verdict:?}");
    }
    // Its leases are over, and the others have left one unit: it takes that this once.
    let first = START + 1_200 * MILLI;
    others_leave(&mut item, &terms, 1, first);
    let (verdict, writes) = ask(&mut item, first);
    assert!(matches!(verdict, Verdict::Admitted { .. }), "{verdict:?}");
    assert_eq!(writes, 2);
    // The next time it does not, and says when there will be more.
    let second = first + 1_200 * MILLI;
    others_leave(&mut item, &terms, 1, second);
    for number in 0..4 {
        let (verdict, writes) = ask(&mut item, second + number);
        let Verdict::Refused(Refusal {
            reason: Reason::Throttled,
            retry_after: Some(wait),
            remaining: Some(1..),
        }) = verdict
        else {
            panic!("{number}: {verdict:?}");
        };
        assert_eq!(writes, usize::from(number == 0), "{number}");
        assert_eq!(wait, 100 * MILLI - number, "its pause after two lost races");
    }
    let (verdict, writes) = ask(&mut item, second + 101 * MILLI);
    assert!(matches!(verdict, Verdict::Admitted { .. }), "{verdict:?}");
    assert_eq!(writes, 1);
}

/// A first write that failed knows what the bucket has; where a second one fails too, others are
/// at it, and the call's own units are all that is asked for.
#[test]
fn a_second_write_takes_a_lease_and_a_third_one_a_call() {
    let (terms, mut item) = (terms("100", 100), attached());
    let mut holding = Holding::new(1_000, at(START));
    holding.learn(item.as_ref().map(Known::from).as_ref(), at(START));
    let mut begun = None;
    for _ in 0..4 {
        begun = Some(holding.ask(&terms, false, at(START)));
    }
    let Some(Asked::Charge(mut charge, first)) = begun else {
        panic!("{begun:?}");
    };
    let mut nets = vec![net(&first)];
    for free in [50, 40] {
        others_leave(&mut item, &terms, free, START);
        match charge.answer(&mut holding, Answer::Failed(item.clone()), &at(START)) {
            Step::Write(write) => nets.push(net(&write)),
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(nets, [4, 4, 1]);
}

#[test]
fn who_knew_nothing_of_a_bucket_has_lost_no_race_for_it() {
    let (terms, item) = (terms("100", 100), attached());
    for knows in [false, true] {
        let mut holding = Holding::new(1_000, at(START));
        if knows {
            holding.learn(item.as_ref().map(Known::from).as_ref(), at(START));
        }
        // More is wanted than one unit, so that a write for one is hardly worth it.
        for _ in 0..3 {
            drop(holding.ask(&terms, false, at(START)));
        }
        let mut item = item.clone();
        others_leave(&mut item, &terms, 1, START);
        let (verdict, writes) = call(&mut item, &mut holding, &terms, at(START));
        assert!(matches!(verdict, Verdict::Admitted { .. }), "{verdict:?}");
        assert_eq!(writes, 2);
        let lease = holding.lease_of(&terms).unwrap();
        assert_eq!(lease.holds.contended(1), knows);
    }
}
