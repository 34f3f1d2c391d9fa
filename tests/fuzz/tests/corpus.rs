//! The corpus that is checked in, through every property.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use latchkey_fuzz::{BODIES, LISTS, PROPERTIES};
use serde_json::Value;

/// All files below a folder of tests.
fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .join(folder),
    ];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                files.push((path, bytes));
            }
        }
    }
    files
}

#[test]
fn every_property_holds_for_its_corpus() {
    for (name, property) in PROPERTIES {
        let files = files(&format!("fuzz/corpus/{name}"));
        assert!(!files.is_empty(), "{name} has no corpus");
        for (path, bytes) in files {
            println!("{}", path.display());
            property(&bytes);
        }
    }
}

#[test]
fn every_property_holds_for_whole_events() {
    for (path, bytes) in files("fixtures/events") {
        println!("{}", path.display());
        for (_, property) in PROPERTIES {
            property(&bytes);
        }
    }
}

/// So a property that nobody runs is noticed.
#[test]
fn every_property_is_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets");
    let mut targets: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    targets.sort();
    assert_eq!(targets, PROPERTIES.map(|(name, _)| name));
}

fn document() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn each_list_is_sent_cursors() {
    let document = document();
    // A parameter, or where it stands: `#/components/parameters/Cursor`.
    let is_cursor = |parameter: &Value| {
        let stands = parameter["$ref"].as_str();
        let parameter = stands.map_or(Some(parameter), |at| document.pointer(&at[1..]));
        parameter.unwrap()["name"] == "cursor"
    };
    let mut taken = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let parameters = operations["get"]["parameters"].as_array();
        if parameters.into_iter().flatten().any(is_cursor) {
            taken.insert(path.as_str());
        }
    }
    assert_eq!(BTreeSet::from(LISTS.map(|(path, _)| path)), taken);
}

/// Tables are of another property.
#[test]
fn each_operation_that_takes_json_is_sent_bodies() {
    let document = document();
    let mut taken = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["requestBody"]["content"]["application/json"].is_object() {
                taken.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    taken.sort();
    let mut sent = BODIES.map(|(_, method, path)| (method.to_owned(), path.to_owned()));
    sent.sort();
    assert_eq!(sent.to_vec(), taken);
    let corpus = files("fuzz/corpus/patch");
    for (kind, ..) in BODIES {
        let has = corpus
            .iter()
            .any(|(_, bytes)| bytes.first() == Some(&(kind as u8)));
        assert!(has, "the corpus has nothing for {kind}");
    }
}
