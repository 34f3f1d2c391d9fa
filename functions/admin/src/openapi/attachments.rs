//! `/v1/plans/{planId}/keys`.

use serde_json::{Value, json};

use super::{
    operation::Operation,
    words::{object, page_of, schema},
};

const TAG: &str = "Attachments";

pub(super) fn operations() -> Vec<Operation> {
    let all = "/v1/plans/{planId}/keys";
    let one = "/v1/plans/{planId}/keys/{keyId}";
    vec![
        Operation::new(
            ("get", all),
            "listAttachments",
            TAG,
            "List the keys on a plan",
        )
        .about("In the order of the keys' creation.")
        .takes(&["limit", "cursor"])
        .answers(
            200,
            "A page of attachments.",
            "AttachmentPage",
            json!({"items": [example()]}),
        )
        .problems(&["unknown-plan"]),
        Operation::new(("put", one), "attachKey", TAG, "Put a key on a plan")
            .about("Repeating it changes nothing.")
            .no_body()
            .answers(
                200,
                "The key was on the plan before.",
                "Attachment",
                example(),
            )
            .answers(201, "The key is on the plan now.", "Attachment", example())
            .header(201, "Location")
            .problems(&[
                "unknown-plan",
                "unknown-key",
                "plan-deleting",
                "plan-in-the-way",
                "too-many-plans",
                "key-not-held",
                "api-key-source",
                "no-api-gateway",
                "changed-meanwhile",
            ]),
        Operation::new(
            ("get", one),
            "getAttachment",
            TAG,
            "Show whether a key is on a plan",
        )
        .answers(200, "The key is on the plan.", "Attachment", example())
        .problems(&["unknown-plan", "unknown-key", "not-attached"]),
        Operation::new(("delete", one), "detachKey", TAG, "Take a key off a plan")
            .no_body()
            .answers_empty(204, "It is off the plan.")
            .problems(&[
                "unknown-plan",
                "unknown-key",
                "not-attached",
                "changed-meanwhile",
            ]),
    ]
}

pub(super) fn schemas() -> Value {
    json!({
        "Attachment": object("A key on a usage plan.", &["planId", "keyId", "createdDate"], json!({
            "planId": schema("PlanId"),
            "keyId": schema("KeyId"),
            "createdDate": schema("Instant"),
            "apiGateway": schema("NativeKey"),
        })),
        "AttachmentPage": page_of("Attachment"),
    })
}

fn example() -> Value {
    json!({"planId": "gold", "keyId": "key_5gHXWJaVoGxMBrDn", "createdDate": "2027-01-01T12:00:00.000Z"})
}
