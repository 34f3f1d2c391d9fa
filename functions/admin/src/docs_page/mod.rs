//! `GET /docs`: the OpenAPI document as a page to read. It is rendered from the document
//! itself, so that both say the same; it needs no script and asks nothing of any other host.

mod fields;
mod operation;

use askama::Template;
use axum::response::Response;
use pulldown_cmark::{Parser, html};
use serde_json::Value;

use self::{
    fields::{Field, fields},
    operation::OperationView,
};
use crate::{
    openapi,
    parameters::{NoParameters, Query},
    problem::Problem,
    web_page,
};

const CSS: &str = include_str!("../../templates/docs.css");

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsView<'a> {
    css: &'a str,
    more_css: &'a str,
    version: &'a str,
    about: String,
    groups: Vec<Group<'a>>,
    objects: Vec<Object<'a>>,
}

/// The operations of a tag.
struct Group<'a> {
    name: &'a str,
    anchor: String,
    about: String,
    operations: Vec<OperationView<'a>>,
}

/// An object that bodies and answers are made of.
struct Object<'a> {
    name: &'a str,
    about: String,
    fields: Vec<Field>,
}

/// # Errors
/// [`Problem::Invalid`] for a parameter.
pub(crate) async fn docs(Query(NoParameters): Query<NoParameters>) -> Result<Response, Problem> {
    let document = openapi::document();
    web_page::answer(&view(&document))
}

fn view(document: &Value) -> DocsView<'_> {
    let tags = document["tags"].as_array();
    DocsView {
        css: web_page::CSS,
        more_css: CSS,
        version: text(&document["info"]["version"]),
        about: prose(&document["info"]["description"]),
        groups: tags
            .into_iter()
            .flatten()
            .map(|tag| group(document, tag))
            .collect(),
        objects: objects(document),
    }
}

fn group<'a>(document: &'a Value, tag: &'a Value) -> Group<'a> {
    let name = text(&tag["name"]);
    Group {
        name,
        anchor: anchor(name),
        about: prose(&tag["description"]),
        operations: operation::of_tag(document, name),
    }
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A description as HTML: it is Markdown (OpenAPI 3.1, "Rich Text Formatting").
fn prose(value: &Value) -> String {
    let mut html = String::new();
    html::push_html(&mut html, Parser::new(text(value)));
    html
}

/// The named schemas that have fields, but pages and what stands with an operation as its body.
fn objects(document: &Value) -> Vec<Object<'_>> {
    let schemas = document["components"]["schemas"].as_object();
    let has_fields = |schema: &Value| schema["properties"].is_object();
    schemas
        .into_iter()
        .flatten()
        .filter(|(name, schema)| has_fields(schema) && !name.ends_with("Page"))
        .map(|(name, schema)| Object {
            name,
            about: prose(&schema["description"]),
            fields: fields(document, schema),
        })
        .collect()
}
