//! `GET /openapi.json`: what the admin API takes and answers, as an OpenAPI 3.1 document.
//!
//! Each operation is described in the file of its resource, the words that several have in
//! common in [`words`], with the bounds that the readers have. Bodies are read by deserr into
//! the domain's types, which no schema can be derived from; so the tests hold the two
//! together: each route has its operation, each body's and query's fields are those that the
//! reader knows, and every answer of the test-suite fits the schema of its status.
//! The document is made when it is asked for.

mod attachments;
mod audit;
mod keys;
mod native;
mod operation;
mod plans;
mod service;
mod usage;
mod verify;
mod words;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::Method;
use serde_json::{Map, Value, json};

use self::operation::Operation;
use crate::{
    parameters::{NoParameters, Query},
    problem::Problem,
    problem_pages::PAGES,
};

/// What the operations are about, in the order of the page at `/docs`.
const TAGS: [(&str, &str); 8] = [
    (
        "Keys",
        "API keys: made, changed, rotated, moved, deleted. A key's value is answered once, at its creation and at each rotation; what is kept is its hash.",
    ),
    (
        "Usage plans",
        "Throttle, quota and the API stages that they hold for. `PUT` makes a plan with an id of your own, so that running it again changes nothing.",
    ),
    (
        "Attachments",
        "Which key is on which usage plan. A key may be on several plans, but on one only for each API stage.",
    ),
    (
        "Usage",
        "Units used by day (UTC) and what was left of the quota, in API Gateway's shape; a table as `text/csv`.",
    ),
    ("Verify", "Why a call passes, or does not."),
    ("Audit", "Who changed what, when and from where."),
    (
        "API Gateway",
        "What is done with API Gateway itself: its usage plans and keys taken over, deployments, methods that require a key, drift.",
    ),
    (
        "Service",
        "Health, and what the API tells of itself. The API asks for no identity here; on AWS the stack does, with AWS_IAM on every path, so that each request is signed there.",
    ),
];

fn operations() -> Vec<Operation> {
    [
        keys::operations(),
        plans::operations(),
        attachments::operations(),
        usage::operations(),
        verify::operations(),
        audit::operations(),
        native::operations(),
        service::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a path has a method; a test holds this against the router.
pub(crate) fn has_operation(method: &Method, path: &str) -> bool {
    let method = match *method {
        Method::HEAD => Method::GET,
        _ => method.clone(),
    };
    let is = |operation: &Operation| {
        operation.path == path && operation.method.eq_ignore_ascii_case(method.as_str())
    };
    operations().iter().any(is)
}

/// The whole document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let method = operation.method;
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[method] = operation.into_value();
    }
    let tags: Vec<Value> = TAGS
        .iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Latchkey admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "API keys and usage plans for APIs on Amazon API Gateway",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ".", "description": "Where this document comes from"}],
        "tags": tags,
        "security": [{"sigv4": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "parameters": words::parameters(),
            "headers": words::headers(),
            "examples": examples(),
            "securitySchemes": {
                "sigv4": {
                    "type": "http",
                    "scheme": "AWS4-HMAC-SHA256",
                    "description": "AWS Signature Version 4 for the service execute-api. The caller's ARN is the principal in the audit trail. `latchkey dev` asks for no signature.",
                },
            },
        },
    })
}

const ABOUT: &str = "Times are RFC 3339 in UTC, ids are opaque. Each refusal is a problem document (RFC 9457) whose `type` is the address of its page, and tells everything that is wrong with the request at once. Unknown fields and parameters are refused by name. In a PATCH (RFC 7396) an absent field keeps, `null` clears, a list is replaced. Lists have `items` and, where there is more, a `cursor` for the next page.";

/// The example of each problem's page.
fn examples() -> Map<String, Value> {
    let example = |page: &crate::problem_pages::Page| {
        let value = json!({"summary": page.title(), "value": page.example()});
        (page.name.to_owned(), value)
    };
    PAGES.iter().map(example).collect()
}

/// # Errors
/// [`Problem::Invalid`] for a parameter.
pub(crate) async fn openapi(Query(NoParameters): Query<NoParameters>) -> Result<Response, Problem> {
    Ok(Json(document()).into_response())
}

/// All schemas.
fn schemas() -> Map<String, Value> {
    let all = [
        words::words(),
        words::problem(),
        keys::schemas(),
        plans::schemas(),
        attachments::schemas(),
        usage::schemas(),
        verify::schemas(),
        audit::schemas(),
        native::schemas(),
        service::schemas(),
    ];
    let schemas = all.into_iter().filter_map(|some| match some {
        Value::Object(some) => Some(some),
        _ => None,
    });
    schemas.flatten().collect()
}
