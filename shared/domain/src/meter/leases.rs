//! What leases do, case by case.

use super::{
    Answer, Asked, Bucket, Charge, Holding, Known, Meter, Refusal, Return, Step, Terms, Verdict,
    Write,
    model::{at, call, net},
    table::{apply, give_back},
};
use crate::{
    Period, Quota, Reading, Reason, Throttle,
    time::{DAY, HOUR, Nanos, SECOND},
};

/// Noon of 2026-11-25.
const NOON: Nanos = 20_782 * DAY + 12 * HOUR;
const MILLI: Nanos = 1_000_000;

fn terms(quota: Option<(u64, Period)>, throttle: Option<(&str, u64)>) -> Terms {
    Terms {
        plan_version: 1,
        quota: quota.map(|(limit, period)| Quota::new(limit, period).unwrap()),
        bucket: throttle.map(|(rate, burst)| Bucket {
            number: Bucket::PLAN,
            throttle: Throttle::new(rate.parse().unwrap(), Some(burst)).unwrap(),
        }),
        units: 1,
        buckets: [0].into_iter().collect(),
    }
}

fn attached() -> Option<Meter> {
    Some(Meter {
        plan_version: 1,
        ticket: 7,
        ..Meter::default()
    })
}

/// One instance and the table.
struct World {
    item: Option<Meter>,
    holding: Holding,
    now: Reading,
}

impl World {
    fn new() -> Self {
        Self {
            item: attached(),
            holding: Holding::new(1_000, at(NOON)),
            now: at(NOON),
        }
    }

    fn pass(&mut self, time: Nanos) {
        self.now.wall += time;
        self.now.steady += time;
    }

    /// One call, and the writes that it took.
    fn call(&mut self, terms: &Terms) -> (Verdict, usize) {
        call(&mut self.item, &mut self.holding, terms, self.now)
    }

    /// Calls at a steady pace: how many were admitted, and the writes that all of them took.
    fn calls(&mut self, terms: &Terms, count: usize, apart: Nanos) -> (usize, usize) {
        let mut of = (0, 0);
        for _ in 0..count {
            let (verdict, writes) = self.call(terms);
            of.0 += usize::from(matches!(verdict, Verdict::Admitted { .. }));
            of.1 += writes;
            self.pass(apart);
        }
        of
    }

    /// Begins a charge and does not send it.
    fn begin(&mut self, terms: &Terms) -> (Box<Charge>, Write) {
        match self.holding.ask(terms, false, self.now) {
            Asked::Charge(charge, write) => (charge, write),
            Asked::Done(verdict) => panic!("{verdict:?}"),
        }
    }

    fn charged(&self) -> i64 {
        self.item.as_ref().unwrap().days.values().sum()
    }

    fn refusal(&mut self, terms: &Terms) -> (Refusal, usize) {
        match self.call(terms) {
            (Verdict::Refused(refusal), writes) => (refusal, writes),
            (admitted, _) => panic!("{admitted:?}"),
        }
    }
}

#[test]
fn a_busy_key_costs_one_write_in_fifty_calls() {
    for terms in [
        terms(None, Some(("200", 200))),
        terms(Some((10_000_000, Period::Month)), Some(("200", 200))),
        terms(Some((10_000_000, Period::Month)), None),
    ] {
        let mut world = World::new();
        world.calls(&terms, 500, 10 * MILLI);
        let (admitted, writes) = world.calls(&terms, 5_000, 10 * MILLI);
        assert_eq!(admitted, 5_000);
        assert!(writes <= 100, "{writes} writes for 5,000 calls");
    }
}

#[test]
fn a_slow_key_is_charged_call_by_call_and_exactly() {
    let mut world = World::new();
    let terms = terms(Some((10_000_000, Period::Month)), Some(("10", 20)));
    assert_eq!(world.calls(&terms, 60, SECOND), (60, 60));
    assert_eq!(world.charged(), 60);
}

