//! Plans whose allowance is the customer's.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};

use latchkey_domain::meter::Verdict;
use serde_json::{Value, json};

use crate::support::{Admin, Answer, SECOND, assert_answer, stage_json};

/// A plan of 5 units a day for each customer.
async fn team(admin: &Admin, id: &str) {
    let body = json!({
        "name": "Team",
        "quota": {"limit": 5, "period": "DAY"},
        "apiStages": [stage_json("a1:prod")],
        "scope": "customer",
    });
    let made = admin.put_json(&format!("/v1/plans/{id}"), body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["scope"], "customer");
}

async fn admitted(admin: &Admin, key: &str, plan: &str) -> Option<u64> {
    match admin.charge(key, plan).await {
        Verdict::Admitted { remaining } => remaining,
        Verdict::Refused(_) => None,
    }
}

fn told(answer: &Answer, status: u16, problem: &str) {
    let is = (answer.status.as_u16(), answer.problem());
    assert_eq!(is, (status, problem), "{}", answer.body);
}

/// The customers on a page of a plan's usage.
fn customers(page: &Answer) -> Vec<String> {
    let values = page.body["values"].as_object().unwrap();
    values.keys().cloned().collect()
}

#[tokio::test]
async fn keys_of_a_customer_share_one_allowance() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let (first, value) = admin.customer_s_key("cus_1", &["team"]).await;
    let (second, _) = admin.customer_s_key("cus_1", &["team"]).await;
    let (third, _) = admin.customer_s_key("cus_2", &["team"]).await;
    let mut left = Vec::new();
    for key in [&first, &second, &third, &first, &second, &first, &second] {
        left.push(admitted(&admin, key, "team").await);
    }
    assert_eq!(
        left,
        [Some(4), Some(3), Some(4), Some(2), Some(1), Some(0), None]
    );
    assert_eq!(admin.reason(&value, "a1:prod").await, "quota_exceeded");

    let usage = admin.get("/v1/plans/team/usage").await;
    assert_answer!("usage_of_customers", usage);
    let asked_for = admin.get("/v1/plans/team/usage?customerId=cus_2").await;
    assert_eq!(asked_for.body["values"], json!({"cus_2": [[1, 4]]}));
    let of_key = admin.get(&format!("/v1/keys/{second}/usage")).await;
    assert_eq!(
        of_key.body["values"],
        json!({"team": [[5, 0]]}),
        "the customer's, all keys together"
    );
    let shown = admin.get(&format!("/v1/keys/{first}")).await;
    assert_eq!(
        shown.body["lastUsedDate"],
        Value::Null,
        "which key it was nobody knows"
    );

    let grant = format!("/v1/plans/team/keys/{second}/usage");
    let granted = admin.patch(&grant, json!({"remaining": 2})).await;
    assert_eq!(granted.body["values"], json!({"cus_1": [[5, 2]]}));
    assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    assert_eq!(admitted(&admin, &first, "team").await, Some(1));
}

#[tokio::test]
async fn a_detached_key_leaves_the_others_what_they_share() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let (first, _) = admin.customer_s_key("cus_1", &["team"]).await;
    let (second, value) = admin.customer_s_key("cus_1", &["team"]).await;
    assert_eq!(admitted(&admin, &first, "team").await, Some(4));
    let detached = admin.delete(&format!("/v1/plans/team/keys/{first}")).await;
    assert_eq!(detached.status, 204);
    assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    assert_eq!(admitted(&admin, &second, "team").await, Some(3));
    let of_key = admin.get(&format!("/v1/keys/{first}/usage")).await;
    assert_eq!(of_key.body["values"], json!({}), "none of its own");
    assert_eq!(
        admin.delete(&format!("/v1/keys/{second}")).await.status,
        204
    );
    let usage = admin.get("/v1/plans/team/usage").await;
    assert_eq!(
        usage.body["values"],
        json!({"cus_1": [[2, 3]]}),
        "of a customer without a key it is still told"
    );
    assert_eq!(
        admin
            .put(&format!("/v1/plans/team/keys/{first}"))
            .await
            .status,
        201
    );
    assert_eq!(
        admitted(&admin, &first, "team").await,
        Some(2),
        "attaching resets no quota"
    );
}

#[tokio::test]
async fn a_key_without_a_customer_is_refused() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let (key, _) = admin.key(&[]).await;
    let path = format!("/v1/plans/team/keys/{key}");
    let refused = admin.put(&path).await;
    told(&refused, 400, "key-not-held");
    assert_eq!(
        refused.text("detail"),
        "the plan team cannot take the key: its customerId is needed on a plan with scope customer, where the keys of a customer share its allowance"
    );
    let before = admin.items().await.len();
    told(
        &admin.post("/v1/keys", json!({"planIds": ["team"]})).await,
        400,
        "key-not-held",
    );
    assert_eq!(admin.items().await.len(), before, "no key was made");
    let own = admin.plan("Own", &["a1:prod"]).await;
    assert_eq!(
        admin
            .put(&format!("/v1/plans/{own}/keys/{key}"))
            .await
            .status,
        201
    );
    let moved = json!({"fromPlanId": own, "toPlanId": "team"});
    let moved = admin.post(&format!("/v1/keys/{key}/move"), moved).await;
    told(&moved, 400, "key-not-held");
    admin.delete(&format!("/v1/plans/{own}/keys/{key}")).await;
    let named = json!({"customerId": "cus_1"});
    assert_eq!(
        admin.patch(&format!("/v1/keys/{key}"), named).await.status,
        200
    );
    assert_eq!(admin.put(&path).await.status, 201);
}

