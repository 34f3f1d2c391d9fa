//! Everything that cannot be taken over is left alone, and says why.

use latchkey_fake_gateway::{FakeGateway, FakeKey, FakePlan};
use serde_json::json;

use super::account::{
    adopt, dry, empty, key, key_id, outcomes, plan, put, quota, reason, small, throttle, value,
    written,
};
use crate::support::Admin;

/// Each thing that is skipped, by its id at API Gateway, and what its reason says.
type Reasons = Vec<(String, &'static str)>;

/// In the dry run and in the real one, and nothing of them is written.
async fn skipped(admin: &Admin, enforcement: &str, reasons: &Reasons) {
    for run in 0..2 {
        let answer = match run {
            0 => dry(admin, enforcement).await,
            _ => adopt(admin, enforcement).await,
        };
        for (id, text) in reasons {
            let reason = reason(&answer, id);
            assert!(reason.contains(text), "{id}: {reason}");
        }
    }
}

fn unfit_keys(fake: &FakeGateway) -> Reasons {
    let mut reasons = Vec::new();
    let mut put = |id: &str, unfit: FakeKey, reason: &'static str| {
        fake.put_key(unfit);
        reasons.push((id.to_owned(), reason));
    };
    const FORM: &str = "20 to 128 printable ASCII characters";
    let generated = format!("acme_{}", "a1B".repeat(18));
    for (id, value, reason) in [
        ("short", "nineteen-characters", FORM),
        ("blanks", "a value with blanks in it", FORM),
        ("unicode", "ein-schlüssel-eines-kunden", FORM),
        ("long", &"x".repeat(129), FORM),
        ("generated", &generated, "the form of a generated one"),
    ] {
        let value = value.to_owned();
        put(id, FakeKey { value, ..key(id) }, reason);
    }
    let name = FakeKey {
        name: "two\nlines".to_owned(),
        ..key("named")
    };
    put("named", name, "none of them a control character");
    let description = FakeKey {
        description: Some("two\nlines".to_owned()),
        ..key("described")
    };
    put("described", description, "a description");
    let customer = FakeKey {
        customer_id: Some("two words".to_owned()),
        ..key("customer")
    };
    put("customer", customer, "a customer id");
    let told = FakeKey {
        description: Some(format!("is {}", value("told"))),
        ..key("told")
    };
    put("told", told, "holds its value");
    let long = FakeKey {
        name: "\"".repeat(1_024),
        customer_id: Some("c".repeat(128)),
        ..key("large")
    };
    // A name alone is never too long.
    fake.put_key(long);
    let another_s = FakeKey {
        tags: [("latchkey:table".to_owned(), "another".to_owned())].into(),
        ..key("twin")
    };
    put("twin", another_s, "another table of Latchkey's");
    reasons
}

#[tokio::test]
async fn keys_that_cannot_be_keys_here() {
    let fake = empty();
    let reasons = unfit_keys(&fake);
    let admin = Admin::with_gateway(&fake, &[]).await;
    skipped(&admin, "apiGateway", &reasons).await;
    let answer = dry(&admin, "apiGateway").await;
    let taken: Vec<String> = outcomes(&answer, "keys")
        .into_iter()
        .filter(|line| !line.ends_with("skipped"))
        .collect();
    assert_eq!(taken, ["large unchanged"]);
    let keys = admin.get("/v1/keys").await;
    assert_eq!(keys.ids(), [key_id("large")]);
}

fn unfit_plans(fake: &FakeGateway) -> Reasons {
    let mut reasons = Vec::new();
    let mut put = |id: &'static str, edit: &dyn Fn(&mut FakePlan), reason: &'static str| {
        let mut unfit = plan(id, &["a1"]);
        edit(&mut unfit);
        fake.put_plan(unfit);
        reasons.push((id.to_owned(), reason));
    };
    put("nameless", &|plan| plan.name.clear(), "a name");
    put("named", &|plan| plan.name = "two\nlines".into(), "a name");
    let described = |plan: &mut FakePlan| plan.description = Some("two\nlines".into());
    put("described", &described, "a description");
    let fine = |plan: &mut FakePlan| plan.throttle = Some(throttle(0.123_456_7, 1));
    put("fine", &fine, "at most 6 decimals");
    let slow = |plan: &mut FakePlan| plan.throttle = Some(throttle(0.000_001, 2_000_000));
    put("slow", &slow, "refills within 100 years");
    let below = |plan: &mut FakePlan| plan.throttle = Some(throttle(1.0, -1));
    put("below", &below, "burstLimit is below 0");
    let less = |plan: &mut FakePlan| plan.quota = Some(quota(-1, "DAY"));
    put("less", &less, "quota is below 0");
    let late = |plan: &mut FakePlan| {
        plan.quota = Some(quota(1, "WEEK"));
        plan.quota.as_mut().unwrap().offset = 7;
    };
    put("late", &late, "0 to 6 for WEEK");
    let method = |name: &str| {
        let own = [(name.to_owned(), throttle(1.0, 1))];
        [("a1:prod".to_owned(), own.into())].into()
    };
    put(
        "any",
        &|plan| plan.stages = method("/orders/ANY"),
        "a method",
    );
    put(
        "every",
        &|plan| plan.stages = method("/orders/*"),
        "* is none",
    );
    let many = |plan: &mut FakePlan| {
        let names = (0..25).map(|at| (format!("/{at}/GET"), throttle(1.0, 1)));
        plan.stages.insert("a1:prod".into(), names.collect());
    };
    put("methods", &many, "24 throttles of methods");
    let stages = |plan: &mut FakePlan| {
        let names = (0..101).map(|at| (format!("a{at}:prod"), Default::default()));
        plan.stages = names.collect();
    };
    put("stages", &stages, "100 API stages");
    let star = |plan: &mut FakePlan| plan.stages = [("*:*".into(), Default::default())].into();
    put("star", &star, "stage");
    let another_s = |plan: &mut FakePlan| {
        plan.tags.insert("latchkey:table".into(), "another".into());
    };
    put("theirs", &another_s, "another table of Latchkey's");
    reasons
}

