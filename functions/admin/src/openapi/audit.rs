//! `/v1/audit`.

use serde_json::{Value, json};

use super::{
    operation::Operation,
    words::{object, page_of, schema},
};

pub(super) fn operations() -> Vec<Operation> {
    let example = json!({
        "id": "5f1c3a9be2d47086",
        "at": "2027-01-31T12:00:00.123456789Z",
        "action": "key.update",
        "entity": "key_5gHXWJaVoGxMBrDn",
        "keyId": "key_5gHXWJaVoGxMBrDn",
        "principal": "arn:aws:sts::123456789012:assumed-role/key-manager/ann",
        "sourceIp": "198.51.100.7",
        "before": {"enabled": true},
        "after": {"enabled": false},
    });
    vec![
        Operation::new(("get", "/v1/audit"), "listChanges", "Audit", "Who changed what, and when")
            .about("Each change is recorded in its own transaction, without secrets. All filters that are given must hold.")
            .takes(&["changedFrom", "changedUntil", "changedKey", "changedPlan", "entity", "principal", "limit", "cursor"])
            .answers(200, "A page of changes.", "ChangePage", json!({"items": [example]})),
    ]
}

pub(super) fn schemas() -> Value {
    json!({
        "Change": object("A change.", &["id", "at", "action", "entity", "principal", "sourceIp", "before", "after"], json!({
            "id": {"type": "string"},
            "at": schema("Instant"),
            "action": {"type": "string", "examples": ["key.update"]},
            "entity": {"type": "string", "description": "`key_…` for a key, `plan:` and its id for a plan, `key_…:` and the plan's id for a key on a plan; or what else was changed.", "examples": ["key_5gHXWJaVoGxMBrDn", "plan:gold", "key_5gHXWJaVoGxMBrDn:gold"]},
            "keyId": schema("KeyId"),
            "planId": schema("PlanId"),
            "principal": {"type": "string", "description": "The caller's ARN."},
            "sourceIp": {"type": ["string", "null"]},
            "before": {"description": "What was there; null where nothing was."},
            "after": {"description": "What is there; null where nothing is."},
        })),
        "ChangePage": page_of("Change"),
    })
}