#[tokio::test]
async fn a_key_stays_its_customer_s_while_it_uses_its_allowance() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let own = admin.plan("Own", &["a2:prod"]).await;
    let (key, _) = admin.customer_s_key("cus_1", &["team", &own]).await;
    let path = format!("/v1/keys/{key}");
    let refused = admin.patch(&path, json!({"customerId": "cus_2"})).await;
    assert_answer!(
        "customer_in_use",
        Answer {
            body: serde_json::from_str(&refused.body.to_string().replace(&key, "KEY")).unwrap(),
            ..refused
        }
    );
    told(
        &admin.patch(&path, json!({"customerId": null})).await,
        409,
        "customer-in-use",
    );
    let same = json!({"customerId": "cus_1", "name": "Acme"});
    assert_eq!(admin.patch(&path, same).await.status, 200);
    admin.delete(&format!("/v1/plans/team/keys/{key}")).await;
    let other = admin.patch(&path, json!({"customerId": "cus_2"})).await;
    assert_eq!(
        other.body["customerId"], "cus_2",
        "of its own plan nobody else uses"
    );
}

#[tokio::test]
async fn a_scope_stays_while_keys_are_on_the_plan() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let (key, value) = admin.customer_s_key("cus_1", &["team"]).await;
    assert_eq!(admitted(&admin, &key, "team").await, Some(4));
    let keyed = json!({"scope": "key"});
    told(
        &admin.patch("/v1/plans/team", keyed.clone()).await,
        409,
        "plan-in-use",
    );
    let path = format!("/v1/plans/team/keys/{key}");
    admin.delete(&path).await;
    assert_eq!(admin.patch("/v1/plans/team", keyed).await.status, 200);
    admin.put(&path).await;
    assert_eq!(
        admitted(&admin, &key, "team").await,
        Some(4),
        "its own allowance from now on"
    );
    admin.delete(&path).await;
    let shared = json!({"scope": "customer"});
    assert_eq!(admin.patch("/v1/plans/team", shared).await.status, 200);
    let of_key = admin.get(&format!("/v1/keys/{key}/usage")).await;
    assert_eq!(of_key.body["values"], json!({"team": [[1, null]]}));
    admin.put(&path).await;
    assert_eq!(admin.reason(&value, "a1:prod").await, "none");
    assert_eq!(admitted(&admin, &key, "team").await, Some(3));
    let of_key = admin.get(&format!("/v1/keys/{key}/usage")).await;
    assert_eq!(of_key.body["values"], json!({"team": [[2, 3]]}));
}