#[tokio::test]
async fn plans_that_cannot_be_plans_here() {
    for enforcement in ["apiGateway", "dynamodb"] {
        let fake = empty();
        let reasons = unfit_plans(&fake);
        let admin = Admin::with_gateway(&fake, &[]).await;
        skipped(&admin, enforcement, &reasons).await;
        assert_eq!(admin.items().await, []);
    }
}

#[tokio::test]
async fn plans_that_only_api_gateway_can_count() {
    let fake = empty();
    put(&fake, plan("offset", &["a1"]), &["k1"]);
    fake.edit_plan("offset", |plan| {
        plan.quota = Some(quota(5, "MONTH"));
        plan.quota.as_mut().unwrap().offset = 9;
    });
    put(&fake, plan("source", &["a2", "auth"]), &["k2"]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    let reasons = vec![
        ("offset".to_owned(), "an offset"),
        (
            "source".to_owned(),
            "the API auth has apiKeySource AUTHORIZER",
        ),
    ];
    skipped(&admin, "dynamodb", &reasons).await;
    assert_eq!(admin.get("/v1/plans").await.ids(), [""; 0]);
    let answer = adopt(&admin, "apiGateway").await;
    assert_eq!(
        outcomes(&answer, "plans"),
        ["offset adopted", "source adopted"]
    );
    let before = written(&admin).await;
    skipped(&admin, "dynamodb", &reasons).await;
    assert!(written(&admin).await == before);
}

#[tokio::test]
async fn a_plan_does_not_go_back() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "dynamodb").await;
    let before = written(&admin).await;
    let reasons = vec![
        ("gold".to_owned(), "does not go back"),
        ("silver".to_owned(), "does not go back"),
    ];
    skipped(&admin, "apiGateway", &reasons).await;
    assert!(written(&admin).await == before);
}

#[tokio::test]
async fn a_value_that_a_key_here_has() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    let made = admin.post("/v1/keys", json!({"value": value("k2")})).await;
    assert_eq!(made.id(), key_id("k2"));
    let has = format!("the key {} has this value", made.id());
    for enforcement in ["apiGateway", "dynamodb"] {
        let answer = dry(&admin, enforcement).await;
        assert_eq!(reason(&answer, "k2"), has);
        assert_eq!(answer.body["plans"][0]["keys"], 1, "k1 alone");
    }
    let rotate = format!("/v1/keys/{}/rotate", made.id());
    assert_eq!(admin.post(&rotate, json!({})).await.status, 200);
    let had = format!("the key {} had this value before a rotation", made.id());
    assert_eq!(reason(&dry(&admin, "apiGateway").await, "k2"), had);
    adopt(&admin, "apiGateway").await;
    let shown = admin.get(&format!("/v1/keys/{}", made.id())).await;
    assert_eq!(shown.body["planIds"], json!([]));
    // The same value under another id at API Gateway.
    fake.delete_key("k1");
    fake.put_key(FakeKey {
        id: "k9".to_owned(),
        ..key("k1")
    });
    let answer = adopt(&admin, "apiGateway").await;
    assert!(reason(&answer, "k9").contains("the id k1 at API Gateway"));
}

