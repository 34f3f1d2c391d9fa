//! Days that leave a meter, against a real engine: whatever comes when, each unit is in the meter
//! or in the history, and reports tell it once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicI64, Ordering},
};

use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_domain::{
    CustomerId, Day, Key, Plan, PlanId, Scope,
    meter::{
        Answer, ChargeWrite, Fold, Form, Meter, Owner, QuotaWrite, Return, ThrottleWrite, Write,
    },
};
use latchkey_store::{Store, Told};
use support::{Table, change, key, noon, plan, twin};

/// 2026-11-25, a Wednesday.
const TODAY: Day = 20_782;
/// That of every plan here: its creation in ms.
const VERSION: u64 = 1_795_608_000_000;

/// A key on a plan, and its meter.
struct Metered {
    table: Table,
    plan: Plan,
    owner: Owner,
}

fn charge(day: Day, units: u64) -> ChargeWrite {
    ChargeWrite {
        plan_version: VERSION,
        net: units,
        day,
        by_previous: false,
        quota: None,
        throttle: None,
        drop_buckets: vec![],
        drop_windows: vec![],
    }
}

async fn send(store: &Store, owner: &Owner, plan: &Plan, charge: ChargeWrite) -> Meter {
    match store
        .write_meter(owner, &plan.id, &Write::Charge(charge))
        .await
    {
        Answer::Applied(meter) => meter,
        other => panic!("{other:?}"),
    }
}

impl Metered {
    async fn on(plan: Plan) -> Self {
        Self {
            table: Table::keyed(&plan).await,
            plan,
            owner: Owner::Key(key(1).id),
        }
    }

    /// A customer's.
    async fn of_customer(customer: &str, plan_id: &str) -> Self {
        let customer: CustomerId = customer.parse().unwrap();
        let plan = Plan {
            scope: Scope::Customer,
            ..plan(plan_id, None, None)
        };
        let key = Key {
            customer_id: Some(customer.clone()),
            ..key(1)
        };
        let (table, twin) = (Table::new().await, twin());
        let store = &table.store;
        store.create_plan(&plan, &change()).await.unwrap();
        store
            .create_key(&key, &[&plan], &twin, &change())
            .await
            .unwrap();
        Self {
            table,
            plan,
            owner: Owner::Customer(customer),
        }
    }

    /// With `days` days up to today, of 10 units each.
    async fn of_days(days: i64) -> Self {
        let metered = Self::on(plan("p", None, None)).await;
        for day in TODAY - days + 1..=TODAY {
            metered.charge(day, 10).await;
        }
        metered
    }

    async fn charge(&self, day: Day, units: u64) -> Meter {
        send(
            &self.table.store,
            &self.owner,
            &self.plan,
            charge(day, units),
        )
        .await
    }

    async fn meter(&self) -> Meter {
        let store = &self.table.store;
        store
            .meter(&self.owner, &self.plan.id)
            .await
            .unwrap()
            .unwrap()
    }

    /// What the meter asks for.
    async fn asked(&self) -> Fold {
        self.meter().await.fold().unwrap()
    }

    async fn set_aside(&self, fold: &Fold) -> bool {
        let store = &self.table.store;
        let aside = store.set_aside(&self.owner, &self.plan.id, fold).await;
        aside.unwrap()
    }

    async fn keep(&self, fold: &Fold) {
        let store = &self.table.store;
        let kept = store.keep_folded(&self.owner, &self.plan.id, fold).await;
        kept.unwrap();
    }

    async fn drop_folded(&self, fold: &Fold) -> bool {
        let store = &self.table.store;
        let dropped = store.drop_folded(&self.owner, &self.plan.id, fold).await;
        dropped.unwrap()
    }

    /// What an instance does that has seen the meter.
    async fn fold(&self, seen: &Meter) {
        let store = &self.table.store;
        store.fold(&self.owner, &self.plan.id, seen).await.unwrap();
    }

    /// Folds all that is to be folded.
    async fn fold_all(&self) {
        for _ in 0..20 {
            let meter = self.meter().await;
            if meter.fold().is_none() {
                return;
            }
            self.fold(&meter).await;
        }
        panic!("there is always more");
    }

    /// Every item of the history, by its sort key.
    async fn history(&self) -> BTreeMap<String, HashMap<String, AttributeValue>> {
        let items = self.table.items().await.into_iter();
        let named = items.map(|item| (item["sk"].as_s().unwrap().clone(), item));
        named.filter(|(sk, _)| sk.starts_with("HISTORY#")).collect()
    }