#[test]
fn leases_are_turned_off_or_capped() {
    let terms = terms(None, Some(("200", 200)));
    let mut world = World::new();
    world.holding = Holding::new(1, at(NOON));
    assert_eq!(world.calls(&terms, 500, 10 * MILLI), (500, 500));
    world.holding = Holding::new(10, at(NOON));
    world.calls(&terms, 100, 10 * MILLI);
    let (_, writes) = world.calls(&terms, 1_000, 10 * MILLI);
    assert_eq!(writes, 100);
}

/// An instance that has taken a lease for a busy key and spent some of it.
fn leased(terms: &Terms) -> World {
    let mut world = World::new();
    world.calls(terms, 300, 10 * MILLI);
    while world.holding.pocketed(world.now) < 20 {
        world.calls(terms, 1, 10 * MILLI);
    }
    world
}

#[test]
fn what_a_lease_leaves_of_the_quota_is_taken_off_the_next_charge() {
    let terms = terms(Some((10_000_000, Period::Month)), Some(("200", 200)));
    let mut world = leased(&terms);
    let pocket = world.holding.pocketed(world.now);
    world.pass(5 * SECOND);
    let before = world.charged();
    assert_eq!(world.call(&terms).1, 1, "the throttle's part is over");
    assert_eq!(world.charged(), before, "one unit of a pocket of {pocket}");
    assert_eq!(world.holding.pocketed(world.now), pocket - 1);
}

#[test]
fn a_lease_dies_by_whichever_clock_says_so_first() {
    let terms = terms(None, Some(("200", 1_000)));
    let clocks: [(&str, Nanos, Nanos, usize); 6] = [
        ("young", 100 * MILLI, 100 * MILLI, 0),
        ("both", SECOND, SECOND, 1),
        ("steady", 0, SECOND, 1),
        ("wall", SECOND, 0, 1),
        ("a small step back", -100 * MILLI, 10 * MILLI, 0),
        ("a step back", -900 * MILLI, 10 * MILLI, 1),
    ];
    for (name, wall, steady, writes) in clocks {
        let mut world = leased(&terms);
        // From the instant of the charge on, which the last few calls came after.
        world.now.wall += wall;
        world.now.steady += steady;
        assert_eq!(world.call(&terms).1, writes, "{name}");
    }
}

#[test]
fn nothing_is_spent_after_its_window() {
    for period in [Period::Hour, Period::Day, Period::Week, Period::Month] {
        let terms = terms(Some((10_000_000, period)), Some(("200", 200)));
        let mut world = World::new();
        let end = period.window(NOON).end.unwrap() * HOUR;
        world.now = at(end - 4 * SECOND);
        world.calls(&terms, 380, 10 * MILLI);
        world.now = at(end - 1);
        world.call(&terms);
        let of_old = world.item.clone().unwrap().windows[&period.window(end - 1).start];
        world.now = at(end);
        let (verdict, writes) = world.call(&terms);
        assert_eq!(writes, 1, "{period}");
        assert!(matches!(verdict, Verdict::Admitted { .. }));
        let windows = world.item.unwrap().windows;
        assert_eq!(windows[&period.window(end - 1).start], of_old);
        assert!(windows[&period.window(end).start] > 0, "{period}");
    }
}

#[test]
fn a_plan_that_gets_a_quota_starts_with_an_empty_pocket() {
    let mut world = leased(&terms(None, Some(("200", 200))));
    let limited = Terms {
        plan_version: 2,
        ..terms(Some((1_000, Period::Day)), Some(("200", 200)))
    };
    assert_eq!(world.call(&limited).1, 1);
    let windows = world.item.unwrap().windows;
    assert!(windows[&(20_782 * 24)] > 0, "charged to the quota");
}

