use proptest::prelude::*;

use super::{
    Answer, Asked, Bucket, Buckets, Charge, Holding, Meter, Refusal, Step, Terms, Verdict, Write,
    model::{at, begin, call, charge},
    table::apply,
};
use crate::{
    Period, Quota, Rate, Reason, Throttle,
    time::{DAY, HOUR, Nanos, SECOND},
};

/// Noon of 2026-11-25.
const NOON: Nanos = 20_782 * DAY + 12 * HOUR;

fn throttle(rate: &str, burst: u64) -> Option<Bucket> {
    let rate: Rate = rate.parse().unwrap();
    Some(Bucket {
        number: Bucket::PLAN,
        throttle: Throttle::new(rate, Some(burst)).unwrap(),
    })
}

fn terms(quota: Option<(u64, Period)>, bucket: Option<Bucket>) -> Terms {
    let quota = quota.map(|(limit, period)| Quota::new(limit, period).unwrap());
    Terms {
        plan_version: 1,
        quota,
        bucket,
        units: 1,
        buckets: [0].into_iter().collect(),
    }
}

fn attached() -> Option<Meter> {
    Some(Meter {
        plan_version: 1,
        ..Meter::default()
    })
}

/// A charge under way, since an instant.
type Running = (Holding, Box<Charge>, Write, Nanos);

fn refusal(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Refused(refusal) => refusal,
        Verdict::Admitted { .. } => panic!("admitted"),
    }
}

/// The reason in words, for tables.
fn outcome(item: &mut Option<Meter>, terms: Terms, now: Nanos) -> &'static str {
    match charge(item, terms, now, None).0 {
        Verdict::Admitted { .. } => "admitted",
        Verdict::Refused(refusal) => refusal.reason.as_str(),
    }
}

#[test]
fn a_quota_is_used_to_its_last_unit_and_no_further() {
    let mut item = attached();
    let terms = terms(Some((3, Period::Day)), None);
    let left: Vec<_> = (0..3)
        .map(|_| charge(&mut item, terms, NOON, None))
        .collect();
    assert_eq!(
        left,
        [2, 1, 0].map(|left| (
            Verdict::Admitted {
                remaining: Some(left)
            },
            1
        ))
    );
    let refusal = refusal(charge(&mut item, terms, NOON, None).0);
    assert_eq!(
        refusal,
        Refusal {
            reason: Reason::QuotaExceeded,
            retry_after: Some(12 * HOUR),
            remaining: Some(0)
        }
    );
    assert_eq!(
        outcome(&mut item, terms, NOON + 12 * HOUR),
        "admitted",
        "a new day"
    );
}

#[test]
fn every_period_opens_anew_at_its_next_start_and_lifetime_never() {
    for period in Period::ALL {
        let mut item = attached();
        let terms = terms(Some((1, period)), None);
        assert_eq!(outcome(&mut item, terms, NOON), "admitted");
        let refusal = refusal(charge(&mut item, terms, NOON, None).0);
        match refusal.retry_after {
            Some(wait) => {
                assert_eq!(
                    outcome(&mut item, terms, NOON + wait - 1),
                    "quota_exceeded",
                    "{period}"
                );
                assert_eq!(
                    outcome(&mut item, terms, NOON + wait),
                    "admitted",
                    "{period}"
                );
            }
            None => assert_eq!(
                (period, outcome(&mut item, terms, NOON + 1_000 * DAY)),
                (Period::Lifetime, "quota_exceeded")
            ),
        }
    }
}

#[test]
fn a_burst_passes_at_once_and_a_refusal_says_when_the_next_unit_comes() {
    let mut item = attached();
    let terms = terms(None, throttle("2", 3));
    for _ in 0..3 {
        assert_eq!(outcome(&mut item, terms, NOON), "admitted");
    }
    let refusal = refusal(charge(&mut item, terms, NOON, None).0);
    assert_eq!(
        refusal,
        Refusal {
            reason: Reason::Throttled,
            retry_after: Some(SECOND / 2),
            remaining: None
        }
    );
    assert_eq!(
        outcome(&mut item, terms, NOON + SECOND / 2 - 1),
        "throttled"
    );
    assert_eq!(outcome(&mut item, terms, NOON + SECOND / 2), "admitted");
}