    /// What folds took of each day to the history.
    async fn folded(&self) -> Vec<(Day, i64)> {
        let mut folded = Vec::new();
        for item in self.history().await.values() {
            for (name, units) in item {
                if let Some((day, _)) = name.split_once('.') {
                    let day = day.trim_start_matches('d').parse().unwrap();
                    folded.push((day, units.as_n().unwrap().parse().unwrap()));
                }
            }
        }
        folded.sort_unstable();
        folded
    }

    /// Units of a day in the meter, and in the history.
    async fn of_day(&self, day: Day) -> (Option<i64>, i64) {
        let folded = self.folded().await;
        let of_day = folded.iter().filter(|folded| folded.0 == day);
        let units = of_day.map(|(_, units)| units).sum();
        (self.meter().await.days.get(&day).copied(), units)
    }

    /// Units in the meter and the history together, none of them on their way.
    async fn all(&self) -> i64 {
        let meter = self.meter().await;
        assert!(meter.folding.is_empty());
        let folded = self.folded().await;
        meter.days.values().sum::<i64>() + folded.iter().map(|(_, units)| units).sum::<i64>()
    }

    fn told(&self, meter: Meter) -> Told {
        Told {
            owner: self.owner.clone(),
            plan: self.plan.id.clone(),
            quota: None,
            meter,
        }
    }

    /// Units of all days from `first` on, as a report that had read `meter` tells them.
    async fn report(&self, meter: Meter, first: Day) -> i64 {
        let mut told = [self.told(meter)];
        self.table
            .store
            .add_history(&mut told, first)
            .await
            .unwrap();
        told[0]
            .meter
            .days
            .range(first..)
            .map(|(_, units)| units)
            .sum()
    }
}

#[tokio::test]
async fn old_days_move_to_the_items_of_their_months() {
    let metered = Metered::of_days(60).await;
    metered.fold_all().await;
    let meter = metered.meter().await;
    assert_eq!(meter.days.len(), 31);
    assert_eq!(meter.first_kept(), Some(TODAY - 30));
    let history = metered.history().await;
    let names: Vec<&String> = history.keys().collect();
    assert_eq!(names, ["HISTORY#p#2026-09", "HISTORY#p#2026-10"]);
    let september = &history["HISTORY#p#2026-09"];
    assert_eq!(
        september["pk"],
        AttributeValue::S(format!("KEY#{}", key(1).id.as_bare()))
    );
    assert_eq!(september["v"], AttributeValue::N("1".into()));
    let ttl: i64 = september["ttl"].as_n().unwrap().parse().unwrap();
    let october: jiff::Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
    assert_eq!(ttl, october.as_second() + 400 * 24 * 3600);
    assert_eq!(metered.all().await, 600);
}

/// Whatever was done of a fold, and however often: whoever sees the meter next ends it.
#[tokio::test]
async fn a_fold_that_was_left_anywhere_is_ended_by_the_next_who_sees_the_meter() {
    for steps in 0..=5 {
        let metered = Metered::of_days(32).await;
        let fold = metered.asked().await;
        if steps > 0 {
            assert!(metered.set_aside(&fold).await);
        }
        for _ in 1..steps.min(3) {
            metered.keep(&fold).await;
        }
        if steps > 3 {
            assert!(metered.drop_folded(&fold).await);
        }
        if steps > 4 {
            assert!(!metered.drop_folded(&fold).await, "sent again");
        }
        let told = metered.report(metered.meter().await, TODAY - 40).await;
        assert_eq!(told, 320, "after {steps} steps");
        metered.fold_all().await;
        let moved = metered.of_day(TODAY - 31).await;
        assert_eq!(moved, (None, 10), "after {steps} steps");
        assert_eq!(metered.all().await, 320);
    }
}

#[tokio::test]
async fn a_write_of_a_fold_that_comes_late_changes_nothing() {
    let metered = Metered::of_days(33).await;
    let late = metered.asked().await;
    metered.fold_all().await;
    // The same units on the same days, so that they look as they did.
    for day in late.days.keys() {
        metered.charge(*day, 10).await;
    }
    assert!(!metered.set_aside(&late).await);
    metered.keep(&late).await;
    assert!(!metered.drop_folded(&late).await);
    assert_eq!(metered.of_day(TODAY - 31).await, (Some(10), 10));
    let next = metered.asked().await;
    assert!(metered.set_aside(&next).await);
    assert!(
        !metered.drop_folded(&late).await,
        "another one is under way"
    );
    metered.fold_all().await;
    assert_eq!(metered.of_day(TODAY - 31).await, (None, 20));
    assert_eq!(metered.all().await, 350);
}