#[test]
fn a_return_is_what_is_in_memory_and_is_applied_once() {
    let terms = terms(Some((10_000_000, Period::Month)), Some(("200", 200)));
    let mut world = leased(&terms);
    let (pocket, charged) = (world.holding.pocketed(world.now), world.charged());
    let returned = world.holding.give_back(world.now).unwrap();
    assert_eq!((returned.units, returned.of_day), (pocket, pocket));
    assert_eq!(world.holding.give_back(world.now), None, "it is taken once");
    let write = returned.with_ticket(7);
    assert!(give_back(&mut world.item, &write));
    assert!(!give_back(&mut world.item, &write), "delivered twice");
    assert_eq!(world.charged(), charged - pocket as i64);
    assert_eq!(world.call(&terms).1, 1, "nothing of it is spent later");
}

#[test]
fn a_return_of_another_window_or_of_nothing_is_none() {
    let terms = terms(Some((10_000_000, Period::Day)), None);
    let mut world = leased(&terms);
    world.pass(DAY);
    assert_eq!(world.holding.give_back(world.now), None);
    assert_eq!(World::new().holding.give_back(at(NOON)), None);
}

#[test]
fn a_return_takes_no_more_off_a_day_than_was_charged_on_it() {
    let terms = terms(Some((10_000_000, Period::Month)), None);
    let mut world = World::new();
    world.now = at(20_790 * DAY - 4 * SECOND);
    world.calls(&terms, 399, 10 * MILLI);
    let before = world.holding.pocketed(world.now);
    assert!(before > 1, "{before}");
    // A slow call on the next day finds more in the pocket than it needs.
    world.now = at(20_790 * DAY + HOUR);
    world.call(&terms);
    let returned = world.holding.give_back(world.now);
    let expected = Return {
        window: Some(Period::Month.window(world.now.wall).start),
        units: before - 1,
        day: 20_790,
        of_day: 0,
    };
    assert_eq!(returned, Some(expected));
    assert!(give_back(&mut world.item, &expected.with_ticket(7)));
    let meter = world.item.unwrap();
    assert!(meter.days.values().all(|units| *units > 0), "{meter:?}");
}

#[test]
fn an_empty_bucket_is_known_without_a_write_and_to_the_nanosecond() {
    let terms = terms(None, Some(("10", 3)));
    let mut world = World::new();
    assert_eq!(world.calls(&terms, 3, 0).0, 3);
    let (refusal, writes) = world.refusal(&terms);
    assert_eq!((refusal.retry_after, writes), (Some(SECOND / 10), 0));
    world.pass(SECOND / 10 - 1);
    assert_eq!(world.refusal(&terms).1, 0);
    world.pass(1);
    assert_eq!(world.calls(&terms, 1, 0), (1, 1));
}

#[test]
fn a_used_up_quota_is_remembered_for_some_seconds() {
    let terms = terms(Some((3, Period::Day)), None);
    let mut world = World::new();
    assert_eq!(world.calls(&terms, 3, 0), (3, 3));
    let (refusal, writes) = world.refusal(&terms);
    assert_eq!((refusal.reason, writes), (Reason::QuotaExceeded, 1));
    world.pass(2 * SECOND);
    assert_eq!(world.refusal(&terms).1, 0);
    // More is granted meanwhile.
    if let Some(meter) = &mut world.item {
        meter.windows.insert(20_782 * 24, 1);
    }
    world.pass(3 * SECOND);
    assert_eq!(world.calls(&terms, 1, 0), (1, 1));
}

#[test]
fn a_refusal_of_a_dear_call_is_none_of_a_cheap_one() {
    let cheap = terms(Some((4, Period::Day)), Some(("1", 10)));
    let dear = Terms { units: 3, ..cheap };
    let mut world = World::new();
    assert_eq!(world.calls(&dear, 1, 0), (1, 1));
    let (refusal, _) = world.refusal(&dear);
    assert_eq!(
        (refusal.reason, refusal.remaining),
        (Reason::QuotaExceeded, Some(1))
    );
    assert_eq!(world.refusal(&dear).1, 0, "remembered");
    assert_eq!(world.calls(&cheap, 1, 0), (1, 1));
    let throttled = terms(None, Some(("1", 4)));
    let dear = Terms {
        units: 3,
        ..throttled
    };
    let mut world = World::new();
    assert_eq!(world.calls(&dear, 1, 0), (1, 1));
    assert_eq!(world.refusal(&dear).0.reason, Reason::Throttled);
    assert_eq!(world.calls(&throttled, 1, 0).0, 1);
}