#[tokio::test]
async fn a_key_that_cannot_be_on_the_plan_here() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "dynamodb").await;
    // k1 is on everything, k3 on ten plans, k4 ends some day.
    let all = admin.plan("All", &["*:*"]).await;
    let path = |plan: &str, key: &str| format!("/v1/plans/{plan}/keys/{}", key_id(key));
    assert_eq!(admin.delete(&path("gold", "k1")).await.status, 204);
    assert_eq!(admin.put(&path(&all, "k1")).await.status, 201);
    for number in 0..9 {
        let plan = admin.plan("P", &[&format!("b{number}:x")]).await;
        assert_eq!(admin.put(&path(&plan, "k3")).await.status, 201);
    }
    let ends = json!({"expiresAt": "2027-01-01T00:00:00Z"});
    let k4 = format!("/v1/keys/{}", key_id("k4"));
    assert_eq!(admin.patch(&k4, ends).await.status, 200);
    put(&fake, plan("bronze", &[]), &["k1", "k3", "k4"]);
    fake.edit_plan("bronze", |plan| {
        plan.stages = [("a2:test".to_owned(), Default::default())].into();
    });
    let at_bronze = |answer: &crate::support::Answer, key: &str| {
        let lines = answer.body["attachments"].as_array().unwrap();
        let mut lines = lines.iter();
        let line = lines.find(|line| line["usagePlanId"] == "bronze" && line["apiKeyId"] == key);
        line.map(|line| line["reason"].as_str().unwrap().to_owned())
    };
    for enforcement in ["apiGateway", "dynamodb"] {
        let answer = dry(&admin, enforcement).await;
        let way = format!("the key is on the plan {all}, which covers a2:test");
        assert!(at_bronze(&answer, "k1").unwrap().starts_with(&way));
        assert_eq!(
            at_bronze(&answer, "k3").unwrap(),
            "a key may be on 10 plans"
        );
        match (enforcement, at_bronze(&answer, "k4")) {
            ("apiGateway", Some(reason)) => assert!(reason.starts_with("its expiresAt cannot")),
            ("dynamodb", None) => {}
            other => panic!("{other:?}"),
        }
        let bronze = &answer.body["plans"][0];
        let keys = u64::from(enforcement == "dynamodb");
        assert_eq!(
            (&bronze["usagePlanId"], &bronze["keys"]),
            (&json!("bronze"), &json!(keys))
        );
    }
    let answer = adopt(&admin, "dynamodb").await;
    assert_eq!(answer.body["attachments"].as_array().unwrap().len(), 3);
    assert_eq!(answer.body["plans"][0]["keys"], 1);
}

#[tokio::test]
async fn what_was_taken_away_here_does_not_come_back() {
    for enforcement in ["apiGateway", "dynamodb"] {
        let fake = small();
        let admin = Admin::with_gateway(&fake, &[]).await;
        adopt(&admin, enforcement).await;
        let (k1, k2) = (key_id("k1"), key_id("k2"));
        assert_eq!(admin.delete(&format!("/v1/keys/{k1}")).await.status, 204);
        let path = format!("/v1/plans/silver/keys/{k2}");
        assert_eq!(admin.delete(&path).await.status, 204);
        if enforcement == "apiGateway" {
            assert!(!fake.keys().contains_key("k1"), "it was deleted there too");
            assert_eq!(fake.keys_on("silver").len(), 1);
            // Somebody puts it back by hand.
            fake.put_key(key("k1"));
            fake.attach("gold", "k1");
            fake.attach("silver", "k2");
        }
        let reasons = vec![
            ("k1".to_owned(), "it was deleted here"),
            ("k2".to_owned(), "it was taken off the plan here"),
        ];
        let before = written(&admin).await;
        skipped(&admin, enforcement, &reasons).await;
        let answer = dry(&admin, enforcement).await;
        assert_eq!(answer.body["plans"][0]["keys"], 1, "gold has k2");
        assert!(written(&admin).await == before);
        assert_eq!(admin.reason(&value("k1"), "a1:prod").await, "unknown_key");
        assert_eq!(admin.reason(&value("k2"), "a2:prod").await, "no_usage_plan");
        assert_eq!(admin.put(&path).await.status, 201, "but by hand");
        let answer = adopt(&admin, enforcement).await;
        assert_eq!(answer.body["attachments"], json!([]));
    }
}

#[tokio::test]
async fn what_is_on_its_way_off_is_left_to_it() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "apiGateway").await;
    fake.fail_all(Some(latchkey_fake_gateway::Failure::Throttled));
    let k4 = format!("/v1/keys/{}", key_id("k4"));
    assert_eq!(admin.delete(&k4).await.status, 204);
    let k3 = format!("/v1/plans/silver/keys/{}", key_id("k3"));
    assert_eq!(admin.delete(&k3).await.status, 204);
    fake.fail_all(None);
    let reasons = vec![
        ("k4".to_owned(), "it is being deleted here"),
        ("k3".to_owned(), "it was taken off the plan here"),
    ];
    let before = written(&admin).await;
    skipped(&admin, "apiGateway", &reasons).await;
    assert!(written(&admin).await == before);
}
