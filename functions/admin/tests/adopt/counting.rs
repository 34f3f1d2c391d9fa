//! Plans that Latchkey counts from now on: what API Gateway has counted so far is counted here
//! too, and what is there is left to itself.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use latchkey_domain::meter::{Meter, Owner, Verdict};
use latchkey_fake_gateway::{Failure, FakeGateway};
use latchkey_store::NativeObject;
use serde_json::json;

use super::account::{
    adopt, dry, empty, key_id, only_reads, outcomes, plan, put, quota, small, throttle, value,
    written,
};
use crate::support::{Admin, SECOND};

/// The tests' day: a Wednesday.
const TODAY: Date = date(2026, 11, 25);

/// What a key has used of its plan, day by day up to today.
fn used(fake: &FakeGateway, plan: &str, key: &str, days: &[u64]) {
    let first = TODAY.checked_sub(jiff::Span::new().days(days.len() as i64 - 1));
    let days: Vec<(u64, u64)> = days.iter().map(|used| (*used, 0)).collect();
    fake.set_usage(plan, key, first.unwrap(), &days);
}

async fn meter(admin: &Admin, key: &str, plan: &str) -> Meter {
    let owner = Owner::Key(key_id(key).parse().unwrap());
    let meter = admin.store.meter(&owner, &plan.parse().unwrap()).await;
    meter.unwrap().unwrap()
}

/// Units in the only window of a meter, and on its days.
fn counted(meter: &Meter) -> (Option<i64>, Vec<i64>) {
    assert!(meter.windows.len() <= 1);
    let units = meter.windows.values().next().copied();
    (units, meter.days.values().copied().collect())
}

#[tokio::test]
async fn what_was_used_in_the_window_is_counted_here_too() {
    let fake = empty();
    for (id, period) in [("day", "DAY"), ("month", "MONTH"), ("week", "WEEK")] {
        let mut plan = plan(id, &[]);
        plan.stages = [(format!("a1:{id}"), BTreeMap::new())].into();
        plan.quota = Some(quota(1_000, period));
        put(&fake, plan, &["k1", "k2"]);
        // From 29 October on.
        let days: Vec<u64> = (0..28).map(|day| u64::from(day >= 22) * day).collect();
        used(&fake, id, "k1", &days);
    }
    let mut unlimited = plan("free", &["a2"]);
    unlimited.quota = None;
    put(&fake, unlimited, &["k1"]);
    used(&fake, "free", "k1", &[7]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "dynamodb").await;
    only_reads(&fake);
    let of = |plan: &'static str| {
        let admin = admin.clone();
        async move { counted(&meter(&admin, "k1", plan).await) }
    };
    assert_eq!(of("day").await, (Some(27), vec![27]));
    assert_eq!(
        of("week").await,
        (Some(24 + 25 + 26 + 27), vec![24, 25, 26, 27])
    );
    assert_eq!(of("month").await, (Some(147), vec![22, 23, 24, 25, 26, 27]));
    assert_eq!(of("free").await, (None, vec![]));
    let unused = counted(&meter(&admin, "k2", "week").await);
    assert_eq!(unused, (None, vec![]));
    let path = format!(
        "/v1/plans/week/usage?keyId={}&startDate=2026-11-23",
        key_id("k1")
    );
    let usage = admin.get(&path).await;
    let values = json!([[25, 951], [26, 925], [27, 898]]);
    assert_eq!(usage.body["values"][key_id("k1")], values);
    let usages = fake.calls();
    let usages = usages.iter().filter(|call| call.operation == "GetUsage");
    let month = "startDate=2026-11-01, endDate=2026-11-25";
    assert_eq!(
        usages.clone().count(),
        3,
        "none for the plan without a quota"
    );
    assert!(
        usages
            .clone()
            .any(|call| call.detail == format!("month, {month}"))
    );
}

