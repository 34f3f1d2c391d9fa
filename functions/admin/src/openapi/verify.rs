//! `/v1/verify`.

use latchkey_domain::Reason;
use serde_json::{Value, json};

use super::{
    operation::Operation,
    words::{object, or_null, schema},
};

pub(super) fn operations() -> Vec<Operation> {
    let example = json!({
        "decision": "deny",
        "reason": "quota_exceeded",
        "planId": "gold",
        "checks": [{"name": "unknown_key", "outcome": "pass"}, {"name": "quota_exceeded", "outcome": "fail"}],
    });
    vec![
        Operation::new(("post", "/v1/verify"), "verifyCall", "Verify", "Would this call pass?")
            .about("Every check that the authorizer makes, in its order, with the outcome; nothing is charged. What would refuse the call is the answer's content, so the status is always 200. On plans that API Gateway counts, quota and throttle are not asked.")
            .body("Call", json!({"value": "lk_live_...", "apiId": "a1b2c3d4e5", "stage": "prod", "method": "GET", "path": "/orders/1", "sourceIp": "198.51.100.7"}))
            .answers(200, "The decision.", "Findings", example),
    ]
}

pub(super) fn schemas() -> Value {
    let reasons: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let mut or_none: Vec<Value> = reasons.iter().map(|reason| (*reason).into()).collect();
    or_none.push(Value::Null);
    json!({
        "Call": object("", &["value", "apiId", "stage", "method", "path"], json!({
            "value": {"type": "string", "description": "The key's value as the client sends it."},
            "apiId": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,128}$"},
            "stage": {"type": "string", "pattern": "^(\\$default|[A-Za-z0-9_-]{1,128})$"},
            "method": {"type": "string", "pattern": "^[A-Z]{1,16}$"},
            "path": {"type": "string", "pattern": "^/[^?#]*$", "description": "Without the stage and without a query."},
            "sourceIp": {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}, {"type": "null"}], "description": "Left out, the call passes only where the key has no address rule."},
        })),
        "Findings": object("", &["decision", "reason", "planId", "checks"], json!({
            "decision": {"type": "string", "enum": ["allow", "deny"]},
            "reason": {"enum": or_none, "description": "The first check that failed."},
            "planId": or_null("PlanId"),
            "keyId": schema("KeyId"),
            "previousValue": {"type": "boolean", "description": "Whether it is a value that a rotation has replaced."},
            "retryAfter": {"type": "integer", "minimum": 0, "description": "Seconds after which a call like this may pass, where waiting helps."},
            "quotaRemaining": {"type": "integer", "minimum": 0, "description": "Units that would be left of the quota."},
            "checks": {"type": "array", "items": schema("Check")},
        })),
        "Check": object("", &["name", "outcome"], json!({
            "name": {"type": "string", "enum": reasons, "description": "The reason that its failure gives."},
            "outcome": {"type": "string", "enum": ["pass", "fail", "skipped"]},
        })),
    })
}