#[test]
fn a_refused_call_charges_nothing() {
    let mut item = attached();
    let both = terms(Some((1, Period::Day)), throttle("1", 5));
    assert_eq!(outcome(&mut item, both, NOON), "admitted");
    let before = item.clone();
    assert_eq!(outcome(&mut item, both, NOON), "quota_exceeded");
    assert_eq!(
        item, before,
        "the throttle was not charged for a call that the quota refused"
    );
    let mut item = attached();
    let both = terms(Some((5, Period::Day)), throttle("1", 1));
    assert_eq!(outcome(&mut item, both, NOON), "admitted");
    let before = item.clone();
    assert_eq!(outcome(&mut item, both, NOON), "throttled");
    assert_eq!(
        item, before,
        "the quota was not charged for a call that the throttle refused"
    );
}

#[test]
fn who_is_refused_by_a_throttle_is_told_what_is_left_of_the_quota() {
    let both = terms(Some((5, Period::Day)), throttle("1", 1));
    let mut item = attached();
    assert_eq!(outcome(&mut item, both, NOON), "admitted");
    let empty = refusal(charge(&mut item, both, NOON, None).0);
    assert_eq!(
        (empty.reason, empty.remaining),
        (Reason::Throttled, Some(4))
    );
    let known = item.clone();
    let empty = refusal(charge(&mut item, both, NOON, known.as_ref()).0);
    assert_eq!(
        (empty.reason, empty.remaining),
        (Reason::Throttled, Some(4))
    );
    // Fuller than full, as a lower burst leaves it.
    item.as_mut().unwrap().arrivals.insert(0, NOON + DAY);
    let clamped = refusal(charge(&mut item, both, NOON, None).0);
    assert_eq!(
        (clamped.reason, clamped.remaining),
        (Reason::Throttled, Some(4))
    );
}

#[test]
fn zero_lets_nothing_through_and_asks_nobody() {
    let zeros = [
        (terms(Some((0, Period::Day)), None), "quota_exceeded"),
        (terms(None, throttle("0", 5)), "throttled"),
        (terms(None, throttle("5", 0)), "throttled"),
        (
            Terms {
                units: 6,
                ..terms(None, throttle("5", 5))
            },
            "throttled",
        ),
        (
            Terms {
                units: 6,
                ..terms(Some((5, Period::Day)), None)
            },
            "quota_exceeded",
        ),
    ];
    for (terms, expected) in zeros {
        let (verdict, writes) = charge(&mut attached(), terms, NOON, None);
        assert_eq!(
            (refusal(verdict).reason.as_str(), writes),
            (expected, 0),
            "{terms:?}"
        );
    }
}

/// Of a limit of 0 nothing is left; of another one only the meter knows.
#[test]
fn what_the_plan_alone_refuses_tells_what_the_plan_alone_knows() {
    for (limit, units, remaining) in [(0, 1, Some(0)), (0, 5, Some(0)), (2, 3, None)] {
        let dear = Terms {
            units,
            ..terms(Some((limit, Period::Day)), None)
        };
        let refusal = refusal(charge(&mut attached(), dear, NOON, None).0);
        assert_eq!(refusal.remaining, remaining, "{limit}, {units}");
        assert_eq!(refusal.retry_after, None);
    }
}

/// A decision lives for one second: an answer of its last instant counts, one after it does not.
#[test]
fn a_decision_lives_for_a_second_and_not_a_moment_longer() {
    let plain = terms(Some((5, Period::Day)), None);
    let unavailable = Step::Done(Verdict::refused(Reason::Unavailable));
    for (after, lives) in [(SECOND, true), (SECOND + 1, false), (3 * SECOND, false)] {
        let now = at(NOON + after);
        let (mut holding, mut charge, write) = begin(plain, NOON, None);
        let applied = apply(&mut attached(), &write);
        let step = charge.answer(&mut holding, applied, &now);
        assert_eq!(step != unavailable, lives, "admitted after {after} ns");

        let (mut holding, mut charge, _) = begin(plain, NOON, None);
        let step = charge.answer(&mut holding, Answer::Conflict, &now);
        assert_eq!(
            matches!(step, Step::WriteAfter(..)),
            lives,
            "sent again after {after} ns"
        );
        assert!(lives || step == unavailable);

        let (mut holding, mut charge, _) = begin(plain, NOON, None);
        let step = charge.answer(&mut holding, Answer::Failed(attached()), &now);
        assert_eq!(
            matches!(step, Step::Write(_)),
            lives,
            "tried again after {after} ns"
        );

        let (mut holding, mut charge, _) = begin(plain, NOON, None);
        let changed = Meter {
            plan_version: 2,
            ..Meter::default()
        };
        let step = charge.answer(&mut holding, Answer::Failed(Some(changed)), &now);
        let expected = if lives {
            Step::ReadPlan
        } else {
            unavailable.clone()
        };
        assert_eq!(step, expected, "the plan is read after {after} ns");
    }
}