#[tokio::test]
async fn a_meter_is_raised_and_never_lowered() {
    let fake = small();
    used(&fake, "gold", "k1", &[1, 3]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "dynamodb").await;
    assert_eq!(
        counted(&meter(&admin, "k1", "gold").await),
        (Some(4), vec![1, 3])
    );
    for _ in 0..2 {
        let verdict = admin.charge(&key_id("k1"), "gold").await;
        assert!(matches!(verdict, Verdict::Admitted { .. }));
    }
    let before = written(&admin).await;
    adopt(&admin, "dynamodb").await;
    assert!(written(&admin).await == before, "6 is more than 4");
    used(&fake, "gold", "k1", &[1, 6]);
    let told = dry(&admin, "dynamodb").await;
    assert!(written(&admin).await == before);
    adopt(&admin, "dynamodb").await;
    assert_eq!(
        counted(&meter(&admin, "k1", "gold").await),
        (Some(7), vec![1, 6])
    );
    assert_eq!(
        outcomes(&told, "plans"),
        ["gold unchanged", "silver unchanged"]
    );
    used(&fake, "gold", "k1", &[8, 8]);
    adopt(&admin, "dynamodb").await;
    let refused = admin.charge(&key_id("k1"), "gold").await;
    assert!(matches!(refused, Verdict::Refused(_)), "16 of 10 were used");
    // The window after has a quota of its own.
    admin.pass(7 * 24 * 3_600 * SECOND);
    adopt(&admin, "dynamodb").await;
    let verdict = admin.charge(&key_id("k1"), "gold").await;
    assert!(matches!(verdict, Verdict::Admitted { .. }), "{verdict:?}");
}

#[tokio::test]
async fn throttles_of_methods_have_buckets_of_their_own() {
    let fake = empty();
    let mut methods = plan("gold", &["a1", "a2"]);
    methods.quota = None;
    let rules = |paths: &[&str]| {
        let rule = |path: &&str| ((*path).to_owned(), throttle(1.0, 2));
        paths.iter().map(rule).collect::<BTreeMap<_, _>>()
    };
    methods.stages = [
        ("a1:prod".to_owned(), rules(&["//GET", "/orders/GET"])),
        ("a2:prod".to_owned(), rules(&["//GET"])),
    ]
    .into();
    put(&fake, methods, &["k1"]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "dynamodb").await;
    let plan = admin.store.plan(&"gold".parse().unwrap()).await;
    let plan = plan.unwrap().unwrap().plan;
    let rules = plan.stages.iter().flat_map(|stage| &stage.methods);
    let buckets: Vec<u16> = rules.map(|rule| rule.throttle.unwrap().0).collect();
    assert_eq!(buckets, [1, 2, 3]);
    for admitted in [true, true, false] {
        let verdict = admin.charge(&key_id("k1"), "gold").await;
        let was = matches!(verdict, Verdict::Admitted { .. });
        assert_eq!(was, admitted, "a burst of 2 for GET / of a1");
    }
    // They stand while something else of the plan changes, and what is new gets a new one.
    let path = "/v1/plans/gold";
    let renamed = admin.patch(path, json!({"name": "Golden"})).await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    let stages = renamed.body["apiStages"].clone();
    assert_eq!(
        stages[0]["throttle"]["//GET"],
        json!({"rateLimit": 1, "burstLimit": 2})
    );
    let same = admin.patch(path, json!({"apiStages": stages})).await;
    assert_eq!(same.status, 200, "{}", same.body);
    let throttles = json!({"//GET": {"rateLimit": 2}, "/new/GET": {"rateLimit": 2}});
    let other = json!({"apiStages": [{"apiId": "a1", "stage": "prod", "throttle": throttles}]});
    assert_eq!(admin.patch(path, other).await.status, 200);
    let plan = admin.store.plan(&"gold".parse().unwrap()).await;
    let stages = plan.unwrap().unwrap().plan.stages;
    let rules = stages[0].methods.iter();
    let buckets: Vec<u16> = rules.map(|rule| rule.throttle.unwrap().0).collect();
    assert_eq!(buckets, [1, 4]);
}

/// The objects that Latchkey keeps in step with API Gateway.
async fn natives(admin: &Admin) -> Vec<String> {
    let page = admin.store.all_natives(500, None).await.unwrap();
    let natives = page.items.iter();
    let mut natives: Vec<String> = natives.map(|native| native.object.to_string()).collect();
    natives.sort();
    natives
}

