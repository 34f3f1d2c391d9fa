//! A key goes from one plan to another in one step.

use latchkey_domain::meter::{Owner, Verdict};
use latchkey_fake_gateway::{FakeGateway, Limits, Rates, Source};
use serde_json::{Value, json};

use crate::support::{Admin, Answer, stage_json};

async fn moved(admin: &Admin, key: &str, from: &str, to: &str) -> Answer {
    let body = json!({"fromPlanId": from, "toPlanId": to});
    admin.post(&format!("/v1/keys/{key}/move"), body).await
}

fn told(answer: &Answer, status: u16, problem: &str) {
    let is = (answer.status.as_u16(), answer.problem());
    assert_eq!(is, (status, problem), "{}", answer.body);
}

/// The keys that a plan counts, and those that are listed on it.
async fn keys_on(admin: &Admin, plan: &str) -> (u64, Vec<String>) {
    let record = admin.store.plan(&plan.parse().unwrap()).await.unwrap();
    let listed = admin.get(&format!("/v1/plans/{plan}/keys")).await;
    (record.unwrap().keys, listed.each("keyId"))
}

#[tokio::test]
async fn a_key_is_moved_in_one_step_and_what_it_used_stays_known() {
    let admin = Admin::start().await;
    let (silver, gold, other) = (
        admin.plan("Silver", &["a1:prod"]).await,
        admin.plan("Gold", &["a1:*"]).await,
        admin.plan("Other", &["a2:prod"]).await,
    );
    let (key, value) = admin.key(&[&silver, &other]).await;
    let admitted = |verdict| matches!(verdict, Verdict::Admitted { .. });
    assert!(admitted(admin.charge(&key, &silver).await));
    let before = admin.get(&format!("/v1/keys/{key}")).await;
    admin.pass(1_000_000_000);
    let answer = moved(&admin, &key, &silver, &gold).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let shown = admin.get(&format!("/v1/keys/{key}")).await;
    assert_eq!(answer.body, shown.body);
    let mut plans = [gold.clone(), other.clone()];
    plans.sort();
    assert_eq!(answer.body["planIds"], json!(plans));
    assert_eq!(
        answer.body["lastUpdatedDate"], "2026-11-25T12:00:01.000Z",
        "{}",
        before.body
    );
    assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    assert_eq!(keys_on(&admin, &silver).await, (0, vec![]));
    assert_eq!(keys_on(&admin, &gold).await, (1, vec![key.clone()]));
    assert!(!admitted(admin.charge(&key, &silver).await), "it is ended");
    assert!(admitted(admin.charge(&key, &gold).await));

    let actions = admin.audited().await;
    let count = |action: &str| actions.iter().filter(|told| *told == action).count();
    assert_eq!((count("key.move"), count("attachment.delete")), (1, 0));
    let items = admin.items().await;
    let record = items
        .iter()
        .find(|item| {
            item.get("action").and_then(|action| action.as_s().ok()) == Some(&"key.move".to_owned())
        })
        .unwrap();
    let plans = |told: &str| {
        let item = record[told].as_m().unwrap();
        let mut plans = item["planIds"].as_ss().unwrap().clone();
        plans.sort();
        plans
    };
    let sorted = |mut plans: Vec<String>| {
        plans.sort();
        plans
    };
    assert_eq!(plans("before"), sorted(vec![silver.clone(), other.clone()]));
    assert_eq!(plans("after"), sorted(vec![gold.clone(), other]));

    assert_eq!(moved(&admin, &key, &gold, &silver).await.status, 200);
    let owner = Owner::Key(key.parse().unwrap());
    let meter = admin.store.meter(&owner, &silver.parse().unwrap()).await;
    let used: i64 = meter.unwrap().unwrap().days.values().sum();
    assert_eq!(used, 1, "what was used before counts again");
}