#[tokio::test]
async fn instances_that_fold_at_once_move_each_unit_once() {
    let metered = Metered::of_days(32).await;
    let seen = metered.meter().await;
    futures_util::future::join_all((0..8).map(|_| metered.fold(&seen))).await;
    assert_eq!(metered.folded().await, [(TODAY - 31, 10)]);
    assert_eq!(metered.all().await, 320);
}

#[tokio::test]
async fn a_charge_on_an_old_day_that_comes_first_is_folded_with_the_rest() {
    let metered = Metered::of_days(33).await;
    let seen = metered.meter().await;
    metered.charge(TODAY - 31, 4).await;
    metered.fold(&seen).await;
    let nothing = metered.history().await.is_empty();
    assert!(nothing, "one of its days was charged meanwhile");
    metered.fold_all().await;
    assert_eq!(metered.of_day(TODAY - 31).await, (None, 14));
    assert_eq!(metered.all().await, 334);
}

#[tokio::test]
async fn a_charge_on_a_folded_day_adds_to_what_was_folded() {
    let metered = Metered::of_days(32).await;
    let fold = metered.asked().await;
    assert!(metered.set_aside(&fold).await);
    metered.charge(TODAY - 31, 3).await;
    let told = metered.report(metered.meter().await, TODAY - 31).await;
    assert_eq!(told, 323, "it is in the meter twice, and adds up");
    metered.keep(&fold).await;
    assert!(metered.drop_folded(&fold).await);
    assert_eq!(metered.of_day(TODAY - 31).await, (Some(3), 10));
    metered.fold_all().await;
    assert_eq!(metered.of_day(TODAY - 31).await, (None, 13));
    let told = metered.report(metered.meter().await, TODAY - 31).await;
    assert_eq!(told, 323);
}

