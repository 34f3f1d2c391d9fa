//! What is answered, and what the table has then.

use serde_json::json;

use super::account::{
    ADOPT, adopt, body, dry, empty, key, key_id, only_reads, outcomes, plan, put, reason, small,
    throttle, value, written,
};
use crate::{
    captured_log,
    support::{Admin, assert_answer},
};

#[tokio::test]
async fn a_dry_run_tells_what_would_be_done_and_writes_nothing() {
    for enforcement in ["apiGateway", "dynamodb"] {
        let fake = small();
        let admin = Admin::with_gateway(&fake, &[]).await;
        let mut told = dry(&admin, enforcement).await;
        assert_eq!(admin.items().await, []);
        let again = dry(&admin, enforcement).await;
        assert_eq!(told.body, again.body);
        let done = adopt(&admin, enforcement).await;
        only_reads(&fake);
        told.body = serde_json::from_str(
            &told
                .body
                .to_string()
                .replace("\"adopt\"", "\"adopted\"")
                .replace("\"dryRun\":true", "\"dryRun\":false"),
        )
        .unwrap();
        assert_eq!(told.body, done.body, "{enforcement}");
    }
}

#[tokio::test]
async fn plans_and_keys_are_taken_over_as_they_are_and_only_once() {
    let fake = small();
    fake.edit_plan("gold", |plan| {
        let methods = [
            ("/orders/{id}/GET".to_owned(), throttle(1.5, 3)),
            ("//POST".to_owned(), throttle(2.0, 4)),
        ];
        plan.stages.insert("a1:prod".to_owned(), methods.into());
        if let Some(quota) = &mut plan.quota {
            quota.offset = 3;
        }
    });
    let admin = Admin::with_gateway(&fake, &[]).await;
    let there = (fake.plans(), fake.keys());
    let first = adopt(&admin, "apiGateway").await;
    assert_answer!("adopted", first);
    for id in ["gold", "silver"] {
        assert_answer!(
            format!("adopted_plan_{id}"),
            admin.get(&format!("/v1/plans/{id}")).await
        );
    }
    let shown = admin.get(&format!("/v1/keys/{}", key_id("k4"))).await;
    assert_answer!("adopted_key", shown);
    let on_both = format!("/v1/plans/silver/keys/{}", key_id("k2"));
    let attached = admin.get(&on_both).await;
    assert_eq!(
        attached.body["apiGateway"],
        json!({"keyId": "k2", "state": "inSync"})
    );
    assert_eq!(
        admin.audited().await,
        [
            "attachment.adopt",
            "attachment.adopt",
            "attachment.adopt",
            "attachment.adopt",
            "key.adopt",
            "key.adopt",
            "key.adopt",
            "key.adopt",
            "plan.adopt",
            "plan.adopt"
        ]
    );
    let before = admin.items().await.len();
    let again = adopt(&admin, "apiGateway").await;
    assert_eq!(
        outcomes(&again, "keys"),
        ["k1", "k2", "k3", "k4"].map(|id| format!("{id} unchanged"))
    );
    assert_eq!(
        outcomes(&again, "plans"),
        ["gold unchanged", "silver unchanged"]
    );
    assert_eq!(again.body["plans"][0]["keys"], 2);
    assert_eq!(admin.items().await.len(), before);
    only_reads(&fake);
    assert_eq!((fake.plans(), fake.keys()), there);
    let pending = admin.store.pending(jiff::Timestamp::MAX, 100, None).await;
    assert_eq!(pending.unwrap().items, [], "nothing is wanted that is not");
}

#[tokio::test]
async fn what_comes_later_is_taken_by_the_next_run() {
    for enforcement in ["apiGateway", "dynamodb"] {
        let fake = small();
        let admin = Admin::with_gateway(&fake, &[]).await;
        adopt(&admin, enforcement).await;
        put(&fake, plan("bronze", &["auth"]), &[]);
        fake.edit_plan("bronze", |plan| {
            plan.stages = [("a1:test".to_owned(), Default::default())].into();
        });
        fake.attach("bronze", "k1");
        fake.attach("gold", "k4");
        fake.put_key(key("k5"));
        let answer = adopt(&admin, enforcement).await;
        assert_eq!(outcomes(&answer, "keys")[4], "k5 adopted");
        assert_eq!(outcomes(&answer, "plans")[0], "bronze adopted");
        assert_eq!(answer.body["plans"][1]["keys"], 3);
        let shown = admin.get(&format!("/v1/keys/{}", key_id("k1"))).await;
        assert_eq!(shown.body["planIds"], json!(["bronze", "gold"]));
    }
}

