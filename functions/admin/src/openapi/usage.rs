//! Usage.

use serde_json::{Value, json};

use super::{
    operation::Operation,
    words::{object, schema},
};
use latchkey_domain::Quota;

const TAG: &str = "Usage";

pub(super) fn operations() -> Vec<Operation> {
    let grant = "/v1/plans/{planId}/keys/{keyId}/usage";
    vec![
        Operation::new(("get", "/v1/plans/{planId}/usage"), "getPlanUsage", TAG, "Usage of a plan by its keys")
            .about("A page has `limit` keys; on a plan with scope `customer` customers. On a plan that API Gateway counts the numbers are its own, and late.")
            .takes(&["startDate", "endDate", "usageOfKey", "usageOfCustomer", "limit", "cursor"])
            .answers_with(200, told(json!({"planId": "gold", "startDate": "2027-01-30", "endDate": "2027-01-31", "values": {"key_5gHXWJaVoGxMBrDn": [[12, 99_988], [3, 99_985]]}}), "keyId,date,used,remaining\r\nkey_5gHXWJaVoGxMBrDn,2027-01-30,12,99988\r\n"))
            .header(200, "Link")
            .problems(&["unknown-plan", "not-attached", "no-api-gateway", "unknown-api", "api-gateway-unavailable", "api-gateway-refused"]),
        Operation::new(("get", "/v1/keys/{keyId}/usage"), "getKeyUsage", TAG, "Usage of a key by its plans")
            .about("On those that it was on before, too.")
            .takes(&["startDate", "endDate", "limit", "cursor"])
            .answers_with(200, told(json!({"keyId": "key_5gHXWJaVoGxMBrDn", "startDate": "2027-01-31", "endDate": "2027-01-31", "values": {"gold": [[3, 99_985]]}}), "planId,date,used,remaining\r\ngold,2027-01-31,3,99985\r\n"))
            .header(200, "Link")
            .problems(&["unknown-key", "no-api-gateway", "unknown-api", "api-gateway-unavailable", "api-gateway-refused"]),
        Operation::new(("patch", grant), "grantUsage", TAG, "Set what is left of a quota")
            .about("For the rest of the period, as API Gateway's UpdateUsage does; more than the limit, too.")
            .body("Grant", json!({"remaining": 5_000}))
            .answers(200, "Today's usage of the key, with what is left now.", "Usage", json!({"planId": "gold", "startDate": "2027-01-31", "endDate": "2027-01-31", "values": {"key_5gHXWJaVoGxMBrDn": [[3, 5_000]]}}))
            .problems(&["unknown-plan", "unknown-key", "not-attached", "no-quota", "no-api-gateway", "unknown-api", "api-gateway-unavailable", "api-gateway-refused", "changed-meanwhile"]),
    ]
}

fn told(example: Value, csv: &str) -> Value {
    json!({
        "description": "Usage by day.",
        "content": {
            "application/json": {"schema": schema("Usage"), "example": example},
            "text/csv": {"schema": {"type": "string"}, "example": csv},
        },
    })
}

pub(super) fn schemas() -> Value {
    let day = json!({
        "type": "array",
        "prefixItems": [
            {"type": "integer", "minimum": 0, "description": "Units used on the day."},
            {"type": ["integer", "null"], "minimum": 0, "description": "Units left at the day's end; null without a quota."},
        ],
        "items": false,
        "minItems": 2,
        "maxItems": 2,
    });
    json!({
        "Usage": object("Use of a plan by its keys (`planId`), or of a key on its plans (`keyId`).", &["startDate", "endDate", "values"], json!({
            "planId": schema("PlanId"),
            "keyId": schema("KeyId"),
            "startDate": schema("Date"),
            "endDate": schema("Date"),
            "values": {"type": "object", "additionalProperties": {"type": "array", "items": day}, "description": "For each key (of a key: for each plan) a pair a day, from start to end."},
            "cursor": schema("Cursor"),
        })),
        "Grant": object("", &["remaining"], json!({
            "remaining": {"type": "integer", "minimum": 0, "maximum": Quota::MAX_LIMIT, "description": "Units."},
        })),
    })
}