#[test]
fn that_there_is_no_meter_is_remembered_until_it_is_read_again() {
    let terms = terms(Some((9, Period::Day)), None);
    let mut world = World::new();
    world.item = None;
    assert_eq!(world.refusal(&terms).1, 1);
    assert_eq!(world.refusal(&terms).1, 0);
    world.item = attached();
    let ended = Meter {
        detached: true,
        ..Meter::default()
    };
    world.pass(SECOND);
    world.holding.learn(Some(&Known::from(&ended)), world.now);
    assert_eq!(world.refusal(&terms).1, 0, "it was read, and is ended");
    let read = world.item.as_ref().map(Known::from);
    world.holding.learn(read.as_ref(), at(NOON - 1));
    assert_eq!(world.refusal(&terms).1, 0, "the read began before");
    world.holding.learn(read.as_ref(), world.now);
    assert_eq!(world.calls(&terms, 1, 0), (1, 1));
    let mut world = World::new();
    world.item = None;
    world.refusal(&terms);
    world.item = attached();
    world.pass(5 * SECOND - 1);
    assert_eq!(world.refusal(&terms).1, 0);
    world.pass(1);
    assert!(world.holding.has_ended());
    assert_eq!(world.calls(&terms, 1, 0), (1, 1), "and for 5 s at most");
    assert!(!world.holding.has_ended());
}

#[test]
fn what_a_charge_told_of_the_meter_is_not_replaced_by_an_earlier_read() {
    let terms = terms(Some((3, Period::Day)), None);
    let mut world = World::new();
    let read = world.item.as_ref().map(Known::from);
    assert_eq!(world.calls(&terms, 3, 0), (3, 3));
    assert_eq!(world.refusal(&terms).1, 1);
    world.holding.learn(read.as_ref(), world.now);
    assert_eq!(world.refusal(&terms).1, 0, "it is known to be used up");
}

/// Clocks are set right by steps: a small one back is none.
#[test]
fn a_lease_outlives_a_wall_clock_that_steps_back_by_a_fifth_of_a_second() {
    let terms = terms(None, Some(("200", 200)));
    for (back, writes) in [(SECOND / 5, 0), (SECOND / 5 + 1, 1)] {
        let mut world = World::new();
        world.calls(&terms, 300, 10 * MILLI);
        let begun = loop {
            let before = world.now;
            if world.calls(&terms, 1, 0).1 == 1 {
                break before;
            }
            world.pass(10 * MILLI);
        };
        world.now.wall = begun.wall - back;
        assert_eq!(world.calls(&terms, 1, 0), (1, writes), "{back} ns back");
    }
}

#[test]
fn an_answer_that_comes_too_late_is_worth_its_quota_and_none_of_the_throttle() {
    let terms = terms(Some((10_000_000, Period::Month)), Some(("200", 200)));
    let mut world = leased(&terms);
    world.holding.give_back(world.now);
    let (mut charge, write) = world.begin(&terms);
    let charged = net(&write);
    assert!(charged > 1, "{charged}");
    let answer = apply(&mut world.item, &write);
    world.pass(SECOND + 1);
    let step = charge.answer(&mut world.holding, answer, &world.now);
    assert_eq!(step, Step::Done(Verdict::refused(Reason::Unavailable)));
    assert_eq!(world.holding.pocketed(world.now), charged);
    let (_, write) = world.begin(&terms);
    assert_eq!(net(&write), 0, "a write for the throttle alone");
}

#[test]
fn a_lower_limit_counts_what_was_used_and_lets_a_lease_run_out() {
    let before = terms(Some((10_000_000, Period::Month)), Some(("200", 200)));
    let mut world = leased(&before);
    let lowered = Terms {
        plan_version: 2,
        ..terms(Some((1, Period::Month)), Some(("200", 200)))
    };
    assert_eq!(world.call(&lowered).1, 0, "what it has taken is its own");
    world.pass(SECOND);
    let (refusal, writes) = world.refusal(&lowered);
    assert_eq!((refusal.reason, writes), (Reason::QuotaExceeded, 1));
}