#[tokio::test]
async fn what_latchkey_made_itself_is_left_out() {
    let fake = empty();
    put(&fake, plan("gold", &["auth"]), &["k1"]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    adopt(&admin, "apiGateway").await;
    let made = json!({"name": "Ours", "enforcement": "apiGateway", "apiStages": [{"apiId": "auth", "stage": "test"}]});
    fake.add_stage("auth", "test");
    let ours = admin.post("/v1/plans", made).await.id();
    let (internal, _) = admin.key(&[&ours, "gold"]).await;
    let header = json!({"nativeValue": "header", "planIds": [ours]});
    assert_eq!(admin.post("/v1/keys", header).await.status, 201);
    assert_eq!((fake.plans().len(), fake.keys().len()), (2, 3));
    let before = written(&admin).await;
    let answer = adopt(&admin, "apiGateway").await;
    assert_eq!(outcomes(&answer, "plans"), ["gold unchanged"]);
    assert_eq!(outcomes(&answer, "keys"), ["k1 unchanged"]);
    assert_eq!(answer.body["plans"][0]["keys"], 2, "ours is on it too");
    assert!(written(&admin).await == before);
    // The clients of internal keys would be refused while API Gateway asks for theirs.
    let answer = adopt(&admin, "dynamodb").await;
    assert!(reason(&answer, "gold").contains("nativeValue internal"));
    assert!(written(&admin).await == before);
    let path = format!("/v1/plans/gold/keys/{internal}");
    assert_eq!(admin.delete(&path).await.status, 204);
    let answer = adopt(&admin, "dynamodb").await;
    assert!(reason(&answer, "gold").contains("the API auth has apiKeySource AUTHORIZER"));
}

#[tokio::test]
async fn the_values_are_nowhere() {
    let admin = {
        let fake = small();
        let bad = [
            ("short", "tooshort"),
            ("blank", "a value with blanks in it"),
            ("generated", &format!("lk_live_{}", "Zq9".repeat(18))),
        ];
        for (id, value) in bad {
            fake.put_key(latchkey_fake_gateway::FakeKey {
                value: value.to_owned(),
                ..key(id)
            });
        }
        fake.edit_key("k3", |key| key.name = format!("the key {}", key.value));
        Admin::with_gateway(&fake, &[]).await
    };
    let secrets = ["a-customers-own-value", "tooshort", "with blanks", "Zq9Zq9"];
    for enforcement in ["apiGateway", "dynamodb"] {
        for dry_run in [true, false] {
            captured_log::start();
            let answer = admin.post(ADOPT, body(dry_run, enforcement)).await;
            let log = captured_log::take();
            assert_eq!(answer.status, 200);
            assert!(log.contains("answered") && log.contains("/v1/adopt"));
            let table = format!("{:?}", admin.items().await);
            for secret in secrets {
                assert!(!answer.body.to_string().contains(secret), "{}", answer.body);
                assert!(!table.contains(secret));
                assert!(!latchkeys_own(&log).contains(secret), "{log}");
            }
        }
    }
    let answer = admin.post(ADOPT, body(true, "apiGateway")).await;
    assert!(reason(&answer, "k3").contains("holds its value"));
    let known = admin.reason(&value("k1"), "a1:prod").await;
    assert_eq!(known, "none", "the value opens what it opened");
}

/// What is logged in a function: libraries at `warn` at most (latchkey-telemetry).
fn latchkeys_own(log: &str) -> String {
    let quiet = |line: &&str| {
        let level = ["TRACE", "DEBUG", "INFO"]
            .iter()
            .any(|level| line.contains(level));
        !level || line.contains("latchkey")
    };
    log.lines().filter(quiet).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_asked_for_is_held_to_its_rules() {
    let fake = small();
    let admin = Admin::with_gateway(&fake, &[]).await;
    for (body, place) in [
        (json!({}), "/dryRun"),
        (json!({"dryRun": "yes"}), "/dryRun"),
        (
            json!({"dryRun": true, "enforcement": "both"}),
            "/enforcement",
        ),
        (json!({"dryRun": true, "limit": 5}), "/limit"),
        (json!({"dryRun": true, "cursor": "abc"}), "/cursor"),
    ] {
        let answer = admin.post(ADOPT, body).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.faults()[0].starts_with(place), "{}", answer.body);
    }
    assert_eq!(fake.calls(), []);
    let none = Admin::start().await;
    let answer = none.post(ADOPT, body(true, "apiGateway")).await;
    assert_eq!(answer.problem(), "no-api-gateway");
    let plans = admin.get("/v1/plans").await;
    assert_eq!(plans.body["items"], json!([]));
}
