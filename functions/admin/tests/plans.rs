//! Usage plans.

use serde_json::{Value, json};

use crate::support::{Admin, SECOND, assert_answer, stage_json};

fn gold() -> Value {
    json!({
        "name": "Gold",
        "description": "For those who pay",
        "throttle": {"rateLimit": 12.5, "burstLimit": 20},
        "quota": {"limit": 1_000_000, "period": "MONTH"},
        "apiStages": [stage_json("a1b2c3:$default"), stage_json("d4e5f6:*")],
        "scope": "key",
        "enforcement": "dynamodb",
    })
}

#[tokio::test]
async fn a_plan_is_made_and_shown() {
    let admin = Admin::start().await;
    let made = admin.post("/v1/plans", gold()).await;
    assert_answer!("plan_created", made);
    let shown = admin.get(&format!("/v1/plans/{}", made.id())).await;
    assert_eq!((shown.status.as_u16(), &shown.body), (200, &made.body));
    assert_eq!(admin.audited().await, ["plan.create"]);
}

#[tokio::test]
async fn a_name_is_enough_and_such_a_plan_covers_nothing() {
    let admin = Admin::start().await;
    let nulls = json!({"name": "Bare", "description": null, "throttle": null, "quota": null, "apiStages": null});
    let made = admin.post("/v1/plans", nulls).await;
    assert_answer!("plan_of_a_name", made);
    let (_, value) = admin.key(&[&made.id()]).await;
    assert_eq!(admin.reason(&value, "a1:prod").await, "no_usage_plan");
}

#[tokio::test]
async fn zero_is_not_unset() {
    let admin = Admin::start().await;
    let zeros = json!({"name": "Zero", "throttle": {"rateLimit": 0, "burstLimit": 0}, "quota": {"limit": 0, "period": "LIFETIME"}, "apiStages": [stage_json("*:*")]});
    let made = admin.post("/v1/plans", zeros).await;
    assert_eq!(
        made.body["throttle"],
        json!({"rateLimit": 0, "burstLimit": 0})
    );
    assert_eq!(
        made.body["quota"],
        json!({"limit": 0, "period": "LIFETIME"})
    );
    let (_, value) = admin.key(&[&made.id()]).await;
    assert_eq!(admin.reason(&value, "a1:prod").await, "quota_exceeded");
    let without_quota = json!({"quota": null});
    admin
        .patch(&format!("/v1/plans/{}", made.id()), without_quota)
        .await;
    assert_eq!(admin.reason(&value, "a1:prod").await, "throttled");
}

