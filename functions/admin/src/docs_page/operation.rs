//! One operation on the page.

use serde_json::Value;

use super::{
    fields::{Field, field, fields},
    prose, text,
};

/// In this order they are shown where they have a path in common.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation.
pub(super) struct OperationView<'a> {
    pub(super) id: &'a str,
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) summary: &'a str,
    pub(super) about: String,
    pub(super) parameters: Vec<Field>,
    pub(super) body: Vec<Field>,
    pub(super) body_is_optional: bool,
    pub(super) answers: Vec<Answer<'a>>,
    pub(super) curl: String,
    /// An example of the first answer.
    pub(super) example: Option<String>,
}

/// An answer, by its status.
pub(super) struct Answer<'a> {
    pub(super) status: &'a str,
    pub(super) is_good: bool,
    /// What it is; for refusals the problems tell.
    pub(super) about: &'a str,
    pub(super) object: Option<&'a str>,
    pub(super) headers: Vec<&'a str>,
    /// Name and title of each.
    pub(super) problems: Vec<(&'a str, &'a str)>,
}

/// The operations of a tag, by path.
pub(super) fn of_tag<'a>(document: &'a Value, tag: &str) -> Vec<OperationView<'a>> {
    let mut views = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let operation = &operations[method];
            if operation["tags"][0] == tag {
                views.push(view(document, method, path, operation));
            }
        }
    }
    views
}

fn view<'a>(
    document: &'a Value,
    method: &'static str,
    path: &'a str,
    operation: &'a Value,
) -> OperationView<'a> {
    let parameters = operation["parameters"].as_array();
    let body = &operation["requestBody"];
    let content = &body["content"]["application/json"];
    let object = target(document, &content["schema"]);
    let table = !body["content"]["text/csv"].is_null();
    let responses = operation["responses"].as_object();
    let answers: Vec<Answer<'_>> = responses
        .into_iter()
        .flatten()
        .map(|(status, response)| answer(document, status, response))
        .collect();
    let first = responses.into_iter().flatten().next();
    let example = first.and_then(|(_, response)| {
        let example = response["content"]["application/json"].get("example")?;
        serde_json::to_string_pretty(example).ok()
    });
    OperationView {
        id: text(&operation["operationId"]),
        method,
        path,
        summary: text(&operation["summary"]),
        about: prose(&operation["description"]),
        parameters: parameters
            .into_iter()
            .flatten()
            .map(|parameter| parameter_of(document, parameter))
            .collect(),
        body: fields(document, object),
        body_is_optional: body["required"] == false,
        answers,
        curl: curl(method, path, content.get("example"), table),
        example,
    }
}

fn target<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str();
    let meant = reference.and_then(|path| document.pointer(path.trim_start_matches('#')));
    meant.unwrap_or(schema)
}

fn parameter_of(document: &Value, parameter: &Value) -> Field {
    let parameter = target(document, parameter);
    let required = parameter["required"] == true;
    let mut field = field(
        document,
        text(&parameter["name"]),
        &parameter["schema"],
        required,
    );
    if parameter["description"].is_string() {
        field.about = prose(&parameter["description"]);
    }
    field.kind = format!("{}, in the {}", field.kind, text(&parameter["in"]));
    field
}

fn answer<'a>(document: &'a Value, status: &'a str, response: &'a Value) -> Answer<'a> {
    let headers = response["headers"].as_object().into_iter().flatten();
    let schema = &response["content"]["application/json"]["schema"]["$ref"];
    let object = schema.as_str().and_then(|path| path.rsplit('/').next());
    let examples = &response["content"]["application/problem+json"]["examples"];
    let problems = examples.as_object().into_iter().flatten();
    let title = |name: &str| text(&document["components"]["examples"][name]["summary"]);
    Answer {
        status,
        is_good: status.starts_with('2'),
        about: text(&response["description"]),
        object: object.filter(|name| !name.ends_with("Page")),
        headers: headers.map(|(name, _)| name.as_str()).collect(),
        problems: problems
            .map(|(name, _)| (name.as_str(), title(name)))
            .collect(),
    }
}

/// A line for a terminal. The ids in the path are examples.
fn curl(method: &str, path: &str, body: Option<&Value>, table: bool) -> String {
    let path = path
        .replace("{planId}", "gold")
        .replace("{keyId}", "key_5gHXWJaVoGxMBrDn")
        .replace("{apiId}", "a1b2c3d4e5")
        .replace("{name}", "plan-in-use");
    let method = match (method, body) {
        ("get", _) | ("post", Some(_)) => String::new(),
        ("post", None) if table => String::new(),
        (method, _) => format!("-X {} ", method.to_uppercase()),
    };
    let mut line = format!("curl {method}\"$ADMIN_URL{path}\"");
    if let Some(body) = body {
        // An apostrophe ends a text in single quotes.
        let body = body.to_string().replace('\'', "'\\''");
        line.push_str(&format!(" \\\n  --json '{body}'"));
    }
    if table {
        line.push_str(" \\\n  -H \"Content-Type: text/csv\" --data-binary @keys.csv");
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_survives_the_shell() {
        assert_eq!(
            curl("post", "/v1/keys", Some(&json!({"name": "Ann's"})), false),
            "curl \"$ADMIN_URL/v1/keys\" \\\n  --json '{\"name\":\"Ann'\\''s\"}'"
        );
        assert_eq!(
            curl("delete", "/v1/plans/{planId}", None, false),
            "curl -X DELETE \"$ADMIN_URL/v1/plans/gold\""
        );
    }
}