/// A state with room that refuses each write is no true one.
#[test]
fn a_charge_gives_up_after_four_attempts() {
    let plain = terms(Some((5, Period::Day)), None);
    let (mut holding, mut charge, _) = begin(plain, NOON, None);
    let mut writes = 1;
    let end = loop {
        match charge.answer(&mut holding, Answer::Failed(attached()), &at(NOON)) {
            Step::Write(_) if writes < 10 => writes += 1,
            end => break end,
        }
    };
    assert_eq!(writes, 4);
    assert_eq!(end, Step::Done(Verdict::refused(Reason::Unavailable)));
}

#[test]
fn a_call_that_costs_more_takes_all_of_it_or_nothing() {
    let mut item = attached();
    let dear = Terms {
        units: 3,
        ..terms(Some((4, Period::Day)), throttle("1", 10))
    };
    assert_eq!(outcome(&mut item, dear, NOON), "admitted");
    let refused = refusal(charge(&mut item, dear, NOON, None).0);
    assert_eq!(
        (refused.reason, refused.remaining),
        (Reason::QuotaExceeded, Some(1)),
        "what is left, not 0"
    );
    assert_eq!(
        outcome(&mut item, Terms { units: 1, ..dear }, NOON),
        "admitted"
    );
}

#[test]
fn without_a_meter_or_with_a_tombstone_there_is_no_plan() {
    let terms = terms(Some((5, Period::Day)), None);
    assert_eq!(outcome(&mut None, terms, NOON), "no_usage_plan");
    let mut off = Some(Meter {
        detached: true,
        plan_version: 1,
        ..Meter::default()
    });
    assert_eq!(outcome(&mut off, terms, NOON), "no_usage_plan");
}

#[test]
fn a_known_state_makes_the_first_write_right() {
    let mut item = attached();
    let terms = terms(None, throttle("1", 10));
    assert_eq!(
        charge(&mut item, terms, NOON, None).1,
        1,
        "idle was guessed"
    );
    let known = item.clone();
    assert_eq!(
        charge(&mut item, terms, NOON, known.as_ref()).1,
        1,
        "busy was known"
    );
    assert_eq!(
        charge(&mut item, terms, NOON, None).1,
        2,
        "idle was guessed and wrong"
    );
}

#[test]
fn buckets_and_windows_gone_by_are_dropped_by_the_next_charge() {
    let old = 20_700 * 24;
    let mut item = attached().map(|mut meter| {
        meter.arrivals.insert(7, NOON - SECOND);
        // One for LIFETIME, and nine of hours long gone: one more than are kept.
        meter.windows.extend((0..9).map(|hour| (old + hour, 5)));
        meter.windows.insert(0, 9);
        meter
    });
    let known = item.clone();
    charge(
        &mut item,
        terms(Some((9, Period::Day)), throttle("1", 1)),
        NOON,
        known.as_ref(),
    );
    let meter = item.unwrap();
    assert_eq!(meter.arrivals.keys().copied().collect::<Vec<_>>(), [0]);
    let mut kept: Vec<_> = (1..9).map(|hour| old + hour).collect();
    kept.insert(0, 0);
    kept.push(20_782 * 24);
    assert_eq!(meter.windows.keys().copied().collect::<Vec<_>>(), kept);
}

