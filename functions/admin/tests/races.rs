//! Several callers at once: one change wins, the others are told or made after it, and nothing
//! is half done.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::json;

use crate::support::{Admin, Answer, stage_json};

const ROUNDS: usize = 20;

/// Status and problem of both, in order.
fn outcomes(answers: [&Answer; 2]) -> [(u16, String); 2] {
    let mut outcomes = answers.map(|answer| (answer.status.as_u16(), answer.problem().to_owned()));
    outcomes.sort();
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_overlapping_plans_one_is_attached() {
    let admin = Admin::start().await;
    let (one, all) = (
        admin.plan("One", &["a1:prod"]).await,
        admin.plan("All", &["a1:*"]).await,
    );
    for _ in 0..ROUNDS {
        let (key, _) = admin.key(&[]).await;
        let attach = |plan: &str| {
            let (admin, path) = (admin.clone(), format!("/v1/plans/{plan}/keys/{key}"));
            tokio::spawn(async move { admin.put(&path).await })
        };
        let (first, second) = (attach(&one), attach(&all));
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        assert_eq!(
            outcomes([&first, &second]),
            [
                (201, "none".to_owned()),
                (409, "plan-in-the-way".to_owned())
            ]
        );
        let winner = if first.status == 201 { &one } else { &all };
        assert_eq!(
            admin.get(&format!("/v1/keys/{key}")).await.body["planIds"],
            json!([winner])
        );
    }
    let count = admin
        .store
        .plan(&one.parse().unwrap())
        .await
        .unwrap()
        .unwrap()
        .keys
        + admin
            .store
            .plan(&all.parse().unwrap())
            .await
            .unwrap()
            .unwrap()
            .keys;
    assert_eq!(count, ROUNDS as u64, "each plan counts its keys");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_keys_of_one_value_one_is_made() {
    let admin = Admin::start().await;
    for round in 0..ROUNDS {
        let body = json!({"value": format!("a-custom-value-number-{round}")});
        let create = || {
            let (admin, body) = (admin.clone(), body.clone());
            tokio::spawn(async move { admin.post("/v1/keys", body).await })
        };
        let (first, second) = (create(), create());
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        assert_eq!(
            outcomes([&first, &second]),
            [(201, "none".to_owned()), (409, "value-taken".to_owned())]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_patches_are_both_made() {
    let admin = Admin::start().await;
    for _ in 0..ROUNDS {
        let plan = admin.plan("P", &[]).await;
        let (key, _) = admin.key(&[]).await;
        for path in [format!("/v1/keys/{key}"), format!("/v1/plans/{plan}")] {
            let patch = |body: serde_json::Value| {
                let (admin, path) = (admin.clone(), path.clone());
                tokio::spawn(async move { admin.patch(&path, body).await })
            };
            let (first, second) = (
                patch(json!({"name": "n"})),
                patch(json!({"description": "d"})),
            );
            let (first, second) = (first.await.unwrap(), second.await.unwrap());
            assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
            let after = admin.get(&path).await.body;
            assert_eq!(
                (&after["name"], &after["description"]),
                (&json!("n"), &json!("d"))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_deleted_or_attached() {
    let admin = Admin::start().await;
    for _ in 0..ROUNDS {
        let (plan, (key, _)) = (admin.plan("P", &["a1:prod"]).await, admin.key(&[]).await);
        let (plan_path, path) = (
            format!("/v1/plans/{plan}"),
            format!("/v1/plans/{plan}/keys/{key}"),
        );
        let attach = tokio::spawn({
            let (admin, path) = (admin.clone(), path.clone());
            async move { admin.put(&path).await }
        });
        let deleted = admin.delete(&plan_path).await;
        let attached = attach.await.unwrap();
        let plan_ids = admin.get(&format!("/v1/keys/{key}")).await.body["planIds"].clone();
        match deleted.status.as_u16() {
            204 => assert_eq!((attached.problem(), plan_ids), ("unknown-plan", json!([]))),
            _ => {
                assert_eq!(
                    (deleted.problem(), attached.status.as_u16()),
                    ("plan-in-use", 201)
                );
                assert_eq!(plan_ids, json!([plan]));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_on_a_plan_or_the_plan_is_gone() {
    let admin = Admin::start().await;
    for _ in 0..ROUNDS {
        let plan = admin.plan("P", &["a1:prod"]).await;
        let create = tokio::spawn({
            let (admin, body) = (admin.clone(), json!({"planIds": [plan]}));
            async move { admin.post("/v1/keys", body).await }
        });
        let deleted = admin.delete(&format!("/v1/plans/{plan}")).await;
        let created = create.await.unwrap();
        match deleted.status.as_u16() {
            204 => assert_eq!(created.faults(), ["/planIds/0: no usage plan has this id"]),
            _ => assert_eq!(
                (deleted.problem(), created.status.as_u16()),
                ("plan-in-use", 201)
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_and_units_are_granted_while_the_plan_changes() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let path = format!("/v1/plans/{plan}");
    admin
        .patch(&path, json!({"quota": {"limit": 5, "period": "DAY"}}))
        .await;
    for round in 0..ROUNDS {
        let patch = tokio::spawn({
            let (admin, path) = (admin.clone(), path.clone());
            async move {
                admin
                    .patch(&path, json!({"quota": {"limit": 10 + round}}))
                    .await
            }
        });
        let (key, _) = admin.key(&[&plan]).await;
        let granted = admin
            .patch(&format!("{path}/keys/{key}/usage"), json!({"remaining": 7}))
            .await;
        assert_eq!(patch.await.unwrap().status, 200);
        assert_eq!(granted.status, 200, "{}", granted.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_detached_once_and_deleted_once() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    for _ in 0..ROUNDS {
        let (key, _) = admin.key(&[&plan]).await;
        for (path, again) in [
            (format!("/v1/plans/{plan}/keys/{key}"), "not-attached"),
            (format!("/v1/keys/{key}"), "unknown-key"),
        ] {
            let delete = || {
                let (admin, path) = (admin.clone(), path.clone());
                tokio::spawn(async move { admin.delete(&path).await })
            };
            let (first, second) = (delete(), delete());
            let (first, second) = (first.await.unwrap(), second.await.unwrap());
            assert_eq!(
                outcomes([&first, &second]),
                [(204, "none".to_owned()), (404, again.to_owned())]
            );
        }
    }
    assert_eq!(
        admin
            .store
            .plan(&plan.parse().unwrap())
            .await
            .unwrap()
            .unwrap()
            .keys,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_plan_of_an_own_id_is_made() {
    let admin = Admin::start().await;
    for round in 0..ROUNDS {
        let path = format!("/v1/plans/plan-{round}");
        let put = |name: &str| {
            let (admin, path) = (admin.clone(), path.clone());
            let body = json!({"name": name, "apiStages": [stage_json("a1:prod")]});
            tokio::spawn(async move { admin.put_json(&path, body).await })
        };
        let (first, second) = (put("A"), put("B"));
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201]);
    }
}

/// Whoever keeps losing is told so, and nothing of the change is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_never_comes_first_is_given_up() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (key, _) = admin.key(&[]).await;
    let count = Arc::new(AtomicU32::new(0));
    let meddled = admin.with_random({
        let (admin, key, count) = (admin.clone(), key.clone(), count.clone());
        // Chance is asked for between reading and writing.
        move || {
            let name = format!("theirs {}", count.fetch_add(1, Ordering::SeqCst) + 1);
            let theirs = admin.patch_in_place(&format!("/v1/keys/{key}"), json!({ "name": name }));
            assert_eq!(theirs.status, 200);
        }
    });
    let path = format!("/v1/keys/{key}");
    let attachment = format!("/v1/plans/{plan}/keys/{key}");
    for (tries, answer) in [
        (
            5,
            meddled.patch(&path, json!({"description": "mine"})).await,
        ),
        (15, meddled.put(&attachment).await),
        (20, meddled.delete(&path).await),
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (409, "changed-meanwhile")
        );
        assert!(count.load(Ordering::SeqCst) >= tries, "tried five times");
    }
    let after = admin.get(&path).await.body;
    assert_eq!(
        (&after["name"], after.get("description")),
        (&json!("theirs 20"), None)
    );
    assert_eq!(after["planIds"], json!([]));
}
