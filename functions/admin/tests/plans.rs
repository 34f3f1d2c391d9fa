//! Usage plans.

use serde_json::json;

use crate::support::{Admin, assert_answer};

#[tokio::test]
async fn a_plan_is_made_and_shown() {
    let admin = Admin::start().await;
    let made = admin
        .post(
            "/v1/plans",
            json!({
                "name": "Gold",
                "description": "For those who pay",
                "throttle": {"rateLimit": 12.5, "burstLimit": 20},
                "quota": {"limit": 1_000_000, "period": "MONTH"},
                "apiStages": [{"apiId": "a1b2c3", "stage": "$default"}, {"apiId": "d4e5f6", "stage": "*"}],
                "scope": "key",
                "enforcement": "dynamodb",
            }),
        )
        .await;
    assert_answer!("plan_created", made);
}
