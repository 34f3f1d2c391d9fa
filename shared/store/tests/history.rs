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
    meter::{Answer, ChargeWrite, Fold, Form, Meter, Owner, QuotaWrite, ThrottleWrite, Write},
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

    async fn fold(&self, fold: &Fold) -> bool {
        let store = &self.table.store;
        store.fold(&self.owner, &self.plan.id, fold).await.unwrap()
    }

    /// Folds all that is to be folded.
    async fn fold_all(&self) {
        for fold in self.meter().await.days_to_fold() {
            assert!(self.fold(&fold).await);
        }
    }

    /// Every item of the history, by its sort key.
    async fn history(&self) -> BTreeMap<String, HashMap<String, AttributeValue>> {
        let items = self.table.items().await.into_iter();
        let named = items.map(|item| (item["sk"].as_s().unwrap().clone(), item));
        named.filter(|(sk, _)| sk.starts_with("HISTORY#")).collect()
    }

    /// Units of a day in the meter, and in the history.
    async fn of_day(&self, day: Day) -> (Option<i64>, Option<i64>) {
        let name = format!("d{day}");
        let items = self.history().await;
        let mut found = items.values().filter_map(|item| item.get(&name));
        let units = found
            .next()
            .map(|units| units.as_n().unwrap().parse().unwrap());
        assert!(found.next().is_none(), "a day is in its month alone");
        (self.meter().await.days.get(&day).copied(), units)
    }

    /// Units in the meter and the history together.
    async fn all(&self) -> i64 {
        let mut all = self.meter().await.days.values().sum();
        for item in self.history().await.values() {
            for (name, units) in item {
                let is_day = name
                    .strip_prefix('d')
                    .is_some_and(|day| day.parse::<Day>().is_ok());
                if is_day {
                    all += units.as_n().unwrap().parse::<i64>().unwrap();
                }
            }
        }
        all
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

#[tokio::test]
async fn a_fold_that_is_sent_again_moves_nothing() {
    let metered = Metered::of_days(32).await;
    let folds = metered.meter().await.days_to_fold();
    assert!(metered.fold(&folds[0]).await);
    assert!(
        !metered.fold(&folds[0]).await,
        "its answer may have been lost"
    );
    assert_eq!(metered.of_day(TODAY - 31).await, (None, Some(10)));
    assert_eq!(metered.all().await, 320);
}

#[tokio::test]
async fn of_instances_that_fold_at_once_one_does() {
    let metered = Metered::of_days(32).await;
    let fold = &metered.meter().await.days_to_fold()[0];
    let folds = futures_util::future::join_all((0..8).map(|_| metered.fold(fold))).await;
    assert_eq!(folds.iter().filter(|folded| **folded).count(), 1);
    assert_eq!(metered.of_day(TODAY - 31).await, (None, Some(10)));
}

#[tokio::test]
async fn a_charge_on_an_old_day_that_comes_first_is_folded_with_the_rest() {
    let metered = Metered::of_days(33).await;
    let seen = metered.meter().await.days_to_fold();
    metered.charge(TODAY - 31, 4).await;
    assert!(
        !metered.fold(&seen[0]).await,
        "one of its days was charged meanwhile"
    );
    assert_eq!(metered.history().await.len(), 0, "nothing is moved then");
    metered.fold_all().await;
    assert_eq!(metered.of_day(TODAY - 31).await, (None, Some(14)));
    assert_eq!(metered.all().await, 334);
}

#[tokio::test]
async fn a_charge_on_a_folded_day_adds_to_what_was_folded() {
    let metered = Metered::of_days(32).await;
    metered.fold_all().await;
    let meter = metered.charge(TODAY - 31, 3).await;
    assert_eq!(metered.of_day(TODAY - 31).await, (Some(3), Some(10)));
    assert_eq!(
        metered.report(meter, TODAY - 31).await,
        323,
        "it is in both and adds up"
    );
    metered.fold_all().await;
    assert_eq!(metered.of_day(TODAY - 31).await, (None, Some(13)));
}

#[tokio::test]
async fn a_fold_that_comes_late_moves_what_is_there_then_or_nothing() {
    let metered = Metered::of_days(32).await;
    let late = metered.meter().await.days_to_fold().remove(0);
    metered.fold_all().await;
    metered.charge(TODAY - 31, 9).await;
    assert!(!metered.fold(&late).await, "other units than it saw");
    metered.charge(TODAY - 31, 1).await;
    assert!(
        metered.fold(&late).await,
        "as many as it saw: they are others, and are moved once"
    );
    assert_eq!(metered.of_day(TODAY - 31).await, (None, Some(20)));
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
        0
    };
    let folds = async || {
        let mut moved = 0;
        for _ in 0..40 {
            for fold in metered.meter().await.days_to_fold() {
                moved += usize::from(metered.fold(&fold).await);
            }
        }
        moved
    };
    let (_, moved) = tokio::join!(
        futures_util::future::join_all((0..4).map(charges)),
        futures_util::future::join_all((0..3).map(|_| folds())),
    );
    assert!(moved.iter().sum::<usize>() > 2, "{moved:?}");
    assert_eq!(metered.all().await, charged.load(Ordering::Relaxed));
    let told = metered.report(metered.meter().await, TODAY - 100).await;
    assert_eq!(told, charged.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_report_that_a_fold_overtakes_tells_each_unit_once() {
    let metered = Metered::of_days(50).await;
    let before = metered.meter().await;
    for fold in before.days_to_fold() {
        assert!(metered.fold(&fold).await);
        let told = metered.report(before.clone(), TODAY - 60).await;
        assert_eq!(told, 500, "after {}", fold.month);
    }
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
    assert_eq!(metered.of_day(TODAY - 31).await, (None, Some(10)));
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
/// and the previous window of each period and LIFETIME's, the day of a replaced value, a ticket.
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
    let meter = items.iter().find(is_meter).unwrap();
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
    size(meter)
}

/// What a busy key uses on a day: 10,000 calls a second.
const MANY: u64 = 876_543_219;
/// More units than any day has: a billion calls a second.
const MOST: u64 = 99_999_999_999_999;

/// A write of up to 1,024 bytes costs one unit.
#[tokio::test]
async fn the_fullest_meter_costs_one_unit_to_write() {
    let generated = PlanId::generate([7; 16]);
    for (units, bytes) in [(MANY, 856), (MOST, 938)] {
        let metered = Metered::on(plan(generated.as_str(), None, None)).await;
        assert_eq!(fullest(&metered, units).await, bytes, "{units} units a day");
    }
}

#[tokio::test]
async fn only_the_longest_ids_with_impossible_numbers_cost_a_second_unit() {
    let (customer, plan) = ("c".repeat(128), "p".repeat(64));
    for (units, bytes) in [(MOST, 1_098), (MANY, 1_016)] {
        let metered = Metered::of_customer(&customer, &plan).await;
        assert_eq!(fullest(&metered, units).await, bytes, "{units} units a day");
    }
}
