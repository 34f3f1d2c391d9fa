//! The OpenAPI document, held against what is really asked and answered.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::Answer;

/// The checked-in copy, which `openapi::the_checked_in_document_is_the_one_that_is_served` holds.
pub(crate) static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let document = std::fs::read(file).unwrap();
    Contract {
        document: serde_json::from_slice(&document).unwrap(),
        validators: Mutex::default(),
    }
});

pub(crate) struct Contract {
    pub(crate) document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// The operation that a request is of.
    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let sent: Vec<&str> = path.split('/').collect();
        let matches = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == sent.len()
                && template.iter().zip(&sent).all(|(wanted, sent)| {
                    wanted == sent || (wanted.starts_with('{') && !sent.is_empty())
                })
        };
        let paths = self.document["paths"].as_object().unwrap();
        let (_, operations) = paths.iter().find(|(template, _)| matches(template))?;
        operations.get(method.as_str().to_lowercase())
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let make = || {
            let schema = json!({"allOf": [schema], "components": self.document["components"]});
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            Arc::new(options.build(&schema).unwrap())
        };
        let mut validators = self.validators.lock().unwrap();
        validators
            .entry(schema.to_string())
            .or_insert_with(make)
            .clone()
    }

    /// What of `value` breaks the schema.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        let errors = validator.iter_errors(value);
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Panics where an answer is not documented, or a body that was taken would not be sent
    /// by whoever goes by the document.
    pub(crate) fn hold(&self, method: &Method, target: &str, sent: &[u8], answer: &Answer) {
        let path = target.split('?').next().unwrap_or_default();
        let Some(operation) = self.operation(method, path) else {
            return;
        };
        let request = format!("{method} {target}: {}", answer.status);
        let status = answer.status.as_str();
        let response = &operation["responses"][status];
        assert!(
            !response.is_null(),
            "{request} is not documented: {}",
            answer.body
        );
        let media_type = answer.headers.get("content-type");
        let media_type = media_type.map(|value| value.to_str().unwrap());
        let media_type = media_type.map(|value| value.split(';').next().unwrap());
        let Some(media_type) = media_type else {
            assert!(response["content"].is_null(), "{request}: no body");
            return;
        };
        let content = &response["content"][media_type];
        assert!(
            !content.is_null(),
            "{request}: {media_type} is not documented"
        );
        if media_type.ends_with("json") {
            let faults = self.faults(&content["schema"], &answer.body);
            assert!(faults.is_empty(), "{request} {}: {faults:?}", answer.body);
        }
        for header in ["location", "etag", "link", "retry-after"] {
            let documented = response["headers"].as_object().is_some_and(|headers| {
                headers.keys().any(|name| name.eq_ignore_ascii_case(header))
            });
            let sent = answer.headers.contains_key(header);
            assert!(!sent || documented, "{request}: {header} is not documented");
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if answer.status.is_success() && !body.is_null() && !sent.is_empty() {
            let sent: Value = serde_json::from_slice(sent).unwrap();
            let faults = self.faults(body, &sent);
            assert!(faults.is_empty(), "{request} was taken, {sent}: {faults:?}");
        }
    }
}