#[tokio::test]
async fn a_rate_is_the_decimal_number_that_was_written() {
    let admin = Admin::start().await;
    for rate in [
        "0.1",
        "0.3",
        "1234567.000001",
        "999999999.999999",
        "1000000000",
        "0.000001",
        "2.5",
    ] {
        let body = format!(r#"{{"name": "P", "throttle": {{"rateLimit": {rate}}}}}"#);
        let made = admin
            .send(crate::support::request(
                http::Method::POST,
                "/v1/plans",
                Some(body),
            ))
            .await;
        let answered = made.body["throttle"]["rateLimit"].as_f64();
        assert_eq!(answered, rate.parse().ok());
    }
    let exponent = r#"{"name": "P", "throttle": {"rateLimit": 1.0e2}}"#.to_owned();
    let made = admin
        .send(crate::support::request(
            http::Method::POST,
            "/v1/plans",
            Some(exponent),
        ))
        .await;
    assert_eq!(made.body["throttle"]["rateLimit"], 100);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let admin = Admin::start().await;
    let wrong = json!({
        "description": 7,
        "throttle": {"burstLimit": 5, "rate": 1},
        "quota": {"limit": -1, "period": "YEAR", "offset": 2},
        "apiStages": [
            {"apiId": "a 1", "stage": "prod"},
            {"apiId": "a1"},
            {"apiId": "a1", "stage": "x", "throttle": {}, "units": {"GET": 0}, "unit": {}},
            "a1:prod",
        ],
        "scope": "planet",
        "enforcement": "apiGateway",
        "rateLimit": 5,
        "limit": 5,
        "colour": "gold",
        "id": "mine",
    });
    assert_answer!("plan_all_wrong", admin.post("/v1/plans", wrong).await);
    assert_eq!(admin.audited().await, [""; 0]);
}

#[tokio::test]
async fn single_fields_are_held_to_their_rules() {
    let admin = Admin::start().await;
    let refused = [
        (
            json!({"name": ""}),
            "/name: \"\" is not a name: 1 to 1024 characters, none of them a control character",
        ),
        (
            json!({"name": "a\nb"}),
            "/name: \"a\\nb\" is not a name: 1 to 1024 characters, none of them a control character",
        ),
        (json!({"name": null}), "/name: must be a string, not null"),
        (
            json!({"name": "P", "description": "x".repeat(1025)}),
            "/description: not a description: at most 1024 characters, none of them a control character",
        ),
        (
            json!({"name": "P", "throttle": {"rateLimit": "10"}}),
            "/throttle/rateLimit: must be a number, not a string",
        ),
        (
            json!({"name": "P", "throttle": {"rateLimit": -1}}),
            "/throttle/rateLimit: \"-1\" is not a rateLimit: a number from 0 to 1000000000 with at most 6 decimals",
        ),
        (
            json!({"name": "P", "throttle": {"rateLimit": 0.1234567}}),
            "/throttle/rateLimit: \"0.1234567\" is not a rateLimit: a number from 0 to 1000000000 with at most 6 decimals",
        ),
        (
            json!({"name": "P", "throttle": {"rateLimit": 1, "burstLimit": 1.5}}),
            "/throttle/burstLimit: must be a whole number, not a number with a fraction, an exponent or too many digits",
        ),
        (
            json!({"name": "P", "throttle": {"rateLimit": 1, "burstLimit": 2_000_000_000}}),
            "/throttle/burstLimit: \"2000000000\" is not a burstLimit: a whole number from 0 to 1000000000",
        ),
        (
            json!({"name": "P", "throttle": {}}),
            "/throttle/rateLimit: is required",
        ),
        (
            json!({"name": "P", "quota": {"limit": 1e16, "period": "DAY"}}),
            "/quota/limit: must be a whole number, not a number with a fraction, an exponent or too many digits",
        ),
        (
            json!({"name": "P", "quota": {"limit": 1_000_000_000_000_001u64, "period": "DAY"}}),
            "/quota/limit: \"1000000000000001\" is not a quota limit: a whole number from 0 to 1000000000000000",
        ),
        (
            json!({"name": "P", "quota": {"limit": 1, "period": "day"}}),
            "/quota/period: \"day\" is not a period: HOUR, DAY, WEEK, MONTH or LIFETIME",
        ),
        (
            json!({"name": "P", "quota": {"period": "DAY"}}),
            "/quota/limit: is required",
        ),
        (
            json!({"name": "P", "quota": []}),
            "/quota: must be an object, not a list",
        ),
        (
            json!({"name": "P", "apiStages": {}}),
            "/apiStages: must be a list, not an object",
        ),
        (
            json!({"name": "P", "apiStages": vec![stage_json("a:x"); 101]}),
            "/apiStages: a plan may have 100 API stages",
        ),
        (
            json!({"name": "P", "scope": "KEY"}),
            "/scope: must be key or customer",
        ),
        (
            json!({"name": "P", "enforcement": "lambda"}),
            "/enforcement: \"lambda\" is not an enforcement: dynamodb or apiGateway",
        ),
    ];
    for (body, fault) in refused {
        let answer = admin.post("/v1/plans", body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.faults()),
            (400, vec![fault.to_owned()]),
            "{body}"
        );
    }
}

#[tokio::test]
async fn two_stages_of_a_plan_do_not_cover_the_same_call() {
    let admin = Admin::start().await;
    for stages in [
        ["a1:prod", "a1:prod"],
        ["a1:*", "a1:prod"],
        ["*:*", "a1:prod"],
    ] {
        let body = json!({"name": "P", "apiStages": stages.map(stage_json)});
        let answer = admin.post("/v1/plans", body).await;
        let fault = format!(
            "/apiStages: {} and {} cover the same stage: name each stage once",
            stages[0], stages[1]
        );
        assert_eq!(answer.faults(), [fault]);
    }
}

#[tokio::test]
async fn plans_are_listed_in_pages() {
    let admin = Admin::start().await;
    let mut made = Vec::new();
    for name in ["A", "B", "C"] {
        made.push(admin.plan(name, &[]).await);
    }
    made.sort();
    let first = admin.get("/v1/plans?limit=2").await;
    assert_answer!("plans_first_page", first);
    let last = admin
        .get(&format!(
            "/v1/plans?limit=2&cursor={}",
            first.text("cursor")
        ))
        .await;
    assert!(
        last.body.get("cursor").is_none(),
        "no cursor on the last page"
    );
    let ids = [first.ids(), last.ids()].concat();
    assert_eq!(ids, made);
    assert_eq!(admin.get("/v1/plans").await.ids(), made);
}