#[test]
fn what_was_taken_for_a_bucket_that_is_gone_is_used_by_another() {
    let method = Bucket {
        number: 5,
        ..terms(None, Some(("200", 200))).bucket.unwrap()
    };
    let with_method = Terms {
        bucket: Some(method),
        buckets: [0, 5].into_iter().collect(),
        ..terms(Some((10_000_000, Period::Month)), None)
    };
    let mut world = leased(&with_method);
    let pocket = world.holding.pocketed(world.now);
    let without = Terms {
        plan_version: 2,
        ..terms(Some((10_000_000, Period::Month)), Some(("200", 200)))
    };
    let before = world.charged();
    assert_eq!(world.call(&without).1, 1);
    assert_eq!(world.charged(), before, "from a pocket of {pocket}");
    assert_eq!(world.holding.pocketed(world.now), pocket - 1);
}

#[test]
fn what_is_left_of_another_counter_does_not_stand_in_its_way() {
    let method = Bucket {
        number: 5,
        ..terms(None, Some(("200", 200))).bucket.unwrap()
    };
    // A lease by the day in the plan's bucket, then a quota, and a lease of it in a method's.
    let mut world = leased(&terms(None, Some(("200", 200))));
    let with_method = Terms {
        plan_version: 2,
        bucket: Some(method),
        buckets: [0, 5].into_iter().collect(),
        ..terms(Some((10_000_000, Period::Month)), None)
    };
    world.calls(&with_method, 200, 10 * MILLI);
    world.pass(2 * SECOND);
    let pocket = world.holding.pocketed(world.now);
    assert!(pocket > 1, "{pocket}");
    let without = Terms {
        plan_version: 3,
        ..terms(Some((10_000_000, Period::Month)), Some(("200", 200)))
    };
    let before = world.charged();
    assert_eq!(world.call(&without).1, 1);
    assert_eq!(world.charged(), before);
    assert_eq!(world.holding.pocketed(world.now), pocket - 1);
}

#[test]
fn a_replaced_value_is_noted_once_a_day_whatever_is_on_lease() {
    let terms = terms(None, Some(("200", 200)));
    let mut world = leased(&terms);
    let mut noted = |now| match world.holding.ask(&terms, true, now) {
        Asked::Done(_) => false,
        Asked::Charge(mut charge, write) => {
            let answer = apply(&mut world.item, &write);
            charge.answer(&mut world.holding, answer, &now);
            true
        }
    };
    let now = world.now;
    assert!(noted(now), "though a lease is there");
    assert!(!noted(now), "today is noted already");
    assert!(noted(at(NOON + DAY)));
    assert_eq!(world.item.unwrap().previous_charged, Some(20_783));
}

#[test]
fn a_store_that_refuses_for_capacity_sees_larger_leases() {
    let terms = terms(None, None);
    let size = |refusals: usize| {
        let mut world = leased(&terms);
        for _ in 0..refusals {
            world.holding.give_back(world.now);
            let (mut charge, _) = world.begin(&terms);
            charge.answer(&mut world.holding, Answer::Throttled, &world.now);
        }
        world.holding.give_back(world.now);
        let (_, write) = world.begin(&terms);
        net(&write)
    };
    assert!(size(2) > 2 * size(0), "{} and {}", size(2), size(0));
}

#[test]
fn of_a_small_quota_units_are_taken_one_by_one_at_its_end() {
    let terms = terms(Some((10_000, Period::Month)), None);
    let mut world = World::new();
    world.calls(&terms, 9_800, MILLI);
    while world.charged() < 9_900 {
        world.call(&terms);
    }
    let left = 10_000 - world.charged() as usize + world.holding.pocketed(world.now) as usize;
    let (admitted, writes) = world.calls(&terms, left, MILLI);
    assert_eq!(admitted, left, "to its last unit");
    assert!(writes + 10 > left, "{writes} writes for the last {left}");
}

