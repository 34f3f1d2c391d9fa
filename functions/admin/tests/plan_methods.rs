//! Methods of a plan that have a throttle of their own, or cost several units.

use latchkey_domain::meter::Verdict;
use serde_json::{Value, json};

use crate::support::{Admin, Answer, SECOND, assert_answer};

/// One stage, `a1:prod`, of which methods differ.
fn stage(throttle: Value, units: Value) -> Value {
    json!({"apiId": "a1", "stage": "prod", "throttle": throttle, "units": units})
}

fn slow(burst: u64) -> Value {
    json!({"rateLimit": 0.001, "burstLimit": burst})
}

fn gold() -> Value {
    json!({
        "name": "Gold",
        "throttle": slow(20),
        "quota": {"limit": 30, "period": "DAY"},
        "apiStages": [stage(
            json!({"/orders/GET": slow(2), "/orders/{id}/PUT": slow(6)}),
            json!({"/reports/*/GET": 5, "/orders/{id}/PUT": 3}),
        )],
    })
}

/// What is left after a call, or why it was refused.
async fn left(admin: &Admin, key: &str, plan: &str, call: (&str, &str)) -> Result<u64, String> {
    match admin.charge_call(key, plan, call).await {
        Verdict::Admitted { remaining } => Ok(remaining.unwrap_or(0)),
        Verdict::Refused(refusal) => Err(refusal.reason.as_str().to_owned()),
    }
}

/// The numbers of the buckets, by stage and in the order in which they are kept.
async fn buckets(admin: &Admin, plan: &str) -> Vec<(String, u16)> {
    let record = admin.store.plan(&plan.parse().unwrap()).await.unwrap();
    let stages = record.unwrap().plan.stages;
    let rules = stages.iter().flat_map(|stage| &stage.methods);
    rules
        .filter_map(|rule| Some((rule.method.to_string(), rule.throttle?.0)))
        .collect()
}

fn numbered(expected: &[(&str, u16)]) -> Vec<(String, u16)> {
    let owned = |(method, number): &(&str, u16)| ((*method).to_owned(), *number);
    expected.iter().map(owned).collect()
}

#[tokio::test]
async fn methods_have_throttles_and_units_of_their_own() {
    let admin = Admin::start().await;
    let made = admin.post("/v1/plans", gold()).await;
    assert_answer!("plan_of_methods", made);
    let plan = made.id();
    let shown = admin.get(&format!("/v1/plans/{plan}")).await;
    assert_eq!(shown.body, made.body);
    let (key, value) = admin.key(&[&plan]).await;
    let throttled = Err("throttled".to_owned());
    for (call, expected) in [
        (("GET", "/reports/daily"), Ok(25)),
        (("GET", "/orders"), Ok(24)),
        (("GET", "/orders"), Ok(23)),
        (("GET", "/orders"), throttled.clone()),
        (("POST", "/orders"), Ok(22)),
        (("PUT", "/orders/1"), Ok(19)),
        (("PUT", "/orders/2"), Ok(16)),
        (("PUT", "/orders/3"), throttled.clone()),
        // 6 of the plan's own 20 are gone.
        (("GET", "/reports/daily"), Ok(11)),
        (("GET", "/reports/daily"), Ok(6)),
        (("GET", "/reports/daily"), throttled),
        (("DELETE", "/orders/1"), Ok(5)),
    ] {
        assert_eq!(left(&admin, &key, &plan, call).await, expected, "{call:?}");
    }
    let call = json!({"value": value, "apiId": "a1", "stage": "prod", "method": "PUT", "path": "/orders/9"});
    let verified = admin.post("/v1/verify", call).await;
    assert_eq!(verified.body["reason"], "throttled", "its bucket is asked");
}