#[tokio::test]
async fn absent_keeps_null_clears_a_value_sets() {
    let admin = Admin::start().await;
    let id = admin.post("/v1/plans", gold()).await.id();
    admin.pass(SECOND);
    let path = format!("/v1/plans/{id}");
    let patch = json!({"description": null, "throttle": {"burstLimit": null}, "quota": {"limit": 5}, "apiStages": []});
    assert_answer!("plan_patched", admin.patch(&path, patch).await);
    let cleared = admin
        .patch(
            &path,
            json!({"name": "Silver", "throttle": null, "quota": null}),
        )
        .await;
    assert_answer!("plan_cleared", cleared);
    assert_eq!(admin.get(&path).await.body, cleared.body);
    assert_eq!(
        admin.audited().await,
        ["plan.create", "plan.update", "plan.update"]
    );
}

#[tokio::test]
async fn an_object_that_is_not_there_is_set_as_a_whole() {
    let admin = Admin::start().await;
    let path = format!("/v1/plans/{}", admin.plan("Bare", &[]).await);
    let answer = admin
        .patch(&path, json!({"throttle": {"burstLimit": 5}, "quota": {}}))
        .await;
    assert_eq!(
        answer.faults(),
        [
            "/quota/limit: is required",
            "/quota/period: is required",
            "/throttle/rateLimit: is required"
        ]
    );
    let set = json!({"throttle": {"rateLimit": 1}, "quota": {"limit": 5, "period": "DAY"}});
    assert_eq!(admin.patch(&path, set.clone()).await.status, 200);
    let answer = admin
        .patch(&path, json!({"throttle": {"burstLimit": 3_000_000_000u64}}))
        .await;
    assert_eq!(
        answer.faults(),
        [
            "/throttle/burstLimit: \"3000000000\" is not a burstLimit: a whole number from 0 to 1000000000"
        ]
    );
    let plan = admin.get(&path).await.body;
    assert_eq!(
        (&plan["throttle"], &plan["quota"]),
        (&set["throttle"], &set["quota"])
    );
}

#[tokio::test]
async fn what_always_has_a_value_is_not_cleared() {
    let admin = Admin::start().await;
    let path = format!("/v1/plans/{}", admin.plan("P", &[]).await);
    let answer = admin
        .patch(
            &path,
            json!({"name": null, "scope": null, "enforcement": null}),
        )
        .await;
    let cannot = |field| format!("/{field}: cannot be cleared: leave it out to keep it");
    assert_eq!(
        answer.faults(),
        ["enforcement", "name", "scope"].map(cannot)
    );
}

#[tokio::test]
async fn no_change_writes_nothing() {
    let admin = Admin::start().await;
    let made = admin.post("/v1/plans", gold()).await;
    admin.pass(SECOND);
    let path = format!("/v1/plans/{}", made.id());
    for body in [
        json!({}),
        json!({"name": "Gold", "quota": {"period": "MONTH"}}),
        gold(),
    ] {
        let answer = admin.patch(&path, body).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &made.body));
    }
    assert_eq!(admin.put_json(&path, gold()).await.body, made.body);
    assert_eq!(admin.audited().await, ["plan.create"]);
}

#[tokio::test]
async fn a_plan_that_keys_are_on_is_not_deleted() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (key, _) = admin.key(&[&plan]).await;
    admin.key(&[&plan]).await;
    let path = format!("/v1/plans/{plan}");
    assert_answer!("plan_in_use", admin.delete(&path).await);
    let keys = admin.get(&format!("{path}/keys")).await.body;
    for attachment in keys["items"].as_array().unwrap() {
        let key = attachment["keyId"].as_str().unwrap();
        assert_eq!(
            admin.delete(&format!("{path}/keys/{key}")).await.status,
            204
        );
    }
    admin.pass(SECOND);
    let deleted = admin.delete(&path).await;
    assert_answer!("plan_deleted", deleted);
    assert_answer!("plan_unknown", admin.get(&path).await);
    for answer in [
        admin.delete(&path).await,
        admin.patch(&path, json!({})).await,
        admin.put(&format!("{path}/keys/{key}")).await,
        admin.get(&format!("{path}/keys")).await,
        admin.get(&format!("{path}/usage")).await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (404, "unknown-plan")
        );
    }
    assert!(admin.audited().await.contains(&"plan.delete".to_owned()));
}