#[tokio::test]
async fn customers_come_in_pages_without_one_twice_or_missing() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let mut expected = BTreeSet::new();
    let mut keys = Vec::new();
    for number in 0..7 {
        let customer = format!("cus_{}", number * 5 % 7);
        for _ in 0..2 {
            keys.push(admin.customer_s_key(&customer, &["team"]).await.0);
            admin.pass(SECOND);
        }
        expected.insert(customer);
    }
    let mut found = Vec::new();
    let mut path = "/v1/plans/team/usage?limit=2".to_owned();
    loop {
        let page = admin.get(&path).await;
        let names = customers(&page);
        assert!(names.len() <= 2);
        found.extend(names);
        // Keys come and go between the pages; their customers stay where they are.
        let key = keys.pop().unwrap();
        let attachment = format!("/v1/plans/team/keys/{key}");
        assert_eq!(admin.delete(&attachment).await.status, 204);
        admin.pass(SECOND);
        let earlier = format!("/v1/plans/team/keys/{}", keys[0]);
        assert_eq!(admin.delete(&earlier).await.status, 204);
        assert_eq!(admin.put(&earlier).await.status, 201);
        match page.body["cursor"].as_str() {
            Some(cursor) => path = format!("/v1/plans/team/usage?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    let other = admin.get("/v1/plans/team/keys?limit=1").await;
    let foreign = format!("/v1/plans/team/usage?cursor={}", other.text("cursor"));
    told(&admin.get(&foreign).await, 400, "invalid-request");
}

#[tokio::test]
async fn each_filter_belongs_to_its_scope() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let (key, _) = admin.customer_s_key("cus_1", &["team"]).await;
    let own = admin.plan("Own", &["a2:prod"]).await;
    let faults = async |path: &str| admin.get(path).await.faults();
    assert_eq!(
        faults(&format!("/v1/plans/team/usage?keyId={key}")).await,
        [
            "keyId: belongs to plans with scope key: on this one a customer's keys share what they use, so ask with customerId"
        ]
    );
    assert_eq!(
        faults(&format!("/v1/plans/{own}/usage?customerId=cus_1")).await,
        [
            "customerId: belongs to plans with scope customer: on this one each key has a use of its own, so ask with keyId"
        ]
    );
    assert_eq!(
        faults("/v1/plans/team/usage?customerId=a%20b").await,
        [
            "customerId: \"a b\" is not a customer id: 1 to 128 printable ASCII characters without blanks"
        ]
    );
    assert_eq!(
        faults("/v1/plans/team/usage?customerId=cus_1&cursor=e30").await,
        ["cursor: is of no use with customerId: one customer fits a page"]
    );
    let never = admin.get("/v1/plans/team/usage?customerId=cus_2").await;
    told(&never, 404, "not-attached");
    assert_eq!(
        never.text("detail"),
        "no key of this customer is on the plan, or was"
    );
}

/// What was used stands, as it does for keys; who is no customer of the new plan is not listed.
#[tokio::test]
async fn a_plan_made_again_goes_on_where_its_customers_were() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let (key, _) = admin.customer_s_key("cus_1", &["team"]).await;
    let (other, _) = admin.customer_s_key("cus_2", &["team"]).await;
    assert_eq!(admitted(&admin, &key, "team").await, Some(4));
    for key in [&key, &other] {
        admin.delete(&format!("/v1/plans/team/keys/{key}")).await;
    }
    assert_eq!(admin.delete("/v1/plans/team").await.status, 204);
    admin.pass(SECOND);
    team(&admin, "team").await;
    let usage = admin.get("/v1/plans/team/usage").await;
    assert_eq!(usage.body["values"], json!({}));
    let attached = admin.put(&format!("/v1/plans/team/keys/{key}")).await;
    assert_eq!(attached.status, 201);
    assert_eq!(admitted(&admin, &key, "team").await, Some(3));
    let usage = admin.get("/v1/plans/team/usage").await;
    assert_eq!(usage.body["values"], json!({"cus_1": [[2, 3]]}));
}

/// The same API, in which `meanwhile` is done once, between reading and writing.
fn overtaken<F: Future<Output = Answer>>(
    admin: &Admin,
    meanwhile: impl Fn(Admin) -> F + Send + Sync + 'static,
) -> Admin {
    let (theirs, once) = (admin.clone(), AtomicBool::new(false));
    admin.with_random(move || {
        if !once.swap(true, Ordering::SeqCst) {
            let done = tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(meanwhile(theirs.clone()))
            });
            assert!(done.status.is_success(), "{}", done.body);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_put_on_the_plan_meanwhile_keeps_its_customer() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    let (key, _) = admin.customer_s_key("cus_1", &[]).await;
    let attachment = format!("/v1/plans/team/keys/{key}");
    let api = overtaken(&admin, move |admin| {
        let attachment = attachment.clone();
        async move { admin.put(&attachment).await }
    });
    let path = format!("/v1/keys/{key}");
    let patched = api.patch(&path, json!({"customerId": "cus_2"})).await;
    told(&patched, 409, "customer-in-use");
    assert_eq!(admin.get(&path).await.body["customerId"], "cus_1");
    assert_eq!(admitted(&admin, &key, "team").await, Some(4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_gets_another_customer_meanwhile_is_put_on_the_plan_as_that_one_s_or_not() {
    let admin = Admin::start().await;
    team(&admin, "team").await;
    for (customer, status) in [(json!("cus_2"), 201), (json!(null), 400)] {
        let (key, _) = admin.customer_s_key("cus_1", &[]).await;
        let path = format!("/v1/keys/{key}");
        let api = overtaken(&admin, move |admin| {
            let (path, body) = (path.clone(), json!({ "customerId": customer }));
            async move { admin.patch(&path, body).await }
        });
        let attached = api.put(&format!("/v1/plans/team/keys/{key}")).await;
        assert_eq!(attached.status, status, "{}", attached.body);
    }
    let usage = admin.get("/v1/plans/team/usage").await;
    assert_eq!(customers(&usage), ["cus_2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_does_not_come_to_share_over_a_key_that_was_put_on_it_meanwhile() {
    let admin = Admin::start().await;
    let plan = admin.plan("Own", &["a1:prod"]).await;
    let (key, _) = admin.key(&[]).await;
    let attachment = format!("/v1/plans/{plan}/keys/{key}");
    let api = overtaken(&admin, move |admin| {
        let attachment = attachment.clone();
        async move { admin.put(&attachment).await }
    });
    let shared = json!({"scope": "customer"});
    let patched = api.patch(&format!("/v1/plans/{plan}"), shared).await;
    told(&patched, 409, "plan-in-use");
}