#[tokio::test]
async fn a_method_s_bucket_stays_whatever_else_of_the_plan_changes() {
    let admin = Admin::start().await;
    let path = "/v1/plans/gold";
    let only = |throttle: Value| json!({"apiStages": [stage(throttle, json!({}))]});
    let mut gold = only(json!({"/b/GET": slow(1), "/c/GET": slow(1)}));
    gold["name"] = "Gold".into();
    let made = admin.put_json(path, gold).await;
    let (key, _) = admin.key(&["gold"]).await;
    let b = ("GET", "/b");
    assert_eq!(left(&admin, &key, "gold", b).await, Ok(0));
    let before_it = json!({"/a/GET": slow(1), "/b/GET": slow(1), "/c/GET": slow(2)});
    for patch in [json!({"name": "Golden"}), only(before_it)] {
        assert_eq!(admin.patch(path, patch).await.status, 200);
        assert_eq!(left(&admin, &key, "gold", b).await, Err("throttled".into()));
    }
    assert_eq!(
        buckets(&admin, "gold").await,
        numbered(&[("/b/GET", 1), ("/c/GET", 2), ("/a/GET", 3)])
    );
    assert_eq!(left(&admin, &key, "gold", ("GET", "/a")).await, Ok(0));

    let put = json!({"name": "Gold", "apiStages": [stage(json!({"/b/GET": slow(1)}), json!({"/c/GET": 2}))]});
    assert_eq!(admin.put_json(path, put.clone()).await.status, 200);
    assert_eq!(left(&admin, &key, "gold", b).await, Err("throttled".into()));
    assert_eq!(buckets(&admin, "gold").await, numbered(&[("/b/GET", 1)]));
    // What was away is new: its bucket is full, and another one.
    let again = only(json!({"/a/GET": slow(1), "/b/GET": slow(1), "/c/GET": slow(1)}));
    assert_eq!(admin.patch(path, again).await.status, 200);
    assert_eq!(
        buckets(&admin, "gold").await,
        numbered(&[("/b/GET", 1), ("/c/GET", 4), ("/a/GET", 5)])
    );
    assert_eq!(left(&admin, &key, "gold", ("GET", "/a")).await, Ok(0));
    assert_eq!(left(&admin, &key, "gold", b).await, Err("throttled".into()));
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn the_same_methods_in_another_order_change_nothing() {
    let admin = Admin::start().await;
    let body = |throttle: &str, units: &str| {
        format!(
            r#"{{"name": "Gold", "apiStages": [{{"stage": "prod", "apiId": "a1", "units": {units}, "throttle": {throttle}}}]}}"#
        )
    };
    let put = async |throttle: &str, units: &str| {
        let body = serde_json::from_str(&body(throttle, units)).unwrap();
        admin.put_json("/v1/plans/gold", body).await
    };
    let (a, b) = (
        r#""/a/GET": {"rateLimit": 1}"#,
        r#""/b/GET": {"rateLimit": 2}"#,
    );
    let made = put(&format!("{{{a}, {b}}}"), r#"{"/b/GET": 2, "/c/*": 1}"#).await;
    assert_eq!(made.status, 201, "{}", made.body);
    admin.pass(SECOND);
    let again = put(&format!("{{{b}, {a}}}"), r#"{"/c/*": 1, "/b/GET": 2}"#).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &made.body));
    let patch = json!({"apiStages": made.body["apiStages"]});
    let patched = admin.patch("/v1/plans/gold", patch).await;
    assert_eq!(patched.body, made.body, "what is shown can be sent back");
    assert_eq!(admin.audited().await, ["plan.create"]);
}

#[tokio::test]
async fn units_that_could_never_be_paid_are_refused() {
    let admin = Admin::start().await;
    let dear = |throttle: Value, methods: Value| {
        json!({
            "name": "Gold",
            "throttle": throttle,
            "quota": {"limit": 6, "period": "DAY"},
            "apiStages": [stage(methods, json!({"/reports/*/GET": 5}))],
        })
    };
    let place = "/apiStages/0/units/~1reports~1*~1GET: is more than";
    let (narrow, wide) = (dear(slow(4), json!({})), dear(slow(5), json!({})));
    let own = dear(slow(9), json!({"/reports/daily/GET": slow(3)}));
    for (body, bound) in [
        (narrow, "the burst of the plan's throttle (4)"),
        (own, "the burst of the throttle of /reports/daily/GET (3)"),
    ] {
        let fault = format!("{place} {bound}, so that no such call would ever pass");
        for answer in [
            admin.post("/v1/plans", body.clone()).await,
            admin.put_json("/v1/plans/gold", body).await,
        ] {
            assert_eq!(answer.faults(), [fault.as_str()]);
        }
    }
    let own = dear(slow(4), json!({"/reports/*/GET": slow(5)}));
    assert_eq!(admin.put_json("/v1/plans/gold", own).await.status, 201);
    assert_eq!(admin.put_json("/v1/plans/gold", wide).await.status, 200);
    for (patch, bound) in [
        (json!({"quota": {"limit": 4}}), "the quota's limit (4)"),
        (
            json!({"throttle": {"burstLimit": 2}}),
            "the burst of the plan's throttle (2)",
        ),
    ] {
        let fault = format!("{place} {bound}, so that no such call would ever pass");
        assert_eq!(admin.patch("/v1/plans/gold", patch).await.faults(), [fault]);
    }
    let closed = admin
        .patch("/v1/plans/gold", json!({"quota": {"limit": 0}}))
        .await;
    assert_eq!(
        closed.status, 200,
        "0 lets nothing through, and is meant to"
    );
}

#[tokio::test]
async fn what_is_said_of_methods_is_held_to_its_rules() {
    let admin = Admin::start().await;
    let faults = async |throttle: Value, units: Value| {
        let body = json!({"name": "P", "apiStages": [stage(throttle, units)]});
        admin.post("/v1/plans", body).await.faults()
    };
    let units =
        json!({"/a/GET": 0, "/b/GET": 1_000_000_001, "/c/GET": 1.5, "/d/GET": null, "get": 1});
    assert_eq!(
        faults(json!({}), units).await,
        [
            "/apiStages/0/units/get: \"get\" is not a method: /path/METHOD such as /orders/{id}/GET, //GET for the root; one entry for each method, since ANY is none",
            "/apiStages/0/units/~1a~1GET: must be a whole number from 1 to 1000000000, the highest burst",
            "/apiStages/0/units/~1b~1GET: must be a whole number from 1 to 1000000000, the highest burst",
            "/apiStages/0/units/~1c~1GET: must be a whole number, not a number with a fraction, an exponent or too many digits",
            "/apiStages/0/units/~1d~1GET: must be a whole number, not null",
        ]
    );
    assert_eq!(
        faults(json!([]), json!(5)).await,
        [
            "/apiStages/0/throttle: must be an object, not a list",
            "/apiStages/0/units: must be an object, not a whole number",
        ]
    );
    let same = "is the same method as /a/{id}/GET: write it in one way, once";
    assert_eq!(
        faults(
            json!({"/a/{id}/GET": slow(1), "/a/{x}/GET": slow(1)}),
            json!({})
        )
        .await,
        [format!("/apiStages/0/throttle/~1a~1{{x}}~1GET: {same}")]
    );
    assert_eq!(
        faults(
            json!({"/a/{id}/GET": slow(1)}),
            json!({"/a/{x}/GET": 1, "/b/GET": 1})
        )
        .await,
        [format!("/apiStages/0/units/~1a~1{{x}}~1GET: {same}")]
    );
}

/// Answers to a plan with methods `from..to` of two stages, throttled and with units by turns.
async fn of_methods(admin: &Admin, first: usize, second: usize) -> Answer {
    let stage = |name: &str, methods: usize| {
        let method = |at: usize| format!("/m{at}/GET");
        let throttle: serde_json::Map<String, Value> = (0..methods)
            .filter(|at| at % 2 == 0)
            .map(|at| (method(at), slow(1)))
            .collect();
        let units: serde_json::Map<String, Value> = (0..methods)
            .filter(|at| at % 2 == 1 || at % 4 == 0)
            .map(|at| (method(at), 1.into()))
            .collect();
        json!({"apiId": "a1", "stage": name, "throttle": throttle, "units": units})
    };
    let body = json!({"name": "P", "apiStages": [stage("x", first), stage("y", second)]});
    admin.post("/v1/plans", body).await
}

#[tokio::test]
async fn a_plan_has_at_most_24_methods_with_throttle_or_units() {
    let admin = Admin::start().await;
    assert_eq!(of_methods(&admin, 12, 12).await.status, 201);
    assert_eq!(of_methods(&admin, 24, 0).await.status, 201);
    let fault =
        "/apiStages: a plan may have 24 methods with throttle or units, all stages together";
    assert_eq!(of_methods(&admin, 12, 13).await.faults(), [fault]);
    assert_eq!(of_methods(&admin, 25, 0).await.faults(), [fault]);
    let units: serde_json::Map<String, Value> = (0..25)
        .map(|at| (format!("/m{at}/GET"), 1.into()))
        .collect();
    let body = json!({"name": "P", "apiStages": [stage(json!({}), units.into())]});
    assert_eq!(
        admin.post("/v1/plans", body).await.faults(),
        [fault.replace("/apiStages", "/apiStages/0/units")]
    );
}

#[tokio::test]
async fn a_plan_whose_numbers_are_used_up_says_so() {
    let admin = Admin::start().await;
    let made = admin.put_json("/v1/plans/gold", gold()).await;
    assert_eq!(made.status, 201);
    let record = admin.store.plan(&"gold".parse().unwrap()).await.unwrap();
    let record = record.unwrap();
    let mut used_up = record.plan.clone();
    (used_up.buckets_given, used_up.version) = (u16::MAX, used_up.version + 1);
    let change = admin.change();
    let written = admin.store.update_plan(&record, &used_up, &change).await;
    written.unwrap();
    admin.pass(SECOND);
    let more = json!({"apiStages": [stage(json!({"/orders/GET": slow(2), "/new/GET": slow(1)}), json!({}))]});
    assert_eq!(
        admin.patch("/v1/plans/gold", more).await.faults(),
        [
            "/apiStages: this plan has given all of its 65535 numbers to throttles of methods, and none is given twice: make another plan, and put the keys on it"
        ]
    );
    let fewer =
        json!({"apiStages": [stage(json!({"/orders/GET": slow(1)}), json!({"/new/GET": 2}))]});
    assert_eq!(admin.patch("/v1/plans/gold", fewer).await.status, 200);
    assert_eq!(
        buckets(&admin, "gold").await,
        numbered(&[("/orders/GET", 1)])
    );
}