#[test]
fn no_bucket_that_the_plan_has_is_dropped_whatever_its_number() {
    for number in [0, 63, 64, 255, 256, u16::MAX] {
        let throttle = Throttle::new("1".parse().unwrap(), Some(3)).unwrap();
        let bucket = Some(Bucket { number, throttle });
        let terms = Terms {
            buckets: [number].into_iter().collect(),
            ..terms(None, bucket)
        };
        let mut item = attached();
        for _ in 0..3 {
            let known = item.clone();
            let (verdict, _) = charge(&mut item, terms, NOON, known.as_ref());
            assert_eq!(verdict, Verdict::Admitted { remaining: None });
        }
        let known = item.clone();
        let (_, _, write) = begin(terms, NOON + 10 * SECOND, known.as_ref());
        let Write::Charge(write) = write else {
            panic!("{write:?}")
        };
        assert_eq!(write.drop_buckets, [], "bucket {number}");
    }
}

#[test]
fn a_set_of_buckets_has_what_was_put_in_and_forgets_none() {
    let full: Buckets = (0..25).map(|number| number * 2_700).collect();
    assert!((0..25).all(|number| full.contains(number * 2_700)));
    assert!(!full.contains(1) && !Buckets::default().contains(0));
    let beyond: Buckets = (0..26).collect();
    assert!(
        beyond.contains(25),
        "rather one too many than a bucket dropped"
    );
}

#[test]
fn a_later_plan_is_read_and_decided_by_with_the_same_clock() {
    let mut item = Some(Meter {
        plan_version: 2,
        ..Meter::default()
    });
    let old = terms(Some((5, Period::Day)), None);
    let (mut holding, mut charge, write) = begin(old, NOON, None);
    assert_eq!(
        charge.answer(&mut holding, apply(&mut item, &write), &at(NOON + 1)),
        Step::ReadPlan
    );
    let new = Terms {
        plan_version: 2,
        ..old
    };
    let step = charge.renew(&mut holding, new);
    let Step::Write(write) = step else {
        panic!("{step:?}")
    };
    assert_eq!(
        charge.answer(&mut holding, apply(&mut item, &write), &at(NOON + 2)),
        Step::Done(Verdict::Admitted { remaining: Some(4) })
    );
    assert_eq!(item.unwrap().plan_version, 2);
}

#[test]
fn a_bucket_that_a_lower_burst_left_fuller_than_full_is_clamped() {
    let mut item = attached();
    let wide = terms(None, throttle("0.001", 100));
    for _ in 0..50 {
        assert_eq!(outcome(&mut item, wide, NOON), "admitted");
    }
    let narrow = Terms {
        plan_version: 2,
        ..terms(None, throttle("0.001", 2))
    };
    let refusal = refusal(charge(&mut item, narrow, NOON, None).0);
    assert_eq!(
        refusal.retry_after,
        Some(1_000 * SECOND),
        "one unit's time, not that of 48"
    );
    assert_eq!(
        outcome(&mut item, narrow, NOON + 1_000 * SECOND),
        "admitted"
    );
}

#[test]
fn lawful_skew_is_not_clamped() {
    let mut item = attached();
    let terms = terms(None, throttle("1", 1));
    assert_eq!(
        outcome(&mut item, terms, NOON + SECOND / 5),
        "admitted",
        "a clock 200 ms ahead"
    );
    let arrival = item.as_ref().unwrap().arrivals[&0];
    assert_eq!(outcome(&mut item, terms, NOON), "throttled");
    assert_eq!(item.unwrap().arrivals[&0], arrival);
}

/// Clocks may differ by a fifth of a second; a plan that was lowered is a reason of its own.
#[test]
fn what_is_fuller_than_full_is_clamped_where_no_clock_explains_it() {
    let fifth = SECOND / 5;
    for (version, over, wait) in [
        (1, fifth, SECOND + fifth),
        (1, fifth + 1, SECOND),
        (2, 1, SECOND),
    ] {
        let mut item = attached();
        let full = NOON + SECOND;
        item.as_mut().unwrap().arrivals.insert(0, full + over);
        let terms = Terms {
            plan_version: version,
            ..terms(None, throttle("1", 1))
        };
        let refusal = refusal(charge(&mut item, terms, NOON, None).0);
        assert_eq!(refusal.retry_after, Some(wait), "version {version}, {over}");
    }
}

