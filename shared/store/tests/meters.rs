//! Charges against a real engine: the expressions mean what the model says, and no number
//! of writers gets more than the limit.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use latchkey_domain::{
    Period, Plan, Reading, Reason,
    meter::{
        Answer, Asked, ChargeWrite, ClampWrite, Debt, Form, Holding, Meter, Owner, QuotaWrite,
        Step, ThrottleWrite, Verdict, Write,
    },
};
use latchkey_store::Store;
use support::{Table, key, noon, plan, request};

/// That of every plan here: its creation in ms.
const VERSION: u64 = 1_795_608_000_000;
const HOUR: i64 = 3_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn now() -> i64 {
    noon().as_nanosecond() as i64
}

async fn attached(plan: &Plan) -> (Table, Owner) {
    (Table::keyed(plan).await, Owner::Key(key(1).id))
}

/// One call at `now`, its state read by nobody first; `clock` is what the time is when an
/// answer comes. Faults are none of this engine's.
async fn call_by(
    store: &Store,
    owner: &Owner,
    plan: &Plan,
    now: i64,
    clock: &AtomicI64,
) -> Verdict {
    let reading = |now| Reading {
        wall: now,
        steady: now,
    };
    let mut holding = Holding::new(1, reading(now));
    let asked = holding.ask(&plan.terms(&request()), false, reading(now));
    let (mut charge, write) = match asked {
        Asked::Done(verdict) => return verdict,
        Asked::Charge(charge, write) => (charge, write),
    };
    let mut step = Step::Write(write);
    loop {
        step = match step {
            Step::Done(verdict) => return verdict,
            Step::Write(write) | Step::WriteAfter(_, _, write) => {
                let answer = store.write_meter(owner, &plan.id, &write).await;
                assert_ne!(answer, Answer::Unknown, "{write:?}");
                let now = reading(clock.load(Ordering::Relaxed));
                charge.answer(&mut holding, answer, &now)
            }
            Step::ReadPlan => panic!("no later plan"),
        };
    }
}

async fn call(store: &Store, owner: &Owner, plan: &Plan, now: i64) -> Verdict {
    call_by(store, owner, plan, now, &AtomicI64::new(now)).await
}

/// What came of many calls.
#[derive(Default)]
struct Storm {
    passed: AtomicUsize,
    /// Calls whose answer came more than a second of the storm's own time too late.
    unavailable: AtomicUsize,
}