#[tokio::test]
async fn put_makes_a_plan_of_the_owner_s_own_id_and_replaces_it() {
    let admin = Admin::start().await;
    let made = admin.put_json("/v1/plans/gold", gold()).await;
    assert_answer!("plan_put", made);
    admin.pass(SECOND);
    let again = admin.put_json("/v1/plans/gold", gold()).await;
    assert_eq!(
        (again.status.as_u16(), &again.body),
        (200, &made.body),
        "again changes nothing"
    );
    let replaced = admin
        .put_json("/v1/plans/gold", json!({"name": "Gold 2"}))
        .await;
    assert_answer!("plan_replaced", replaced);
    assert_eq!(admin.get("/v1/plans/gold").await.body, replaced.body);
    assert_eq!(admin.audited().await, ["plan.create", "plan.update"]);
    for id in ["my%20plan", "a.b", &"x".repeat(65), "%ff"] {
        let answer = admin.put_json(&format!("/v1/plans/{id}"), gold()).await;
        assert_eq!(
            answer.faults(),
            ["planId: not a plan id: 1 to 64 characters of A-Z a-z 0-9 _ -"]
        );
    }
    let answer = admin
        .put_json("/v1/plans/silver", json!({"id": "gold", "quota": {}}))
        .await;
    assert_eq!(
        answer.faults(),
        [
            "/id: is Latchkey's to set: leave it out",
            "/name: is required",
            "/quota/limit: is required",
            "/quota/period: is required"
        ]
    );
}

#[tokio::test]
async fn a_change_of_stages_keeps_each_key_on_one_plan_for_a_stage() {
    let admin = Admin::start().await;
    let first = admin.plan("First", &["a1:prod"]).await;
    let second = admin.plan("Second", &["a2:prod"]).await;
    let (key, _) = admin.key(&[&first, &second]).await;
    let path = format!("/v1/plans/{second}");
    let onto_first = json!({"apiStages": [stage_json("a2:prod"), stage_json("a1:*")]});
    assert_answer!(
        "plan_stages_in_the_way",
        admin.patch(&path, onto_first.clone()).await
    );
    let replaced = json!({"name": "Second", "apiStages": [stage_json("*:*")]});
    assert_eq!(
        admin.put_json(&path, replaced).await.problem(),
        "plan-in-the-way"
    );
    let elsewhere = json!({"apiStages": [stage_json("a3:prod")]});
    assert_eq!(admin.patch(&path, elsewhere).await.status, 200);
    admin.delete(&format!("/v1/plans/{first}/keys/{key}")).await;
    assert_eq!(admin.patch(&path, onto_first).await.status, 200);
}

#[tokio::test]
async fn the_stages_of_a_plan_with_more_keys_than_can_be_looked_at_stay() {
    let admin = Admin::start().await;
    let plan = admin.plan("Crowded", &["a1:prod"]).await;
    let other = admin.plan("Other", &["a2:prod"]).await;
    let path = format!("/v1/plans/{plan}");
    let stages = |stage| json!({"apiStages": [stage_json(stage)]});
    admin.key(&[&plan, &other]).await;
    for _ in 1..1_000 {
        admin.key(&[&plan]).await;
    }
    assert_eq!(
        admin.patch(&path, stages("a2:prod")).await.problem(),
        "plan-in-the-way",
        "the first of 1,000 is found"
    );
    assert_eq!(admin.patch(&path, stages("a3:prod")).await.status, 200);
    admin.key(&[&plan]).await;
    assert_answer!(
        "plan_too_many_keys",
        admin.patch(&path, stages("a4:prod")).await
    );
    assert_eq!(
        admin.patch(&path, json!({"name": "Still"})).await.status,
        200,
        "only stages are looked at"
    );
    let mut stage = stage_json("a3:prod");
    stage["throttle"] = json!({"/orders/GET": {"rateLimit": 1}});
    stage["units"] = json!({"/reports/GET": 5});
    assert_eq!(
        admin
            .patch(&path, json!({"apiStages": [stage]}))
            .await
            .status,
        200,
        "and of those only which they are, not what of their methods differs"
    );
    let none = admin.patch(&path, json!({"apiStages": []})).await;
    assert_eq!(none.status, 200, "what goes is in nobody's way");
}
