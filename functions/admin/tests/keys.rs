//! API keys.

use serde_json::json;

use crate::support::Admin;

#[tokio::test]
async fn smoke() {
    let a = Admin::start().await;
    let plan = a.plan("P", &["a1:prod"]).await;
    let (id, value) = a.key(&[]).await;
    for answer in [
        a.put(&format!("/v1/plans/{plan}/keys/{id}")).await,
        a.put(&format!("/v1/plans/{plan}/keys/{id}")).await,
        a.get(&format!("/v1/plans/{plan}/keys")).await,
        a.get(&format!("/v1/keys/{id}")).await,
        a.get("/v1/keys").await,
        a.get(&format!("/v1/plans/{plan}/usage")).await,
        a.get(&format!("/v1/keys/{id}/usage")).await,
        a.patch(
            &format!("/v1/plans/{plan}"),
            json!({"quota": {"limit": 5, "period": "DAY"}}),
        )
        .await,
        a.patch(
            &format!("/v1/plans/{plan}/keys/{id}/usage"),
            json!({"remaining": 5}),
        )
        .await,
        a.post(
            "/v1/verify",
            json!({"value": value, "apiId": "a1", "stage": "prod", "method": "GET", "path": "/"}),
        )
        .await,
        a.patch(
            &format!("/v1/keys/{id}"),
            json!({"metadata": {"a": "b"}, "planIds": [], "routes": 3}),
        )
        .await,
        a.patch(
            &format!("/v1/keys/{id}"),
            json!({"metadata": {"a": "b"}, "enabled": false}),
        )
        .await,
        a.get("/v1/nope").await,
        a.get("/health").await,
        a.get("/nope").await,
        a.post("/v1/keys/key_1", json!({})).await,
        a.delete(&format!("/v1/plans/{plan}")).await,
        a.delete(&format!("/v1/keys/{id}")).await,
        a.delete(&format!("/v1/plans/{plan}")).await,
    ] {
        println!("{} {:?} {}", answer.status, answer.headers, answer.body);
    }
}
