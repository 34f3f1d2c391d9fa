//! What the reconciler last found is told.

use latchkey_store::{Drift, Finding, FindingKind};
use serde_json::json;

use crate::support::{Admin, assert_answer};

fn finding(kind: FindingKind) -> Finding {
    Finding {
        plan_id: None,
        key_id: None,
        native_id: None,
        kind,
        detail: "in words".to_owned(),
        mended: false,
    }
}

#[tokio::test]
async fn before_the_first_look_there_is_neither_a_date_nor_a_finding() {
    let admin = Admin::start().await;
    let answer = admin.get("/v1/drift").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, json!({"findings": [], "total": 0}));
}

#[tokio::test]
async fn each_finding_says_of_what_it_is() {
    let admin = Admin::start().await;
    let (key, _) = admin.key(&[]).await;
    let plan_id = "gold".parse().ok();
    let key_id = key.parse().ok();
    let findings = vec![
        Finding {
            plan_id: plan_id.clone(),
            native_id: Some("p1".to_owned()),
            mended: true,
            ..finding(FindingKind::Changed)
        },
        Finding {
            key_id,
            native_id: Some("k1".to_owned()),
            ..finding(FindingKind::Orphan)
        },
        Finding {
            plan_id,
            key_id,
            ..finding(FindingKind::Failed)
        },
    ];
    let drift = Drift {
        scanned: "2026-11-25T12:00:00.123456789Z".parse().unwrap(),
        findings,
        total: 7,
    };
    admin.store.keep_drift(&drift).await.unwrap();
    assert_answer!("drift_found", admin.get("/v1/drift").await);
    let wrong = admin.get("/v1/drift?limit=5").await;
    assert_eq!(wrong.status, 400, "{:?}", wrong.body);
}
