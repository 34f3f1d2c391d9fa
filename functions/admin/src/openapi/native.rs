//! What is done with API Gateway itself.

use serde_json::{Value, json};

use super::{
    operation::Operation,
    words::{described, object, or_null, schema},
};

const TAG: &str = "API Gateway";
const GATEWAY: [&str; 3] = [
    "no-api-gateway",
    "api-gateway-unavailable",
    "api-gateway-refused",
];

pub(super) fn operations() -> Vec<Operation> {
    let deployment = json!({
        "apiId": "a1b2c3d4e5",
        "stage": "prod",
        "deploymentId": "d1e2f3",
        "url": "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod",
        "notice": "Everything that was changed in the API since its last deployment is live on this stage now.",
    });
    let method = json!({
        "apiId": "a1b2c3d4e5",
        "path": "/orders/{id}",
        "method": "GET",
        "apiKeyRequired": true,
        "changed": true,
        "notice": "It takes effect with the next deployment of the API (POST /v1/deployments).",
    });
    let report = json!({
        "dryRun": true,
        "plans": [{"usagePlanId": "x1y2z3", "planId": "x1y2z3", "name": "Gold", "outcome": "adopt", "keys": 12}],
        "keys": [{"apiKeyId": "k1l2m3", "name": "Ann", "outcome": "skipped", "reason": "its value has blanks"}],
        "attachments": [],
    });
    vec![
        Operation::new(("post", "/v1/adopt"), "adopt", TAG, "Take over API Gateway's usage plans and keys")
            .about("Nothing at API Gateway is changed by it. Made again it goes on where it was; what is here already is `unchanged`. An answer with a `cursor` is not the last one.")
            .body("Adopt", json!({"dryRun": true, "enforcement": "apiGateway"}))
            .answers(200, "What was done, or would be.", "AdoptReport", report)
            .problems(&GATEWAY)
            .problems(&["unknown-api", "changed-meanwhile"]),
        Operation::new(("post", "/v1/deployments"), "deploy", TAG, "Deploy a REST API to a stage")
            .about("As the console's \"Deploy API\" does; the stage is made where it is not there. Only for the APIs in the stack's parameter `ManagedApis`.")
            .body("Deploy", json!({"apiId": "a1b2c3d4e5", "stage": "prod"}))
            .answers(201, "It is deployed.", "Deployment", deployment)
            .problems(&GATEWAY)
            .problems(&["api-not-managed", "unknown-api"]),
        Operation::new(("put", "/v1/apis/{apiId}/methods"), "requireKey", TAG, "Require a key on a method")
            .about("Or not any more. It takes effect with the API's next deployment; repeating it changes nothing. Only for the APIs in the stack's parameter `ManagedApis`.")
            .body("RequireKey", json!({"path": "/orders/{id}", "method": "GET", "apiKeyRequired": true}))
            .answers(200, "The method as it is now.", "Method", method)
            .problems(&GATEWAY)
            .problems(&["api-not-managed", "unknown-api"]),
        Operation::new(("get", "/v1/drift"), "getDrift", TAG, "What the reconciler last found")
            .about("Where API Gateway was other than Latchkey had left it. Before the first look there is no date.")
            .answers(200, "The findings.", "Drift", json!({"findings": [], "total": 0})),
    ]
}

fn outcome() -> Value {
    json!({"type": "string", "enum": ["adopt", "adopted", "unchanged", "skipped"]})
}

pub(super) fn schemas() -> Value {
    let text = || json!({"type": "string"});
    let count = || json!({"type": "integer", "minimum": 0});
    let state = || json!({"type": "string", "enum": ["pending", "inSync", "failed"], "description": "Whether API Gateway has followed. What is pending or failed is tried again by itself."});
    json!({
        "NativePlan": object("What API Gateway has of the plan.", &["state"], json!({"usagePlanId": text(), "state": state(), "reason": text()})),
        "NativeKey": object("What API Gateway has of the key.", &["state"], json!({"keyId": text(), "state": state(), "reason": text()})),
        "Adopt": object("", &["dryRun"], json!({
            "dryRun": {"type": "boolean", "description": "Only tell what would be done."},
            "enforcement": described(schema("Enforcement"), "Who counts from then on; `apiGateway` unless given."),
            "cursor": described(or_null("Cursor"), "That of the answer before, with the same `dryRun` and `enforcement`."),
        })),
        "AdoptReport": object("", &["dryRun", "plans", "keys", "attachments"], json!({
            "dryRun": {"type": "boolean"},
            "plans": {"type": "array", "items": object("", &["usagePlanId", "name", "outcome", "keys"], json!({"usagePlanId": text(), "planId": schema("PlanId"), "name": text(), "outcome": outcome(), "reason": text(), "keys": count()}))},
            "keys": {"type": "array", "items": object("", &["apiKeyId", "outcome"], json!({"apiKeyId": text(), "keyId": schema("KeyId"), "name": text(), "outcome": outcome(), "reason": text()}))},
            "attachments": {"type": "array", "items": object("A key that cannot be on its plan.", &["usagePlanId", "apiKeyId", "keyId", "outcome", "reason"], json!({"usagePlanId": text(), "apiKeyId": text(), "keyId": schema("KeyId"), "outcome": outcome(), "reason": text()}))},
            "cursor": schema("Cursor"),
        })),
        "Deploy": object("", &["apiId", "stage"], json!({
            "apiId": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,128}$"},
            "stage": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"},
        })),
        "Deployment": object("", &["apiId", "stage", "deploymentId", "url", "notice"], json!({"apiId": text(), "stage": text(), "deploymentId": text(), "url": {"type": "string", "format": "uri"}, "notice": text()})),
        "RequireKey": object("", &["path", "method", "apiKeyRequired"], json!({
            "path": {"type": "string", "pattern": "^/[!->@-~]*$", "maxLength": 2048, "description": "That of a resource of the API."},
            "method": {"type": "string", "enum": ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]},
            "apiKeyRequired": {"type": "boolean"},
        })),
        "Method": object("", &["apiId", "path", "method", "apiKeyRequired", "changed", "notice"], json!({"apiId": text(), "path": text(), "method": text(), "apiKeyRequired": {"type": "boolean"}, "changed": {"type": "boolean", "description": "Whether it was other before."}, "notice": text()})),
        "Drift": object("", &["findings", "total"], json!({
            "scannedDate": schema("Instant"),
            "findings": {"type": "array", "items": object("", &["object", "kind", "detail", "mended"], json!({
                "object": {"type": "string", "enum": ["plan", "key", "planKey"]},
                "planId": schema("PlanId"),
                "keyId": schema("KeyId"),
                "nativeId": text(),
                "kind": {"type": "string", "enum": ["gone", "changed", "orphan", "foreign", "keySource", "failed"]},
                "detail": text(),
                "mended": {"type": "boolean"},
            }))},
            "total": described(count(), "All findings; the first ones are listed."),
        })),
    })
}