#[tokio::test]
async fn a_return_of_units_of_an_old_day_is_taken_off_once_or_not_at_all() {
    let metered = Metered::of_days(32).await;
    let (day, store) = (TODAY - 31, &metered.table.store);
    let returned = Return {
        window: None,
        units: 4,
        day,
        of_day: 4,
    };
    let give_back = async || {
        let returned = store.give_back(&metered.owner, &metered.plan.id, returned);
        returned.await.unwrap()
    };
    let seen = metered.meter().await;
    assert!(give_back().await);
    metered.fold(&seen).await;
    let nothing = metered.history().await.is_empty();
    assert!(nothing, "it is no longer as it was seen");
    metered.fold_all().await;
    assert_eq!(metered.of_day(day).await, (None, 6));
    assert!(
        !give_back().await,
        "the meter has no such day: the units count as used"
    );
    assert_eq!(metered.all().await, 316);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn folds_among_charges_on_old_days_lose_nothing_and_count_nothing_twice() {
    let metered = Metered::of_days(45).await;
    let charged = AtomicI64::new(450);
    let charges = async |worker: i64| {
        for turn in 0..40 {
            let (day, units) = (TODAY - (worker * 7 + turn * 5) % 60, 1 + turn % 3);
            metered.charge(day, units as u64).await;
            charged.fetch_add(units, Ordering::Relaxed);
        }
    };
    let folds = async || {
        for _ in 0..40 {
            let seen = metered.meter().await;
            metered.fold(&seen).await;
        }
    };
    let reports = async || {
        for _ in 0..40 {
            let least = charged.load(Ordering::Relaxed);
            let told = metered.report(metered.meter().await, TODAY - 100).await;
            // Those under way, of two or three units, count a moment before they are added here.
            let most = charged.load(Ordering::Relaxed) + 4 * 3;
            assert!(
                (least..=most).contains(&told),
                "{told} of {least} to {most}"
            );
        }
    };
    tokio::join!(
        futures_util::future::join_all((0..4).map(charges)),
        futures_util::future::join_all((0..3).map(|_| folds())),
        reports(),
    );
    let folds = metered.meter().await.folds;
    assert!(folds > 2, "{folds}");
    metered.fold_all().await;
    assert_eq!(metered.all().await, charged.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_report_that_folds_overtake_tells_what_was_used_when_it_read_the_meter() {
    let metered = Metered::of_days(60).await;
    let before = metered.meter().await;
    while let Some(fold) = metered.meter().await.fold() {
        metered.fold(&metered.meter().await).await;
        let told = metered.report(before.clone(), TODAY - 70).await;
        assert_eq!(told, 600, "after {}", fold.month);
    }
    assert_eq!(metered.history().await.len(), 2);
}

#[tokio::test]
async fn a_customer_s_days_stand_under_the_customer() {
    let metered = Metered::of_customer("acme", "p").await;
    for day in TODAY - 31..=TODAY {
        metered.charge(day, 10).await;
    }
    metered.fold_all().await;
    let item = &metered.history().await["HISTORY#p#2026-10"];
    assert_eq!(item["pk"], AttributeValue::S("CUSTOMER#acme".into()));
    assert_eq!(metered.report(metered.meter().await, TODAY - 31).await, 320);
}

#[tokio::test]
async fn history_outlives_the_key_and_is_none_of_what_a_decision_reads() {
    let metered = Metered::of_days(32).await;
    metered.fold_all().await;
    let store = &metered.table.store;
    let seen = store.key_snapshot(key(1).id).await.unwrap().unwrap();
    assert_eq!(seen.meters.len(), 1);
    store
        .delete_key(&seen.record, &[&metered.plan], &[], &change())
        .await
        .unwrap();
    assert_eq!(metered.of_day(TODAY - 31).await, (None, 10));
    assert_eq!(store.key_snapshot(key(1).id).await.unwrap(), None);
}

/// Bytes of an item by DynamoDB's formula (Developer Guide, "DynamoDB item sizes and formats"):
/// names and texts in UTF-8; a number a byte for two digits, zeros at both ends left out, and one
/// more; a boolean one byte.
fn size(item: &HashMap<String, AttributeValue>) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => {
            let digits = digits.trim_start_matches(['-', '0']).trim_end_matches('0');
            digits.len().div_ceil(2) + 1
        }
        AttributeValue::Bool(_) => 1,
        other => panic!("{other:?}"),
    };
    item.iter().map(|(name, it)| name.len() + value(it)).sum()
}

/// A meter with all that it can hold: 32 days, the plan's bucket and 20 methods', the current
/// and the previous window of each period and LIFETIME's, the day of a replaced value, a ticket,
/// the number of its last fold.
async fn fullest(metered: &Metered, units: u64) -> usize {
    let now = noon().as_nanosecond() as i64;
    let hour = now / 3_600_000_000_000;
    let midnight = TODAY * 24;
    let windows = [
        0,
        hour,
        hour - 1,
        midnight,
        midnight - 24,
        midnight - 72,
        midnight - 240,
        midnight - 24 * 24,
        midnight - 55 * 24,
    ];
    for at in 0..32 {
        let bucket = |at: u16| if at == 0 { 0 } else { at + 3 };
        let form = Form::Idle {
            now,
            arrival: now + 123_456_789,
        };
        let write = ChargeWrite {
            by_previous: true,
            quota: windows.get(usize::from(at)).map(|window| QuotaWrite {
                window: *window,
                at_most: i64::MAX,
            }),
            throttle: (at < 21).then(|| ThrottleWrite {
                bucket: bucket(at),
                form,
            }),
            ..charge(TODAY - Day::from(at), units)
        };
        send(&metered.table.store, &metered.owner, &metered.plan, write).await;
    }
    let items = metered.table.items().await;
    let is_meter =
        |item: &&HashMap<String, AttributeValue>| item["sk"].as_s().unwrap().starts_with("METER#");
    let mut meter = items.iter().find(is_meter).unwrap().clone();
    meter.insert("g".into(), AttributeValue::N("9999".into()));
    let begin = |letter: char| {
        meter
            .keys()
            .filter(|name| name.starts_with(letter) && name[1..].parse::<i64>().is_ok())
            .count()
    };
    assert_eq!((begin('d'), begin('t'), begin('q')), (32, 21, 9));
    assert!(
        ["p", "pv", "r", "v"]
            .iter()
            .all(|name| meter.contains_key(*name))
    );
    size(&meter)
}

/// What a busy key uses on a day: 10,000 calls a second.
const MANY: u64 = 876_543_219;
/// More units than any day has: a billion calls a second.
const MOST: u64 = 99_999_999_999_999;

/// A write of up to 1,024 bytes costs one unit.
#[tokio::test]
async fn the_fullest_meter_costs_one_unit_to_write() {
    let generated = PlanId::generate([7; 16]);
    for (units, bytes) in [(MANY, 860), (MOST, 942)] {
        let metered = Metered::on(plan(generated.as_str(), None, None)).await;
        assert_eq!(fullest(&metered, units).await, bytes, "{units} units a day");
    }
}

#[tokio::test]
async fn only_the_longest_ids_with_impossible_numbers_cost_a_second_unit() {
    let (customer, plan) = ("c".repeat(128), "p".repeat(64));
    for (units, bytes) in [(MOST, 1_102), (MANY, 1_020)] {
        let metered = Metered::of_customer(&customer, &plan).await;
        assert_eq!(fullest(&metered, units).await, bytes, "{units} units a day");
    }
}
