//! Plans, keys and attachments that API Gateway has already, and the change from its counting
//! to Latchkey's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use latchkey_domain::{
    Enforcement, Key, NativeKeyValue, Period, Plan, PlanStage, Quota, StageSelector,
    meter::{Asked, Holding, Owner, Step, Verdict},
};
use latchkey_store::{Counted, Lost, NativeObject};
use support::{Table, change, key, noon, twin};

fn gold(enforcement: Enforcement) -> Plan {
    let selector = StageSelector::new("a1", "prod").unwrap();
    Plan {
        enforcement,
        quota: Quota::new(1_000, Period::Day).ok(),
        stages: vec![PlanStage {
            selector,
            methods: vec![],
        }],
        ..support::plan("gold", None, None)
    }
}

fn header_key() -> Key {
    Key {
        native_value: NativeKeyValue::Header,
        ..key(1)
    }
}

/// The hour in which the tests' day begins, and the day.
const WINDOW: i64 = 20_782 * 24;
const DAY: i64 = 20_782;

fn counted(units: i64) -> Counted {
    Counted {
        window: WINDOW,
        units,
        days: BTreeMap::from([(DAY, units)]),
    }
}

/// With a key on the plan that was taken over.
async fn adopted(enforcement: Enforcement) -> Table {
    let table = Table::new().await;
    let (store, plan) = (&table.store, gold(enforcement));
    let native = (enforcement == Enforcement::ApiGateway).then_some("k1");
    store.adopt_plan(&plan, "p1", &change()).await.unwrap();
    store
        .adopt_key(&header_key(), native, &change())
        .await
        .unwrap();
    let record = store.key(key(1).id).await.unwrap().unwrap();
    store
        .adopt_attachment(&record, &plan, None, &change())
        .await
        .unwrap();
    table
}

/// Charges one unit, as an authorizer does.
async fn charge(table: &Table, plan: &Plan) -> Verdict {
    let now = latchkey_domain::Reading {
        wall: i64::try_from(noon().as_nanosecond()).unwrap(),
        steady: 0,
    };
    let terms = plan.terms(&support::request());
    let mut holding = Holding::new(1, now);
    let owner = Owner::Key(key(1).id);
    let (mut charge, write) = match holding.ask(&terms, false, now) {
        Asked::Done(verdict) => return verdict,
        Asked::Charge(charge, write) => (charge, write),
    };
    let mut step = Step::Write(write);
    loop {
        match step {
            Step::Done(verdict) => return verdict,
            Step::Write(write) | Step::WriteAfter(_, _, write) => {
                let answer = table.store.write_meter(&owner, &plan.id, &write).await;
                step = charge.answer(&mut holding, answer, &now);
            }
            Step::ReadPlan => step = charge.renew(&mut holding, terms),
        }
    }
}

#[tokio::test]
async fn a_meter_is_raised_among_charges_and_none_of_them_is_taken_back() {
    let table = adopted(Enforcement::DynamoDb).await;
    let plan = gold(Enforcement::DynamoDb);
    let owner = Owner::Key(key(1).id);
    let charges = async {
        for _ in 0..40 {
            let verdict = charge(&table, &plan).await;
            assert!(matches!(verdict, Verdict::Admitted { .. }), "{verdict:?}");
        }
    };
    let raises = async {
        for units in [3, 10, 7, 25] {
            let raised = table
                .store
                .raise_meter(&owner, &plan.id, &counted(units), &change())
                .await;
            raised.unwrap();
        }
    };
    tokio::join!(charges, raises);
    let meter = table.store.meter(&owner, &plan.id).await.unwrap().unwrap();
    let used = meter.windows[&WINDOW];
    assert_eq!(used, meter.days[&DAY]);
    assert!((40..=65).contains(&used), "{used}");
    let before = table.items().await.len();
    let again = table
        .store
        .raise_meter(&owner, &plan.id, &counted(used), &change())
        .await;
    assert!(!again.unwrap());
    assert_eq!(table.items().await.len(), before, "and no audit record");
}

#[tokio::test]
async fn what_is_charged_no_more_is_not_raised() {
    let table = adopted(Enforcement::DynamoDb).await;
    let (store, plan) = (&table.store, gold(Enforcement::DynamoDb));
    let id = key(1).id;
    let record = store.key(id).await.unwrap().unwrap();
    store.detach(&record, &plan, &[], &change()).await.unwrap();
    let raise = |owner: Owner| {
        let (store, plan) = (store.clone(), plan.id.clone());
        async move {
            let raised = store
                .raise_meter(&owner, &plan, &counted(5), &change())
                .await;
            raised.unwrap()
        }
    };
    assert!(!raise(Owner::Key(id)).await);
    assert!(!raise(Owner::Key(key(2).id)).await, "there is none");
    assert!(store.left_meters(id).await.unwrap());
    assert!(!store.left_meters(key(2).id).await.unwrap());
    let native = NativeObject::Key(id);
    assert_eq!(store.native(&native).await.unwrap(), None);
}

#[tokio::test]
async fn a_plan_is_released_if_no_key_came_and_a_key_if_it_is_as_it_was() {
    let table = adopted(Enforcement::ApiGateway).await;
    let store = &table.store;
    let (id, plan) = (key(1).id, gold(Enforcement::ApiGateway));
    let before = store.plan(&plan.id).await.unwrap().unwrap();
    let after = Plan {
        enforcement: Enforcement::DynamoDb,
        version: plan.version + 1,
        ..plan.clone()
    };
    let second = Key {
        native_value: NativeKeyValue::Header,
        ..key(2)
    };
    store
        .create_key(&second, &[&plan], &twin(), &change())
        .await
        .unwrap();
    let lost = store.release_plan(&before, &after, &change()).await;
    assert!(matches!(lost, Err(Lost::Condition(0))), "{lost:?}");
    let native = NativeObject::Plan(plan.id.clone());
    assert!(store.native(&native).await.unwrap().is_some());

    let before = store.plan(&plan.id).await.unwrap().unwrap();
    store
        .release_plan(&before, &after, &change())
        .await
        .unwrap();
    assert_eq!(store.native(&native).await.unwrap(), None);
    assert_eq!(store.plan(&plan.id).await.unwrap().unwrap().plan, after);

    let objects = [
        NativeObject::PlanKey(id, plan.id.clone()),
        NativeObject::Key(id),
    ];
    let record = store.key(id).await.unwrap().unwrap();
    assert_eq!(store.natives(&objects).await.unwrap().len(), 2);
    store
        .release_key(&record, &objects, &change())
        .await
        .unwrap();
    assert_eq!(store.natives(&objects).await.unwrap(), []);
    let lost = store.release_key(&record, &objects, &change()).await;
    assert!(matches!(lost, Err(Lost::Condition(0))), "{lost:?}");
    // Its twin is not wanted again by a change of the key.
    let record = store.key(id).await.unwrap().unwrap();
    let renamed = Key {
        name: "other".parse().ok(),
        revision: record.key.revision + 1,
        ..record.key.clone()
    };
    store
        .update_key(&record, &renamed, &[], &change())
        .await
        .unwrap();
    assert_eq!(store.natives(&objects).await.unwrap(), []);
    let actions = table.actions().await;
    let released = actions.iter().filter(|action| action.contains("release"));
    assert_eq!(released.count(), 2);
}
