//! One operation of the document, put together.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use http::Method;

use super::words::schema;
use crate::{
    conditional::preconditions,
    problem_pages::{PAGES, Page},
};

/// What may become of any request with an identity.
const OF_ALL: [&str; 5] = [
    "invalid-request",
    "no-identity",
    "not-acceptable",
    "unavailable",
    "internal",
];
/// What may be wrong with a body before its fields are read.
const OF_BODIES: [&str; 3] = ["malformed-json", "unsupported-media-type", "body-too-large"];

/// What has an entity tag.
const TAGGED: [&str; 5] = ["Key", "CreatedKey", "RotatedKey", "Plan", "Attachment"];

/// A method of a path.
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    members: Map<String, Value>,
    parameters: Vec<Value>,
    answers: Map<String, Value>,
    problems: Vec<&'static str>,
}

impl Operation {
    /// `route` such as `GET /v1/keys`. `id` names it in generated clients.
    pub(super) fn new(
        route: (&'static str, &'static str),
        id: &str,
        tag: &str,
        summary: &str,
    ) -> Self {
        let (method, path) = route;
        let mut members = Map::new();
        members.insert("operationId".to_owned(), id.into());
        members.insert("tags".to_owned(), json!([tag]));
        members.insert("summary".to_owned(), summary.into());
        let named = path
            .split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next());
        let parameters = named
            .map(|name| json!({"$ref": format!("#/components/parameters/{name}")}))
            .collect();
        let mut operation = Self {
            path,
            method,
            members,
            parameters,
            answers: Map::new(),
            problems: OF_ALL.to_vec(),
        };
        operation.conditional();
        if path.contains('{') {
            // With a character in it that is encoded it is nobody's.
            operation.problems.push("unknown-path");
        }
        if method == "post" && path.starts_with("/v1/") {
            const REPEATED: [&str; 2] = ["idempotency-key-running", "idempotency-key-reused"];
            operation = operation.takes(&["Idempotency-Key"]).problems(&REPEATED);
        }
        operation
    }

    /// Takes the preconditions that are taken here.
    fn conditional(&mut self) {
        let method: Result<Method, _> = self.method.to_uppercase().parse();
        let names = method.map_or(&[][..], |method| preconditions(&method, self.path));
        for name in names {
            let reference = json!({"$ref": format!("#/components/parameters/{name}")});
            self.parameters.push(reference);
        }
        if self.method == "get" && !names.is_empty() {
            let headers = json!({"ETag": {"$ref": "#/components/headers/ETag"}});
            let answer = json!({"description": "It is as the header If-None-Match says.", "headers": headers});
            self.answers.insert("304".to_owned(), answer);
        } else if !names.is_empty() {
            self.problems.push("precondition-failed");
        }
    }

    /// What the summary does not say.
    pub(super) fn about(mut self, text: &str) -> Self {
        self.members.insert("description".to_owned(), text.into());
        self
    }

    /// It is carried out for anybody, and for whatever `Accept` says.
    pub(super) fn open(mut self) -> Self {
        self.members.insert("security".to_owned(), json!([]));
        self.problems = vec!["invalid-request", "unavailable", "internal"];
        self
    }

    /// A parameter or header that several operations have.
    pub(super) fn takes(mut self, names: &[&str]) -> Self {
        let reference = |name: &&str| json!({"$ref": format!("#/components/parameters/{name}")});
        self.parameters.extend(names.iter().map(reference));
        self
    }

    /// A body that must be there, of one of the schemas in `components`.
    pub(super) fn body(self, name: &str, example: Value) -> Self {
        self.any_body(name, example, true)
    }

    /// A body that may be left out.
    pub(super) fn optional_body(self, name: &str, example: Value) -> Self {
        self.any_body(name, example, false)
    }

    fn any_body(mut self, name: &str, example: Value, required: bool) -> Self {
        let content = json!({"schema": schema(name), "example": example});
        let mut media_types = json!({"application/json": content});
        if self.method == "patch" {
            media_types["application/merge-patch+json"] = content;
        }
        let body = json!({"required": required, "content": media_types});
        self.members.insert("requestBody".to_owned(), body);
        self.problems.extend(OF_BODIES);
        self
    }

    /// No body: one that is sent is refused.
    pub(super) fn no_body(mut self) -> Self {
        self.problems.push("body-too-large");
        self
    }

    /// A table as the body.
    pub(super) fn table(mut self, description: &str, example: &str) -> Self {
        let schema = json!({"type": "string", "description": description});
        let content = json!({"text/csv": {"schema": schema, "example": example}});
        let body = json!({"required": true, "content": content});
        self.members.insert("requestBody".to_owned(), body);
        self.problems
            .extend(["unsupported-media-type", "body-too-large"]);
        self
    }

    /// An answer of one of the schemas in `components`.
    pub(super) fn answers(
        self,
        status: u16,
        description: &str,
        name: &str,
        example: Value,
    ) -> Self {
        let content = json!({"application/json": {"schema": schema(name), "example": example}});
        let answer = json!({"description": description, "content": content});
        let operation = self.answers_with(status, answer);
        if TAGGED.contains(&name) {
            operation.header(status, "ETag")
        } else {
            operation
        }
    }

    /// An answer without a body.
    pub(super) fn answers_empty(self, status: u16, description: &str) -> Self {
        self.answers_with(status, json!({"description": description}))
    }

    pub(super) fn answers_with(mut self, status: u16, answer: Value) -> Self {
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// A header of an answer that was given before, from `components`.
    pub(super) fn header(mut self, status: u16, name: &str) -> Self {
        if let Some(answer) = self.answers.get_mut(&status.to_string()) {
            answer["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
        }
        self
    }

    /// Problems beyond those of every request.
    pub(super) fn problems(mut self, names: &[&'static str]) -> Self {
        self.problems.extend(names);
        self
    }

    pub(super) fn into_value(mut self) -> Value {
        if self.problems.contains(&"idempotency-key-reused") {
            for status in [200, 201] {
                self = self.header(status, "Idempotency-Replayed");
            }
        }
        let mut by_status: BTreeMap<&str, Vec<&Page>> = BTreeMap::new();
        for page in PAGES {
            if self.problems.contains(&page.name) {
                let status = page.status().split(' ').next().unwrap_or_default();
                by_status.entry(status).or_default().push(page);
            }
        }
        for (status, pages) in by_status {
            self.answers.insert(status.to_owned(), refusal(&pages));
        }
        if !self.parameters.is_empty() {
            self.members
                .insert("parameters".to_owned(), self.parameters.into());
        }
        self.members
            .insert("responses".to_owned(), self.answers.into());
        self.members.into()
    }
}

/// The answer with one of these problems, which have a status in common.
fn refusal(pages: &[&Page]) -> Value {
    let titles: Vec<&str> = pages.iter().map(|page| page.title()).collect();
    let types: Vec<String> = pages
        .iter()
        .map(|page| format!("/problems/{}", page.name))
        .collect();
    let examples: Map<String, Value> = pages
        .iter()
        .map(|page| {
            let reference = json!({"$ref": format!("#/components/examples/{}", page.name)});
            (page.name.to_owned(), reference)
        })
        .collect();
    let mut answer = json!({
        "description": titles.join("; "),
        "content": {"application/problem+json": {
            "schema": {"allOf": [schema("Problem"), {"properties": {"type": {"enum": types}}}]},
            "examples": examples,
        }},
    });
    if pages
        .iter()
        .any(|page| page.name == "idempotency-key-running")
    {
        answer["headers"]["Retry-After"] = json!({"$ref": "#/components/headers/Retry-After"});
    }
    answer
}
