//! The corpus that is checked in, through every property.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use latchkey_fuzz::{BODIES, PROPERTIES};

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

/// Tables are of another property.
#[test]
fn each_operation_that_takes_json_is_sent_bodies() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let document: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
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
