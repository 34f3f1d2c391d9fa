//! Plans that are deleted with their attachments.

use latchkey_store::{Change, Deletion, PlanRecord};
use serde_json::{Value, json};

use crate::support::{Admin, Answer, CALLER, Item};

fn told(answer: &Answer, status: u16, problem: &str) {
    let is = (answer.status.as_u16(), answer.problem());
    assert_eq!(is, (status, problem), "{}", answer.body);
}

async fn record(admin: &Admin, plan: &str) -> PlanRecord {
    let found = admin.store.plan(&plan.parse().unwrap()).await;
    found.unwrap().unwrap()
}

/// Marks a plan as the first transaction of its deletion does, as if the function had died then.
async fn begun(admin: &Admin, plan: &str) -> Deletion {
    let change = Change {
        at: jiff::Timestamp::from_nanosecond(admin.now().into()).unwrap(),
        id: format!("begun-{plan}"),
        principal: CALLER.to_owned(),
        source_ip: None,
        receipt: None,
    };
    let before = record(admin, plan).await;
    let begun = admin.store.begin_deletion(&before, vec![], &change).await;
    begun.unwrap()
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The principals of the audit records of an action.
async fn principals(admin: &Admin, action: &str) -> Vec<String> {
    let items = admin.items().await;
    let of_it = items
        .iter()
        .filter(|item| text(item, "action") == Some(action));
    of_it
        .map(|item| text(item, "principal").unwrap().to_owned())
        .collect()
}

async fn deletions(admin: &Admin) -> usize {
    let items = admin.items().await;
    let left = items
        .iter()
        .filter(|item| text(item, "pk") == Some("DELETIONS"));
    left.count()
}

#[tokio::test]
async fn a_plan_is_deleted_by_force_and_its_keys_are_taken_off() {
    let admin = Admin::start().await;
    let (going, staying) = (
        admin.plan("Going", &["a1:prod"]).await,
        admin.plan("Staying", &["a2:prod"]).await,
    );
    let mut keys = Vec::new();
    for _ in 0..60 {
        keys.push(admin.key(&[&going, &staying]).await);
    }
    let path = format!("/v1/plans/{going}");
    for plain in [path.clone(), format!("{path}?force=false")] {
        let refused = admin.delete(&plain).await;
        told(&refused, 409, "plan-in-use");
        assert_eq!(refused.body["keys"], 60);
        assert!(refused.text("detail").contains("?force=true"));
    }
    let refused = admin.delete(&format!("{path}?force=yes")).await;
    assert_eq!(refused.faults(), ["force: must be true or false"]);

    let deleted = admin.delete(&format!("{path}?force=true")).await;
    assert_eq!((deleted.status.as_u16(), deleted.body), (204, Value::Null));
    told(&admin.get(&path).await, 404, "unknown-plan");
    told(
        &admin.delete(&format!("{path}?force=true")).await,
        404,
        "unknown-plan",
    );
    for (key, value) in &keys {
        let shown = admin.get(&format!("/v1/keys/{key}")).await;
        assert_eq!(shown.body["planIds"], json!([staying]));
        assert_eq!(admin.reason(value, "a1:prod").await, "no_usage_plan");
        assert_eq!(admin.reason(value, "a2:prod").await, "none");
    }
    assert_eq!(record(&admin, &staying).await.keys, 60);
    for (action, times) in [
        ("plan.deleting", 1),
        ("attachment.delete", 60),
        ("plan.delete", 1),
    ] {
        assert_eq!(
            principals(&admin, action).await,
            vec![CALLER; times],
            "{action}"
        );
    }
    assert_eq!(deletions(&admin).await, 0);
    // The id is free again, and what was used under it is not forgotten.
    let body = json!({"name": "Again", "apiStages": [{"apiId": "a1", "stage": "prod"}]});
    assert_eq!(admin.put_json(&path, body).await.status, 201);
}

#[tokio::test]
async fn a_plan_without_keys_is_deleted_with_force_or_without() {
    let admin = Admin::start().await;
    for force in ["", "?force=false", "?force=true"] {
        let plan = admin.plan("P", &["a1:prod"]).await;
        let deleted = admin.delete(&format!("/v1/plans/{plan}{force}")).await;
        assert_eq!(deleted.status, 204);
    }
    assert_eq!(principals(&admin, "plan.deleting").await.len(), 0);
}

#[tokio::test]
async fn a_plan_that_is_being_deleted_covers_and_takes_nothing() {
    let admin = Admin::start().await;
    let (going, other) = (
        admin.plan("Going", &["a1:prod"]).await,
        admin.plan("Other", &["a2:prod"]).await,
    );
    let (on, value) = admin.key(&[&going]).await;
    let (off, _) = admin.key(&[&other]).await;
    let path = format!("/v1/plans/{going}");
    let shown = admin.get(&path).await;
    assert_eq!(shown.body.get("deleting"), None);
    assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    begun(&admin, &going).await;

    assert_eq!(admin.get(&path).await.body["deleting"], true);
    assert_eq!(admin.reason(&value, "a1:prod").await, "no_usage_plan");
    let body = json!({"name": "Going", "apiStages": []});
    let same = json!({"name": "Going", "apiStages": [{"apiId": "a1", "stage": "prod"}]});
    let to = json!({"fromPlanId": other, "toPlanId": going});
    for refused in [
        admin.put_json(&path, body).await,
        admin.put_json(&path, same).await,
        admin.patch(&path, json!({"name": "Stay"})).await,
        admin.patch(&path, json!({})).await,
        admin.put(&format!("{path}/keys/{off}")).await,
        admin.put(&format!("{path}/keys/{on}")).await,
        admin.post(&format!("/v1/keys/{off}/move"), to).await,
        admin.post("/v1/keys", json!({"planIds": [going]})).await,
    ] {
        told(&refused, 409, "plan-deleting");
        assert_eq!(refused.body["planId"], json!(going));
    }
    told(&admin.delete(&path).await, 409, "plan-in-use");
    // It is in nobody's way any more: its keys may go where they like.
    let free = admin.plan("Free", &["a1:*"]).await;
    assert_eq!(
        admin
            .put(&format!("/v1/plans/{free}/keys/{on}"))
            .await
            .status,
        201
    );
    assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    let away = json!({"fromPlanId": going, "toPlanId": other});
    assert_eq!(
        admin
            .post(&format!("/v1/keys/{on}/move"), away)
            .await
            .status,
        200
    );
    // Whoever took the last key off has ended it, but for the plan itself.
    assert_eq!(record(&admin, &going).await.keys, 0);
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(deletions(&admin).await, 0);
}

#[tokio::test]
async fn a_second_request_goes_on_with_the_work() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    for _ in 0..3 {
        admin.key(&[&plan]).await;
    }
    begun(&admin, &plan).await;
    let path = format!("/v1/plans/{plan}?force=true");
    assert_eq!(admin.delete(&path).await.status, 204);
    told(
        &admin.get(&format!("/v1/plans/{plan}")).await,
        404,
        "unknown-plan",
    );
    assert_eq!(deletions(&admin).await, 0);
    assert_eq!(principals(&admin, "plan.deleting").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_come_while_a_plan_is_deleted_are_on_it_or_refused_and_none_is_left_on_it() {
    let admin = Admin::start().await;
    for _ in 0..10 {
        let plan = admin.plan("P", &["a1:prod"]).await;
        let (held, _) = admin.key(&[&plan]).await;
        let (comes, _) = admin.key(&[]).await;
        let attach = tokio::spawn({
            let (admin, path) = (admin.clone(), format!("/v1/plans/{plan}/keys/{comes}"));
            async move { admin.put(&path).await }
        });
        let create = tokio::spawn({
            let (admin, body) = (admin.clone(), json!({"planIds": [plan]}));
            async move { admin.post("/v1/keys", body).await }
        });
        let forced = format!("/v1/plans/{plan}?force=true");
        let again = tokio::spawn({
            let (admin, path) = (admin.clone(), forced.clone());
            async move { admin.delete(&path).await }
        });
        let deleted = [admin.delete(&forced).await, again.await.unwrap()];
        let deleted = deleted.map(|answer| answer.status.as_u16());
        // Either may come first; the other finds the plan still there, or gone.
        let lawful = deleted.iter().all(|status| [204, 404].contains(status));
        assert!(lawful && deleted.contains(&204), "{deleted:?}");
        let attached = attach.await.unwrap();
        let outcomes = ["none", "plan-deleting", "unknown-plan"];
        assert!(outcomes.contains(&attached.problem()), "{}", attached.body);
        let created = create.await.unwrap();
        let outcomes = ["none", "plan-deleting", "invalid-request"];
        assert!(outcomes.contains(&created.problem()), "{}", created.body);
        for key in [held, comes] {
            let shown = admin.get(&format!("/v1/keys/{key}")).await;
            assert_eq!(shown.body["planIds"], json!([]));
        }
        told(
            &admin.get(&format!("/v1/plans/{plan}")).await,
            404,
            "unknown-plan",
        );
    }
    assert_eq!(deletions(&admin).await, 0);
}