#[test]
fn what_was_not_applied_is_sent_again_three_times() {
    let (mut holding, mut charge, first) = begin(terms(None, None), NOON, None);
    for (least, unapplied) in [
        (20, Answer::Throttled),
        (40, Answer::Conflict),
        (80, Answer::Throttled),
    ] {
        let step = charge.answer(&mut holding, unapplied, &at(NOON));
        let Step::WriteAfter(wait, most, again) = step else {
            panic!("{step:?}")
        };
        assert_eq!(
            (wait.as_millis(), most.as_millis(), &again),
            (least, 2 * least, &first)
        );
    }
    let step = charge.answer(&mut holding, Answer::Throttled, &at(NOON));
    let Step::Done(verdict) = step else {
        panic!("{step:?}")
    };
    assert_eq!(refusal(verdict).reason, Reason::Unavailable);
}

#[test]
fn a_lost_answer_is_worth_one_more_charge() {
    let mut item = attached();
    let terms = terms(Some((5, Period::Day)), None);
    let (mut holding, mut charge, write) = begin(terms, NOON, None);
    apply(&mut item, &write);
    let Step::Write(write) = charge.answer(&mut holding, Answer::Unknown, &at(NOON)) else {
        panic!()
    };
    let step = charge.answer(&mut holding, apply(&mut item, &write), &at(NOON));
    assert_eq!(
        step,
        Step::Done(Verdict::Admitted { remaining: Some(3) }),
        "the lost one is given up, not taken back"
    );
    let (mut holding, mut charge, _) = begin(terms, NOON, None);
    charge.answer(&mut holding, Answer::Unknown, &at(NOON));
    let Step::Done(verdict) = charge.answer(&mut holding, Answer::Unknown, &at(NOON)) else {
        panic!()
    };
    assert_eq!(refusal(verdict).reason, Reason::Unavailable);
}

#[test]
fn an_answer_that_comes_too_late_admits_nobody() {
    let mut item = attached();
    let (mut holding, mut charge, write) = begin(terms(None, None), NOON, None);
    let answer = apply(&mut item, &write);
    let late = charge.answer(&mut holding, answer, &at(NOON + SECOND + 1));
    let Step::Done(verdict) = late else {
        panic!("{late:?}")
    };
    assert_eq!(refusal(verdict).reason, Reason::Unavailable);
}

#[test]
fn a_bucket_fuller_than_full_is_set_right_though_another_was_charged_under_the_new_plan() {
    let mut item = attached();
    let of = |version, number, rate: &str| Terms {
        plan_version: version,
        bucket: throttle(rate, 5).map(|bucket| Bucket { number, ..bucket }),
        buckets: [0, 1].into_iter().collect(),
        ..terms(None, None)
    };
    for _ in 0..5 {
        assert_eq!(outcome(&mut item, of(1, 0, "0.1"), NOON), "admitted");
    }
    // The other bucket's charge is the first under version 2, and its answer tells of both.
    let mut holding = Holding::new(1_000, at(NOON));
    let (verdict, _) = call(&mut item, &mut holding, &of(2, 1, "1"), at(NOON));
    assert_eq!(verdict, Verdict::Admitted { remaining: None });
    let (verdict, writes) = call(&mut item, &mut holding, &of(2, 0, "1"), at(NOON));
    assert_eq!(refusal(verdict).retry_after, Some(SECOND), "of 50");
    assert_eq!(writes, 2, "a charge that meets it, and the clamp");
    let later = at(NOON + SECOND);
    let (verdict, _) = call(&mut item, &mut holding, &of(2, 0, "1"), later);
    assert_eq!(verdict, Verdict::Admitted { remaining: None });
}

/// What can happen to one write on its way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    LostBefore,
    LostAfter,
    Doubled,
    Busy,
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Answered),
        1 => Just(Fate::LostBefore),
        1 => Just(Fate::LostAfter),
        1 => Just(Fate::Doubled),
        1 => Just(Fate::Busy),
    ]
}

