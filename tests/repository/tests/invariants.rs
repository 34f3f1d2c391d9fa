//! Each promise of docs/invariants.md names its tests, and each test that it or
//! docs/reliability.md names is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use latchkey_repository::{document, rust_sources};

/// The words in backquotes of a promise's line of tests.
fn named(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The functions under `#[test]`, `#[tokio::test]` or in `proptest!`.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, source) in rust_sources().unwrap() {
        let mut marked = false;
        for line in source.lines().map(str::trim) {
            marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            if let Some((_, rest)) = line.split_once("fn ")
                && marked
            {
                names.insert(rest.split(['(', '<']).next().unwrap().to_owned());
                marked = false;
            }
        }
    }
    names
}

#[test]
fn every_test_that_a_promise_names_is_there() {
    let (text, tests) = (document("docs/invariants.md").unwrap(), tests());
    let mut promises = 0;
    for (heading, body) in text
        .split("\n### ")
        .skip(1)
        .map(|section| section.split_once('\n').unwrap())
    {
        let line = body.lines().find(|line| line.starts_with("Tests: "));
        let named = named(line.unwrap_or_else(|| panic!("{heading}: no line of tests")));
        assert!(!named.is_empty(), "{heading}: no test");
        for name in named {
            assert!(tests.contains(name), "{heading}: there is no test {name}");
        }
        promises += 1;
    }
    assert!(promises >= 10, "{promises} promises");
}

/// A test's name is a sentence: words in small letters, at least four of them.
fn is_test_name(word: &str) -> bool {
    word.split('_').count() >= 4
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[test]
fn every_test_that_the_page_on_reliability_names_is_there() {
    let (text, tests) = (document("docs/reliability.md").unwrap(), tests());
    let names: BTreeSet<&str> = text
        .lines()
        .flat_map(named)
        .filter(|word| is_test_name(word))
        .collect();
    for name in &names {
        assert!(tests.contains(*name), "there is no test {name}");
    }
    assert!(names.len() >= 18, "{} tests are named", names.len());
}
