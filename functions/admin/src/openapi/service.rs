//! Health, and what the API tells of itself.

use serde_json::{Value, json};

use super::{operation::Operation, words::object};

const TAG: &str = "Service";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(("get", "/health"), "getHealth", TAG, "Whether the function runs and reaches its table")
            .open()
            .answers(200, "It does.", "Health", json!({"status": "ok"})),
        Operation::new(("get", "/openapi.json"), "getOpenApi", TAG, "This document")
            .open()
            .answers_with(200, json!({"description": "An OpenAPI 3.1 document.", "content": {"application/json": {"schema": {"type": "object"}}}})),
        Operation::new(("get", "/docs"), "getDocs", TAG, "This document, to read")
            .open()
            .answers_with(200, page(false)),
        Operation::new(("get", "/problems"), "listProblems", TAG, "The types of problems")
            .open()
            .answers_with(200, page(true)),
        Operation::new(("get", "/problems/{name}"), "getProblem", TAG, "The page of a type of problem")
            .open()
            .answers_with(200, page(true))
            .problems(&["unknown-path"]),
    ]
}

fn page(markdown: bool) -> Value {
    let text = json!({"schema": {"type": "string"}});
    let mut content = json!({"text/html": text});
    if markdown {
        content["text/markdown"] = text;
    }
    json!({"description": "A page.", "content": content})
}

pub(super) fn schemas() -> Value {
    let status = json!({"status": {"type": "string", "const": "ok"}});
    json!({"Health": object("", &["status"], status)})
}