#[tokio::test]
async fn what_latchkey_counts_is_not_kept_in_step() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    let first = adopt(&admin, "dynamodb").await;
    assert_eq!(
        outcomes(&first, "plans"),
        ["gold adopted", "silver adopted"]
    );
    assert_eq!(natives(&admin).await, [""; 0]);
    let again = adopt(&admin, "dynamodb").await;
    assert_eq!(
        outcomes(&again, "plans"),
        ["gold unchanged", "silver unchanged"]
    );
    let renamed = admin
        .patch(
            &format!("/v1/keys/{}", key_id("k1")),
            json!({"name": "Other"}),
        )
        .await;
    assert_eq!(renamed.status, 200);
    let gone = format!("/v1/keys/{}", key_id("k3"));
    assert_eq!(admin.delete(&gone).await.status, 204);
    // Nothing there follows a key that is not kept in step.
    let native = json!({"name": "N", "enforcement": "apiGateway"});
    let native = admin.post("/v1/plans", native).await.id();
    let answer = admin
        .put(&format!("/v1/plans/{native}/keys/{}", key_id("k1")))
        .await;
    assert_eq!(answer.problem(), "key-not-held", "{}", answer.body);
    fake.delete_plan(
        fake.plans()
            .keys()
            .find(|id| *id != "gold" && *id != "silver")
            .unwrap(),
    );
    fake.forget_calls();
    assert_eq!(admin.get("/v1/keys").await.status, 200);
    only_reads(&fake);
    assert_eq!(fake.keys()["k1"].name, "Key k1");
}

#[tokio::test]
async fn a_plan_comes_to_be_counted_here_with_its_keys() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "apiGateway").await;
    assert_eq!(natives(&admin).await.len(), 10);
    used(&fake, "gold", "k1", &[2, 3]);
    let there = (fake.plans(), fake.keys());
    let before = written(&admin).await;
    let told = dry(&admin, "dynamodb").await;
    assert_eq!(outcomes(&told, "plans"), ["gold adopt", "silver adopt"]);
    assert!(written(&admin).await == before);
    let done = adopt(&admin, "dynamodb").await;
    assert_eq!(outcomes(&done, "plans"), ["gold adopted", "silver adopted"]);
    assert_eq!(outcomes(&done, "keys")[3], "k4 adopted", "it is on no plan");
    assert_eq!(natives(&admin).await, [""; 0]);
    assert_eq!(
        counted(&meter(&admin, "k1", "gold").await),
        (Some(5), vec![2, 3])
    );
    only_reads(&fake);
    assert_eq!((fake.plans(), fake.keys()), there);
    let plan = admin.get("/v1/plans/gold").await;
    assert_eq!(plan.body["enforcement"], "dynamodb");
    assert_eq!(plan.body.get("apiGateway"), None);
    for id in ["k1", "k2"] {
        assert_eq!(admin.reason(&value(id), "a1:prod").await, "none");
    }
    let before = admin.items().await.len();
    let again = adopt(&admin, "dynamodb").await;
    assert_eq!(
        outcomes(&again, "plans"),
        ["gold unchanged", "silver unchanged"]
    );
    assert_eq!(admin.items().await.len(), before);
    // What is there may go now, by hand.
    for id in ["k1", "k2", "k3", "k4"] {
        fake.delete_key(id);
    }
    fake.delete_plan("gold");
    adopt(&admin, "dynamodb").await;
    assert_eq!(admin.reason(&value("k1"), "a1:prod").await, "none");
    let audited = admin.audited().await;
    let count = |action: &str| audited.iter().filter(|is| *is == action).count();
    assert_eq!(
        ["plan.release", "key.release", "usage.adopt"].map(count),
        [2, 5, 1],
        "k2 on each of its plans"
    );
}

#[tokio::test]
async fn a_key_stays_in_step_while_one_of_its_plans_does() {
    let fake = small();
    fake.edit_plan("silver", |plan| {
        plan.quota = Some(quota(5, "MONTH"));
        plan.quota.as_mut().unwrap().offset = 4;
    });
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "apiGateway").await;
    let done = adopt(&admin, "dynamodb").await;
    assert_eq!(outcomes(&done, "plans"), ["gold adopted", "silver skipped"]);
    let (k2, k3) = (key_id("k2"), key_id("k3"));
    let mut expected = vec![
        k2.clone(),
        format!("{k2}:silver"),
        k3.clone(),
        format!("{k3}:silver"),
        "plan:silver".to_owned(),
    ];
    expected.sort();
    assert_eq!(natives(&admin).await, expected);
    let path = format!("/v1/keys/{k2}");
    assert_eq!(
        admin.patch(&path, json!({"name": "Both"})).await.status,
        200
    );
    assert_eq!(fake.keys()["k2"].name, "Both");
}