fn deliver(item: &mut Option<Meter>, write: &Write, fate: Fate) -> Answer {
    match fate {
        Fate::Answered => apply(item, write),
        Fate::LostBefore => Answer::Unknown,
        Fate::Busy => Answer::Conflict,
        Fate::LostAfter => {
            apply(item, write);
            Answer::Unknown
        }
        Fate::Doubled => {
            let answer = apply(item, write);
            apply(item, write);
            answer
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Several instances whose writes interleave at will, with skewed clocks, lost, doubled
    /// and refused writes: a window is never charged over its limit, what is admitted is
    /// charged, and four attempts always reach an answer.
    #[test]
    fn no_interleaving_admits_more_than_the_limit(
        limit in prop_oneof![1u64..12, 1_000u64..100_000],
        burst in 1u64..12,
        lease_max in prop::sample::select(vec![1u64, 3, 1_000]),
        skews in prop::collection::vec(-100i64..=100, 2..5),
        moves in prop::collection::vec((0usize..8, 0i64..400, fates()), 1..120),
    ) {
        let terms = terms(Some((limit, Period::Hour)), throttle("5", burst));
        let mut item = attached();
        let mut running: Vec<Option<(Box<Charge>, Write)>> = skews.iter().map(|_| None).collect();
        let mut holdings: Vec<Holding> = skews.iter().map(|_| Holding::new(lease_max, at(NOON))).collect();
        let mut now = NOON + HOUR / 2;
        let mut admitted = 0;
        for (who, wait, fate) in moves {
            let who = who % skews.len();
            now += wait * 1_000_000 / 8;
            let clock = at(now + skews[who] * 1_000_000);
            let holding = &mut holdings[who];
            let (charge, step) = match running[who].take() {
                None => match holding.ask(&terms, false, clock) {
                    Asked::Charge(charge, write) => (Some(charge), Step::Write(write)),
                    Asked::Done(verdict) => (None, Step::Done(verdict)),
                },
                Some((mut charge, write)) => {
                    let answer = deliver(&mut item, &write, fate);
                    let step = charge.answer(holding, answer, &clock);
                    (Some(charge), step)
                }
            };
            match (charge, step) {
                (Some(charge), Step::Write(write) | Step::WriteAfter(_, _, write)) => running[who] = Some((charge, write)),
                (_, Step::Done(Verdict::Admitted { .. })) => admitted += 1,
                (_, Step::Done(Verdict::Refused(refusal))) => prop_assert_ne!(refusal.reason, Reason::NoUsagePlan),
                (_, step) => prop_assert!(false, "no later plan: {:?}", step),
            }
            let meter = item.as_ref().unwrap();
            let charged = meter.windows.values().sum::<i64>();
            prop_assert!(charged <= limit as i64, "charged {} of {}", charged, limit);
            prop_assert!(admitted <= charged, "admitted {} of {} charged", admitted, charged);
            prop_assert_eq!(meter.days.values().sum::<i64>(), charged, "history tells the same");
        }
    }

    /// Without faults a charge that met others in between still ends in a true answer.
    #[test]
    fn four_attempts_reach_a_true_answer(
        burst in 1u64..8,
        moves in prop::collection::vec((0usize..6, 0i64..50), 1..150),
    ) {
        let terms = terms(None, throttle("20", burst));
        let mut item = attached();
        let mut running: Vec<Option<Running>> = (0..6).map(|_| None).collect();
        let mut now = NOON;
        for (who, wait) in moves {
            now += wait * 1_000_000;
            let (holding, charge, step, since) = match running[who].take() {
                None => {
                    let (holding, charge, write) = begin(terms, now, None);
                    (holding, charge, Step::Write(write), now)
                }
                Some((mut holding, mut charge, write, since)) => {
                    let step = charge.answer(&mut holding, apply(&mut item, &write), &at(now));
                    (holding, charge, step, since)
                }
            };
            match step {
                Step::Write(write) => running[who] = Some((holding, charge, write, since)),
                Step::Done(Verdict::Refused(refusal)) => {
                    let outlived = refusal.reason == Reason::Unavailable && now - since > SECOND;
                    prop_assert!(refusal.reason == Reason::Throttled || outlived, "{:?}", refusal);
                }
                Step::Done(Verdict::Admitted { .. }) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