/// `calls` calls by 16 tasks, each `step` nanoseconds later than the last.
async fn storm(
    table: &Table,
    owner: &Owner,
    plan: &Plan,
    calls: usize,
    step: i64,
) -> (usize, usize) {
    let (left, clock) = (
        Arc::new(AtomicI64::new(calls as i64)),
        Arc::new(AtomicI64::new(now())),
    );
    let storm = Arc::new(Storm::default());
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (store, owner, plan) = (table.store.clone(), owner.clone(), plan.clone());
            let (left, clock, storm) = (left.clone(), clock.clone(), storm.clone());
            tokio::spawn(async move {
                while left.fetch_sub(1, Ordering::Relaxed) > 0 {
                    let now = clock.fetch_add(step, Ordering::Relaxed);
                    let counted = match call_by(&store, &owner, &plan, now, &clock).await {
                        Verdict::Admitted { .. } => &storm.passed,
                        Verdict::Refused(refusal) if refusal.reason == Reason::Unavailable => {
                            &storm.unavailable
                        }
                        Verdict::Refused(_) => continue,
                    };
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (
        storm.passed.load(Ordering::Relaxed),
        storm.unavailable.load(Ordering::Relaxed),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writers_use_a_quota_to_its_last_unit_and_no_further() {
    let plan = plan("p", Some((150, Period::Day)), None);
    let (table, owner) = attached(&plan).await;
    assert_eq!(storm(&table, &owner, &plan, 400, 1).await, (150, 0));
    let meter = table.store.meter(&owner, &plan.id).await.unwrap().unwrap();
    assert_eq!(
        (
            meter.windows.values().sum::<i64>(),
            meter.days.values().sum::<i64>()
        ),
        (150, 150)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writers_get_burst_and_rate_and_no_more() {
    let plan = plan("p", Some((10_000, Period::Day)), Some(("10", 20)));
    let (table, owner) = attached(&plan).await;
    // 400 calls within 4 seconds: 20 at once and 10 a second.
    let (passed, unavailable) = storm(&table, &owner, &plan, 400, SECOND / 100).await;
    assert!(
        passed <= 60 && passed + unavailable >= 50,
        "{passed} passed, {unavailable} unavailable"
    );
    let meter = table.store.meter(&owner, &plan.id).await.unwrap().unwrap();
    let charged = meter.windows.values().sum::<i64>() as usize;
    assert!(
        (passed..=passed + unavailable).contains(&charged),
        "what the throttle refused is not charged: {charged}"
    );
}

#[tokio::test]
async fn every_period_has_a_counter_of_its_own() {
    for period in Period::ALL {
        let plan = plan("p", Some((2, period)), None);
        let (table, owner) = attached(&plan).await;
        for left in [1, 0] {
            assert_eq!(
                call(&table.store, &owner, &plan, now()).await,
                Verdict::Admitted {
                    remaining: Some(left)
                }
            );
        }
        let Verdict::Refused(refusal) = call(&table.store, &owner, &plan, now()).await else {
            panic!("{period}")
        };
        assert_eq!(refusal.reason, Reason::QuotaExceeded);
        if let Some(wait) = refusal.retry_after {
            let next = call(&table.store, &owner, &plan, now() + wait).await;
            assert_eq!(next, Verdict::Admitted { remaining: Some(1) }, "{period}");
        }
    }
}

fn charge(quota: Option<i64>, form: Option<Form>) -> ChargeWrite {
    ChargeWrite {
        plan_version: VERSION,
        net: 1,
        day: now() / HOUR / 24,
        by_previous: false,
        quota: quota.map(|at_most| QuotaWrite { window: 7, at_most }),
        throttle: form.map(|form| ThrottleWrite { bucket: 3, form }),
        drop_buckets: vec![],
        drop_windows: vec![],
    }
}

/// Each branch of the expressions against the engine, with the state that it returns.
#[tokio::test]
async fn the_expressions_hold_and_fail_as_the_model_says() {
    let plan = plan("p", None, None);
    let (table, owner) = attached(&plan).await;
    let send = async |write: ChargeWrite| {
        table
            .store
            .write_meter(&owner, &plan.id, &Write::Charge(write))
            .await
    };
    let idle = Form::Idle {
        now: 100,
        arrival: 150,
    };
    let Answer::Applied(meter) = send(charge(Some(0), Some(idle))).await else {
        panic!()
    };
    assert_eq!((meter.windows[&7], meter.arrivals[&3]), (1, 150));
    let failed = [
        charge(Some(0), None),
        charge(None, Some(idle)),
        charge(
            None,
            Some(Form::Busy {
                above: 150,
                room: 900,
                cost: 1,
            }),
        ),
        charge(
            None,
            Some(Form::Busy {
                above: 100,
                room: 149,
                cost: 1,
            }),
        ),
        ChargeWrite {
            plan_version: 0,
            ..charge(None, None)
        },
    ];
    for write in failed {
        assert_eq!(
            send(write.clone()).await,
            Answer::Failed(Some(meter.clone())),
            "{write:?}"
        );
    }
    let busy = charge(
        Some(1),
        Some(Form::Busy {
            above: 149,
            room: 150,
            cost: 25,
        }),
    );
    let Answer::Applied(meter) = send(busy).await else {
        panic!()
    };
    assert_eq!((meter.windows[&7], meter.arrivals[&3]), (2, 175));
    let netted = ChargeWrite {
        net: 0,
        drop_buckets: vec![3],
        drop_windows: vec![7],
        ..charge(None, None)
    };
    let Answer::Applied(meter) = send(netted).await else {
        panic!()
    };
    assert_eq!(
        (
            meter.windows.len(),
            meter.arrivals.len(),
            meter.days.values().sum::<i64>()
        ),
        (0, 0, 2)
    );
}

#[tokio::test]
async fn a_clamp_needs_the_state_that_it_saw() {
    let plan = plan("p", None, None);
    let (table, owner) = attached(&plan).await;
    let send = async |write: Write| table.store.write_meter(&owner, &plan.id, &write).await;
    send(Write::Charge(charge(
        None,
        Some(Form::Idle {
            now: 0,
            arrival: 900,
        }),
    )))
    .await;
    let clamp = |seen| {
        Write::Clamp(ClampWrite {
            plan_version: VERSION,
            bucket: 3,
            seen,
            arrival: 500,
        })
    };
    assert!(matches!(send(clamp(899)).await, Answer::Failed(Some(_))));
    let Answer::Applied(meter) = send(clamp(900)).await else {
        panic!()
    };
    assert_eq!(meter.arrivals[&3], 500);
}

#[tokio::test]
async fn no_charge_makes_a_meter() {
    let table = Table::new().await;
    let owner = Owner::Key(key(9).id);
    let answer = table
        .store
        .write_meter(
            &owner,
            &"p".parse().unwrap(),
            &Write::Charge(charge(None, None)),
        )
        .await;
    assert_eq!(answer, Answer::Failed(None));
    let debt = Debt {
        window: Some(0),
        day: 7,
        units: 3,
    };
    let plan = "p".parse().unwrap();
    let answer = table.store.charge_debt(&owner, &plan, &debt).await;
    assert_eq!(answer, Answer::Failed(None));
    assert!(table.items().await.is_empty());
}

#[tokio::test]
async fn what_is_owed_is_charged_to_its_window_and_day_whatever_the_limit() {
    let plan = plan("p", Some((5, Period::Lifetime)), Some(("1", 2)));
    let (table, owner) = attached(&plan).await;
    let mut meter = Meter::default();
    for (window, day, units) in [(Some(0), 7, 4), (Some(0), 7, 4), (None, 8, 1)] {
        let debt = Debt { window, day, units };
        let answer = table.store.charge_debt(&owner, &plan.id, &debt).await;
        let Answer::Applied(applied) = answer else {
            panic!("{answer:?}")
        };
        meter = applied;
    }
    assert_eq!(meter.windows, [(0, 8)].into());
    assert_eq!(meter.days, [(7, 8), (8, 1)].into());
    assert!(meter.arrivals.is_empty(), "nothing is taken of a throttle");
    assert_eq!(meter.plan_version, VERSION);
}

#[tokio::test]
async fn meters_of_many_keys_come_in_the_order_asked_for() {
    let plan = plan("p", Some((500, Period::Day)), None);
    let (table, _) = attached(&plan).await;
    for number in 2..=120 {
        table.add_key(number, &plan).await;
    }
    call(&table.store, &Owner::Key(key(120).id), &plan, now()).await;
    let owners: Vec<_> = (1..=121)
        .rev()
        .map(|number| Owner::Key(key(number).id))
        .collect();
    let meters = table.store.meters(&owners, &plan.id).await.unwrap();
    assert_eq!(meters[0], None, "key 121 has no meter");
    assert_eq!(
        meters[1].as_ref().map(|meter: &Meter| meter.days.len()),
        Some(1)
    );
    assert_eq!(meters.iter().flatten().count(), 120);
}