#[tokio::test]
async fn a_key_comes_to_be_kept_in_step_with_its_first_native_plan() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "dynamodb").await;
    let mut bronze = plan("bronze", &[]);
    bronze.stages = [("a1:test".to_owned(), BTreeMap::new())].into();
    put(&fake, bronze, &["k1"]);
    adopt(&admin, "apiGateway").await;
    let k1 = key_id("k1");
    let native = NativeObject::Key(k1.parse().unwrap());
    let native = admin.store.native(&native).await.unwrap().unwrap();
    assert_eq!(native.native_id.as_deref(), Some("k1"));
    let path = format!("/v1/keys/{k1}");
    assert_eq!(
        admin.patch(&path, json!({"name": "Both"})).await.status,
        200
    );
    assert_eq!(fake.keys()["k1"].name, "Both");
}

#[tokio::test]
async fn a_header_key_of_latchkey_s_own_goes_on_with_an_adopted_plan() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "apiGateway").await;
    let body = json!({"nativeValue": "header", "planIds": ["gold"]});
    let made = admin.post("/v1/keys", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let native = NativeObject::Key(made.id().parse().unwrap());
    let native = admin.store.native(&native).await.unwrap().unwrap();
    let there = native.native_id.unwrap();
    used(&fake, "gold", &there, &[6]);
    let done = adopt(&admin, "dynamodb").await;
    assert_eq!(done.body["plans"][0]["keys"], 3);
    let owner = Owner::Key(made.id().parse().unwrap());
    let meter = admin.store.meter(&owner, &"gold".parse().unwrap()).await;
    assert_eq!(counted(&meter.unwrap().unwrap()).0, Some(6));
    assert_eq!(
        natives(&admin).await,
        [made.id()],
        "its key there is Latchkey's to delete"
    );
    assert!(
        fake.keys_on("gold").contains(&there),
        "and is left on the plan"
    );
    let path = format!("/v1/keys/{}", made.id());
    assert_eq!(admin.delete(&path).await.status, 204);
    assert!(!fake.keys().contains_key(&there));
}

#[tokio::test(start_paused = true)]
async fn where_api_gateway_gives_no_answer_the_next_request_goes_on() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    for operation in ["GetUsagePlans", "GetApiKeys"] {
        // Its third attempt is the last.
        for _ in 0..3 {
            fake.fail_next(operation, Failure::Fault);
        }
        let body = json!({"dryRun": false});
        let answer = admin.post("/v1/adopt", body).await;
        assert_eq!(
            answer.problem(),
            "api-gateway-unavailable",
            "{}",
            answer.body
        );
        assert_eq!(admin.items().await, []);
    }
    for _ in 0..3 {
        fake.fail_next("GetUsage", Failure::NotSent);
    }
    let mut body = json!({"dryRun": false, "enforcement": "dynamodb"});
    let answer = admin.post("/v1/adopt", body.clone()).await;
    assert_eq!(outcomes(&answer, "keys").len(), 4);
    assert_eq!(outcomes(&answer, "plans"), [""; 0]);
    body["cursor"] = answer.body["cursor"].clone();
    let answer = admin.post("/v1/adopt", body.clone()).await;
    assert_eq!(outcomes(&answer, "keys"), [""; 0]);
    assert_eq!(
        outcomes(&answer, "plans"),
        ["gold adopted", "silver adopted"]
    );
    assert_eq!(answer.body.get("cursor"), None);
    for (field, other) in [
        ("dryRun", json!(true)),
        ("enforcement", json!("apiGateway")),
    ] {
        let mut wrong = body.clone();
        wrong[field] = other;
        let answer = admin.post("/v1/adopt", wrong).await;
        assert!(answer.faults()[0].starts_with("/cursor: not a cursor of this"));
    }
    fake.fail_next("GetApiKeys", Failure::AccessDenied("no".to_owned()));
    let answer = admin.post("/v1/adopt", json!({"dryRun": true})).await;
    assert_eq!(answer.problem(), "api-gateway-refused");
}