#[tokio::test]
async fn what_cannot_be_moved_is_told_and_nothing_is_changed() {
    let admin = Admin::start().await;
    let (silver, gold, third) = (
        admin.plan("Silver", &["a1:prod"]).await,
        admin.plan("Gold", &["a2:prod"]).await,
        admin.plan("Third", &["a3:prod"]).await,
    );
    let in_the_way = admin.plan("In the way", &["a2:*"]).await;
    let (key, _) = admin.key(&[&silver, &in_the_way]).await;
    let before = admin.items().await.len();

    let same = moved(&admin, &key, &silver, &silver).await;
    told(&same, 400, "invalid-request");
    assert_eq!(
        same.faults(),
        ["/toPlanId: is fromPlanId too: a key is moved to another plan"]
    );
    let nowhere = moved(&admin, &key, &silver, "nowhere").await;
    assert_eq!(nowhere.faults(), ["/toPlanId: no usage plan has this id"]);
    for from in [gold.as_str(), "nowhere"] {
        let answer = moved(&admin, &key, from, &third).await;
        told(&answer, 404, "not-attached");
        assert_eq!(answer.body["planId"], from);
    }
    let answer = moved(&admin, &key, &silver, &in_the_way).await;
    told(&answer, 409, "already-attached");
    assert_eq!(answer.body["planId"], json!(in_the_way));
    let answer = moved(&admin, &key, &silver, &gold).await;
    told(&answer, 409, "plan-in-the-way");
    assert_eq!(answer.body["planId"], json!(in_the_way));
    let unknown = admin.key(&[]).await.0.replace("key_", "key_0");
    told(
        &moved(&admin, &unknown, &silver, &gold).await,
        404,
        "unknown-key",
    );
    let path = format!("/v1/keys/{key}/move");
    let answer = admin.post(&path, json!({"fromPlanId": 1, "to": "x"})).await;
    assert_eq!(answer.faults().len(), 3, "{:?}", answer.faults());
    assert_eq!(
        admin.items().await.len(),
        before + 2,
        "but for the other key"
    );
    assert_eq!(moved(&admin, &key, &silver, &third).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_moves_one_is_made() {
    let admin = Admin::start().await;
    let (silver, gold, bronze) = (
        admin.plan("Silver", &["a1:prod"]).await,
        admin.plan("Gold", &["a1:prod"]).await,
        admin.plan("Bronze", &["a1:prod"]).await,
    );
    for _ in 0..20 {
        let (key, _) = admin.key(&[&silver]).await;
        let to = |plan: &str| {
            let (admin, key, from, to) =
                (admin.clone(), key.clone(), silver.clone(), plan.to_owned());
            tokio::spawn(async move { moved(&admin, &key, &from, &to).await })
        };
        let (first, second) = (to(&gold), to(&bronze));
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        let (won, lost, at) = match first.status.as_u16() {
            200 => (first, second, &gold),
            _ => (second, first, &bronze),
        };
        assert_eq!((won.status.as_u16(), lost.problem()), (200, "not-attached"));
        let shown = admin.get(&format!("/v1/keys/{key}")).await;
        assert_eq!(shown.body["planIds"], json!([at]));
        assert_eq!(admin.delete(&format!("/v1/keys/{key}")).await.status, 204);
    }
    for plan in [silver, gold, bronze] {
        assert_eq!(keys_on(&admin, &plan).await, (0, vec![]));
    }
}

async fn counted(admin: &Admin, stage: &str) -> String {
    let body =
        json!({"name": "Counted", "enforcement": "apiGateway", "apiStages": [stage_json(stage)]});
    admin.post("/v1/plans", body).await.id()
}

/// How many keys each plan has at API Gateway, by the plan's id here.
fn native_keys(fake: &FakeGateway, plan: &str) -> usize {
    let plans = fake.plans();
    let native = plans
        .iter()
        .find(|(_, is)| is.tags["latchkey:plan"] == plan);
    fake.keys_on(native.unwrap().0).len()
}

#[tokio::test]
async fn api_gateway_follows_a_move_between_its_plans_and_ours() {
    let fake = FakeGateway::new(Limits {
        rates: Rates::Unlimited,
        ..Limits::default()
    });
    fake.set_api("authorizer", Source::Authorizer, &["prod"]);
    fake.set_api("header", Source::Header, &["prod"]);
    let admin = Admin::with_gateway(&fake, &[]).await;
    let (first, second) = (
        counted(&admin, "authorizer:prod").await,
        counted(&admin, "authorizer:prod").await,
    );
    let ours = admin.plan("Ours", &["authorizer:prod"]).await;
    let open = counted(&admin, "header:prod").await;
    let (key, _) = admin.key(&[&ours]).await;
    assert_eq!(fake.keys().len(), 0);

    let answer = moved(&admin, &key, &ours, &first).await;
    assert_eq!(
        answer.body["apiGateway"]["state"], "inSync",
        "{}",
        answer.body
    );
    assert_eq!((native_keys(&fake, &first), fake.keys().len()), (1, 1));
    assert_eq!(moved(&admin, &key, &first, &second).await.status, 200);
    assert_eq!(
        (native_keys(&fake, &first), native_keys(&fake, &second)),
        (0, 1)
    );
    assert!(!fake.flushes().is_empty());
    assert_eq!(moved(&admin, &key, &second, &ours).await.status, 200);
    assert_eq!((native_keys(&fake, &second), fake.keys().len()), (0, 1));

    told(
        &moved(&admin, &key, &ours, &open).await,
        409,
        "api-key-source",
    );
    let path = format!("/v1/keys/{key}");
    let patch: Value = json!({"allowedIps": ["192.0.2.0/24"]});
    assert_eq!(admin.patch(&path, patch).await.status, 200);
    let answer = moved(&admin, &key, &ours, &first).await;
    told(&answer, 400, "key-not-held");
    assert_eq!(admin.get(&path).await.body["planIds"], json!([ours]));
}
