//! What the three functions are made of is compiled once for all of them, though each is built by
//! itself: cargo takes a crate with other features for another crate, and all that is above it too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use latchkey_repository::root;

const FUNCTIONS: [&str; 3] = [
    "latchkey-authorizer",
    "latchkey-admin",
    "latchkey-reconciler",
];
/// Small, and hardly anything is above them.
const APART: [&str; 3] = ["aws_lambda_events", "bitflags", "lambda_runtime"];

/// Each crate that a function is built from, with its version, and its features; a crate that
/// build scripts use as well may have two sets of them.
fn crates(function: &str) -> BTreeMap<String, BTreeSet<String>> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}|{f}|"])
        .args(["--package", function])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{tree:?}");
    let mut crates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(tree.stdout).unwrap().lines() {
        let mut parts = line.split('|').map(str::to_owned);
        let (name, features) = (parts.next().unwrap(), parts.next().unwrap());
        crates.entry(name).or_default().insert(features);
    }
    crates
}

#[test]
fn what_the_functions_have_in_common_has_the_same_features_in_each() {
    let [authorizer, admin, reconciler] = FUNCTIONS.map(crates);
    for (one, other) in [
        (&authorizer, &admin),
        (&authorizer, &reconciler),
        (&admin, &reconciler),
    ] {
        let common = one.keys().filter(|name| other.contains_key(*name));
        assert!(common.clone().count() > 100);
        let differing: Vec<_> = common
            .filter(|name| !APART.contains(&name.split(' ').next().unwrap_or_default()))
            .filter(|name| one[*name] != other[*name])
            .map(|name| (name, &one[name], &other[name]))
            .collect();
        assert!(
            differing.is_empty(),
            "shared/store asks for what is missing in one of them: {differing:#?}"
        );
    }
}
