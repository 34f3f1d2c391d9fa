//! The OpenAPI document is of this API: all its operations, with the fields, parameters and
//! answers that they have.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::{
    contract::CONTRACT,
    support::{Admin, SECOND, request, unsigned},
};

const SOURCE: &str = include_str!("../src/lib.rs");
const KEY: &str = "key_0123456789abcdef";

/// Each method of each path, with its operation.
fn operations() -> Vec<(Method, &'static str, &'static Value)> {
    let paths = CONTRACT.document["paths"].as_object().unwrap();
    let of_path = |(path, operations): (&'static String, &'static Value)| {
        let operations = operations.as_object().unwrap();
        operations.iter().map(move |(method, operation)| {
            let method = method.to_uppercase().parse().unwrap();
            (method, path.as_str(), operation)
        })
    };
    paths.iter().flat_map(of_path).collect()
}

/// The path with ids that can be ids.
fn filled(path: &str) -> String {
    path.replace("{planId}", "none")
        .replace("{keyId}", KEY)
        .replace("{apiId}", "a1b2c3")
        .replace("{name}", "internal")
}

fn resolved(schema: &'static Value) -> &'static Value {
    let document = &CONTRACT.document;
    let reference = schema["$ref"].as_str();
    let schema = reference.map_or(schema, |path| document.pointer(&path[1..]).unwrap());
    match schema["anyOf"].as_array() {
        Some(any) if any.len() == 2 && any[1]["type"] == "null" => resolved(&any[0]),
        _ => schema,
    }
}

#[tokio::test]
async fn the_checked_in_document_is_the_one_that_is_served() {
    let admin = Admin::start().await;
    let served = admin
        .send(unsigned(Method::GET, "/openapi.json", None))
        .await;
    assert_eq!(served.status, 200, "without an identity");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let text = serde_json::to_string_pretty(&served.body).unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let checked_in = std::fs::read_to_string(file).unwrap();
    assert!(
        checked_in == text,
        "docs/openapi.json is old: UPDATE_OPENAPI=1 writes it anew"
    );
}

#[tokio::test]
async fn each_route_has_its_operations_and_no_others() {
    let admin = Admin::start().await;
    let routes: BTreeSet<&str> = SOURCE
        .split(".route(")
        .skip(1)
        .map(|rest| rest.split('"').nth(1).unwrap())
        .collect();
    let documented: BTreeSet<&str> = operations().iter().map(|(_, path, _)| *path).collect();
    assert_eq!(routes, documented);
    let mut ids = BTreeSet::new();
    for path in routes {
        let answer = admin
            .send(request(Method::TRACE, &filled(path), None))
            .await;
        let allowed = answer.headers["allow"].to_str().unwrap().split(',');
        let allowed: BTreeSet<&str> = allowed.filter(|method| *method != "HEAD").collect();
        let mut sent = request(Method::TRACE, &filled(path), None);
        let once = http::HeaderValue::from_static("once");
        sent.headers_mut().insert("idempotency-key", once);
        assert_eq!(admin.send(sent).await.status, 405, "{path}");
        let all = operations();
        let mine = all.iter().filter(|(_, theirs, _)| *theirs == path);
        let methods: BTreeSet<&str> = mine.clone().map(|(method, _, _)| method.as_str()).collect();
        assert_eq!(allowed, methods, "{path}");
        for (_, _, operation) in mine {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{path}: twice"
            );
        }
    }
}

#[tokio::test]
async fn the_parameters_of_each_operation_are_those_that_it_knows() {
    let admin = Admin::start().await;
    for (method, path, operation) in operations() {
        let documented: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(resolved)
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let target = format!("{}?zzz=1", filled(path));
        let answer = admin.send(request(method.clone(), &target, None)).await;
        let faults = answer.faults();
        let fault = faults.iter().find(|fault| fault.starts_with("zzz: "));
        let fault = fault.unwrap_or_else(|| panic!("{method} {path}: {}", answer.body));
        let known = fault
            .split_once("known here: ")
            .map_or("", |(_, known)| known);
        let known: BTreeSet<&str> = known.split(", ").filter(|name| !name.is_empty()).collect();
        assert_eq!(known, documented, "{method} {path}");
    }
}

/// An object of a body, and where it stands.
struct Place {
    schema: &'static Value,
    pointer: String,
    /// A body with this object at the place.
    body: Box<dyn Fn(Value) -> Value>,
}

/// The objects of a body whose fields are fixed, itself the first.
fn places(schema: &'static Value) -> Vec<Place> {
    let mut found = Vec::new();
    let mut open = vec![Place {
        schema: resolved(schema),
        pointer: String::new(),
        body: Box::new(|object| object),
    }];
    while let Some(place) = open.pop() {
        let outer = std::rc::Rc::new(place.body);
        for (name, schema) in place.schema["properties"].as_object().into_iter().flatten() {
            let schema = resolved(schema);
            let (inner, listed) = match schema["type"].as_str() {
                Some("array") => (resolved(&schema["items"]), true),
                _ => (schema, false),
            };
            if inner["properties"].is_object() {
                let outer = outer.clone();
                let slot = if listed { "/0" } else { "" };
                open.push(Place {
                    schema: inner,
                    pointer: format!("{}/{name}{slot}", place.pointer),
                    body: Box::new(move |object| {
                        let object = if listed { json!([object]) } else { object };
                        outer(json!({name.as_str(): object}))
                    }),
                });
            }
        }
        let body = Box::new(move |object| outer(object));
        found.push(Place { body, ..place });
    }
    found
}

