//! The fields of an object, in words.

use serde_json::Value;

use super::{prose, text};

/// A field or parameter.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) required: bool,
    /// What it is: `text`, `whole number`, `list of Key`.
    pub(super) kind: String,
    /// The object that it is, or is a list of, where that has a place on the page.
    pub(super) object: Option<String>,
    /// Its bounds.
    pub(super) bounds: String,
    pub(super) about: String,
}

/// The fields of an object: those that must be there first.
pub(super) fn fields(document: &Value, object: &Value) -> Vec<Field> {
    let required: Vec<&str> = object["required"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    let properties = object["properties"].as_object();
    let mut fields: Vec<Field> = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| field(document, name, schema, required.contains(&name.as_str())))
        .collect();
    fields.sort_by_key(|field| !field.required);
    fields
}

/// One field.
pub(super) fn field(document: &Value, name: &str, schema: &Value, required: bool) -> Field {
    let (meant, reference) = resolved(document, schema);
    let about = [schema, meant].map(|schema| prose(&schema["description"]));
    let about = about.into_iter().find(|html| !html.is_empty());
    let items = &meant["items"];
    let (of, listed) = if meant["type"] == "array" && !items.is_null() {
        let (of, reference) = resolved(document, items);
        (of, reference)
    } else {
        (meant, reference)
    };
    let object = listed.filter(|_| of["properties"].is_object());
    let word = |schema: &Value| object.map_or_else(|| kind(schema), str::to_owned);
    let mut kind = if meant["type"] == "array" {
        format!("list of {}", word(of))
    } else {
        word(meant)
    };
    if is_nullable(schema) {
        kind.push_str(" or null");
    }
    Field {
        name: name.to_owned(),
        required,
        kind,
        object: object.map(str::to_owned),
        bounds: bounds(meant),
        about: about.unwrap_or_default(),
    }
}

/// What a reference leads to, and the name there.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let meant = document.pointer(reference.trim_start_matches('#'));
        return (meant.unwrap_or(schema), reference.rsplit('/').next());
    }
    let any = schema["anyOf"].as_array().map(Vec::as_slice);
    match any {
        Some([one, null]) if null["type"] == "null" => resolved(document, one),
        _ => (schema, None),
    }
}

fn is_nullable(schema: &Value) -> bool {
    let null = |any: &Value| any == "null" || any["type"] == "null";
    let members = [&schema["anyOf"], &schema["type"], &schema["enum"]];
    members
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .any(|member| null(member) || member.is_null())
}

fn kind(schema: &Value) -> String {
    let types = schema["type"].as_array();
    let named = |name: &str| {
        let one = schema["type"] == name;
        one || types.is_some_and(|types| types.iter().any(|theirs| theirs == name))
    };
    let kind = match text(&schema["format"]) {
        "date" => "date",
        "date-time" => "time",
        _ if named("integer") => "whole number",
        _ if named("number") => "number",
        _ if named("boolean") => "true or false",
        _ if named("array") => "list",
        _ if named("object") => "object",
        _ => "text",
    };
    kind.to_owned()
}

fn bounds(schema: &Value) -> String {
    let mut said = Vec::new();
    let words: Vec<&str> = schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !words.is_empty() {
        said.push(words.join(", "));
    }
    for (least, most, what) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
        ("minProperties", "maxProperties", " entries"),
    ] {
        match (schema[least].as_u64(), schema[most].as_u64()) {
            (Some(least), Some(most)) => said.push(format!("{least} to {most}{what}")),
            (None, Some(most)) => said.push(format!("at most {most}{what}")),
            (Some(least), None) => said.push(format!("at least {least}{what}")),
            (None, None) => {}
        }
    }
    if let Some(default) = schema.get("default") {
        said.push(format!("default {default}"));
    }
    said.join("; ")
}