#[test]
fn a_replaced_value_that_is_refused_costs_no_write() {
    for terms in [
        terms(Some((3, Period::Month)), None),
        terms(None, Some(("0.1", 3))),
    ] {
        let mut world = World::new();
        world.calls(&terms, 4, 0);
        let refused = (0..100).filter(|_| {
            let asked = world.holding.ask(&terms, true, world.now);
            matches!(asked, Asked::Done(Verdict::Refused(_)))
        });
        assert_eq!(refused.count(), 100, "{terms:?}");
    }
}

#[test]
fn a_lease_pays_for_a_replaced_value_where_the_bucket_is_empty() {
    let terms = terms(None, Some(("100", 100)));
    let mut world = leased(&terms);
    // Others have emptied the bucket.
    if let Some(meter) = &mut world.item {
        meter.arrivals.insert(0, world.now.wall + SECOND);
    }
    world
        .holding
        .told(world.item.as_ref().unwrap(), 0, world.now, &world.now);
    let asked = world.holding.ask(&terms, true, world.now);
    assert!(
        matches!(asked, Asked::Done(Verdict::Admitted { .. })),
        "{asked:?}"
    );
}

#[test]
fn an_empty_bucket_is_known_after_a_change_of_the_plan_too() {
    let before = terms(None, Some(("0.1", 3)));
    let mut world = World::new();
    world.calls(&before, 3, 0);
    let after = Terms {
        plan_version: 2,
        ..before
    };
    let (refused, writes) = world.calls(&after, 100, MILLI);
    assert_eq!((refused, writes), (0, 1));
}

#[test]
fn a_client_is_told_of_the_pause_after_lost_races() {
    let terms = terms(None, Some(("10", 1)));
    let mut world = World::new();
    world.calls(&terms, 1, 0);
    for _ in 0..8 {
        world.pass(5 * SECOND);
        // Others were faster.
        if let Some(meter) = &mut world.item {
            meter.arrivals.insert(0, world.now.wall + SECOND / 10);
        }
        world.refusal(&terms);
    }
    world.pass(5 * SECOND);
    if let Some(meter) = &mut world.item {
        meter.arrivals.insert(0, world.now.wall + SECOND / 10);
    }
    let wait = world.refusal(&terms).0.retry_after.unwrap();
    world.pass(wait);
    assert!(wait > SECOND, "{wait}");
    assert_eq!(world.calls(&terms, 1, 0), (1, 1));
}

#[test]
fn units_that_were_charged_and_not_used_in_their_window_are_told_as_lost_once() {
    let terms = terms(Some((1_000_000, Period::Hour)), Some(("200", 200)));
    let mut world = World::new();
    let (admitted, _) = world.calls(&terms, 400, 5 * MILLI);
    let ahead = u64::try_from(world.charged()).unwrap() - admitted as u64;
    assert!(ahead > 0);
    assert_eq!(world.holding.take_lost(), 0);
    world.pass(HOUR);
    world.call(&terms);
    assert_eq!(world.holding.take_lost(), ahead);
    assert_eq!(world.holding.take_lost(), 0);
}

#[test]
fn what_cannot_be_given_back_is_lost_and_what_can_is_not() {
    let terms = terms(Some((1_000_000, Period::Hour)), Some(("200", 200)));
    for (later, is_lost) in [(0, false), (HOUR, true)] {
        let mut world = World::new();
        let (admitted, _) = world.calls(&terms, 400, 5 * MILLI);
        let ahead = u64::try_from(world.charged()).unwrap() - admitted as u64;
        world.pass(later);
        let returned = world.holding.give_back(world.now);
        let returned = returned.map_or(0, |returned| returned.units);
        let lost = world.holding.take_lost();
        assert_eq!(
            (returned, lost),
            if is_lost { (0, ahead) } else { (ahead, 0) }
        );
    }
}