#[tokio::test]
async fn the_fields_of_each_body_are_those_that_its_reader_knows() {
    let admin = Admin::start().await;
    let mut objects = 0;
    for (method, path, operation) in operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            continue;
        }
        for place in places(schema) {
            let body = (place.body)(json!({"zzz": 1}));
            let sent = request(method.clone(), &filled(path), Some(body.to_string()));
            let faults = admin.send(sent).await.faults();
            let at = format!("{method} {path} {}", place.pointer);
            let unknown = format!("{}/zzz: unknown field; known here: ", place.pointer);
            let known = faults.iter().find_map(|fault| fault.strip_prefix(&unknown));
            let known = known.unwrap_or_else(|| panic!("{at}: {faults:?}"));
            let known: BTreeSet<&str> = known.split(", ").collect();
            let properties = place.schema["properties"].as_object().unwrap();
            let documented: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
            assert_eq!(known, documented, "{at}");
            let required: BTreeSet<String> = faults
                .iter()
                .filter_map(|fault| fault.strip_suffix(": is required"))
                .filter_map(|pointer| pointer.strip_prefix(&format!("{}/", place.pointer)))
                .map(str::to_owned)
                .collect();
            let documented = place.schema["required"].as_array().into_iter().flatten();
            let documented: BTreeSet<String> = documented
                .map(|name| name.as_str().unwrap().to_owned())
                .collect();
            assert_eq!(required, documented, "{at}: required");
            objects += 1;
        }
    }
    assert!(objects >= 15, "{objects}");
}

#[test]
fn each_example_fits_its_schema() {
    let mut examples = 0;
    for (method, path, operation) in operations() {
        let bodies = operation["requestBody"]["content"].as_object();
        let answers = operation["responses"].as_object().unwrap().values();
        let answers = answers.filter_map(|answer| answer["content"].as_object());
        for (media_type, content) in bodies.into_iter().chain(answers).flatten() {
            let one = content.get("example").map(|value| ("", value));
            let many = content["examples"].as_object().into_iter().flatten();
            let many = many.map(|(name, example)| (name.as_str(), &resolved(example)["value"]));
            for (name, example) in one.into_iter().chain(many) {
                let faults = CONTRACT.faults(&content["schema"], example);
                assert!(
                    faults.is_empty(),
                    "{method} {path} {media_type} {name}: {faults:?}"
                );
                examples += 1;
            }
        }
    }
    assert!(examples > 100, "{examples}");
}

/// By each example of an entity its changes are found.
#[tokio::test]
async fn the_examples_of_changes_are_like_real_ones() {
    const EXAMPLE: &str = "key_5gHXWJaVoGxMBrDn";
    let admin = Admin::start().await;
    let gold = json!({"name": "Gold"});
    assert_eq!(admin.put_json("/v1/plans/gold", gold).await.status, 201);
    let (key, _) = admin.key(&[]).await;
    let attached = admin.put(&format!("/v1/plans/gold/keys/{key}")).await;
    assert_eq!(attached.status, 201);
    admin.pass(SECOND);
    let off = json!({"enabled": false});
    admin.patch(&format!("/v1/keys/{key}"), off).await;
    let found = async |entity: &str| {
        let entity = entity.replace(EXAMPLE, &key);
        let answer = admin.get(&format!("/v1/audit?entity={entity}")).await;
        answer.body["items"].as_array().unwrap().clone()
    };

    let listed = &CONTRACT.document["paths"]["/v1/audit"]["get"]["responses"]["200"];
    let told = &listed["content"]["application/json"]["example"]["items"][0];
    let real = found(told["entity"].as_str().unwrap()).await;
    let real = real.iter().find(|real| real["action"] == told["action"]);
    let real = real.unwrap().as_object().unwrap();
    let told = told.as_object().unwrap();
    assert!(told.keys().eq(real.keys()), "{real:?}");
    for name in ["entity", "keyId"] {
        let told = told[name].as_str().unwrap();
        assert_eq!(told.replace(EXAMPLE, &key), real[name], "{name}");
    }

    let entity = "/components/schemas/Change/properties/entity";
    let parameter = "/components/parameters/entity/schema";
    for place in [entity, parameter] {
        let schema = CONTRACT.document.pointer(place).unwrap();
        for example in schema["examples"].as_array().unwrap() {
            let example = example.as_str().unwrap();
            assert!(!found(example).await.is_empty(), "{place}: {example}");
        }
    }
}

#[tokio::test]
async fn the_page_has_every_operation_and_asks_nothing_of_others() {
    let admin = Admin::start().await;
    let answer = admin.send(unsigned(Method::GET, "/docs", None)).await;
    assert_eq!(answer.status, 200, "without an identity");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    let html = answer.body.as_str().unwrap();
    for (method, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(html.contains(&format!("id=\"{id}\"")), "{method} {path}");
    }
    for asked in ["<script", "<link", "<img", " src=", "@import", ":url("] {
        assert!(!html.contains(asked), "{asked}");
    }
    let anchors = html.split("href=\"#").skip(1);
    for anchor in anchors.filter_map(|rest| rest.split('"').next()) {
        assert!(
            html.contains(&format!("id=\"{anchor}\"")),
            "{anchor} leads nowhere"
        );
    }
    let pages = html.split("href=\"problems/").skip(1);
    let pages: BTreeSet<&str> = pages.filter_map(|rest| rest.split('"').next()).collect();
    assert!(pages.len() > 20, "{pages:?}");
    for page in pages {
        let page = unsigned(Method::GET, &format!("/problems/{page}"), None);
        assert_eq!(admin.send(page).await.status, 200);
    }
}
