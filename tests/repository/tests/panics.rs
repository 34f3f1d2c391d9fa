//! No panic of what is deployed can tell what it was given: a key value reaches no message.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use latchkey_repository::{root, rust_sources};

/// The words by which code panics with a text of its own. Clippy holds `panic!`, `unwrap` and
/// `expect` off, and slices of text where [`SLICES`] stands.
const PANICKING: [&str; 6] = [
    "assert!(",
    "assert_eq!(",
    "assert_ne!(",
    "unreachable!(",
    "todo!(",
    "unimplemented!(",
];
const SLICES: &str = "#![cfg_attr(not(test), warn(clippy::string_slice))]";
/// What stands before a module of tests.
const TESTS: &str = "#[cfg(test)]\n";

fn is_deployed(path: &Path) -> bool {
    let path = path.strip_prefix(root()).unwrap();
    let mut parts = path
        .components()
        .map(|part| part.as_os_str().to_str().unwrap());
    let (folder, krate, inner) = (parts.next(), parts.next(), parts.next());
    let is_function = folder == Some("functions");
    (is_function || folder == Some("shared") && krate != Some("engine")) && inner == Some("src")
}

/// Files and folders of modules that are compiled for tests only.
fn modules_of_tests(path: &Path, source: &str) -> Vec<PathBuf> {
    let is_root = ["mod.rs", "lib.rs", "main.rs"]
        .iter()
        .any(|name| path.ends_with(name));
    let folder = if is_root {
        path.parent().unwrap().to_owned()
    } else {
        path.with_extension("")
    };
    let after = source.split(TESTS).skip(1);
    let names = after.filter_map(|after| {
        let line = after.lines().next()?;
        line.trim().strip_suffix(';')?.split("mod ").nth(1)
    });
    names
        .flat_map(|name| [folder.join(name), folder.join(name).with_extension("rs")])
        .collect()
}

#[test]
fn no_panic_of_what_is_deployed_has_a_text_with_what_it_was_given() {
    let sources: Vec<(PathBuf, String)> = rust_sources()
        .unwrap()
        .into_iter()
        .filter(|(path, _)| is_deployed(path))
        .collect();
    assert!(sources.len() > 100, "{} sources", sources.len());
    let tests: Vec<PathBuf> = sources
        .iter()
        .flat_map(|(path, source)| modules_of_tests(path, source))
        .collect();
    assert!(tests.len() > 10, "{} modules of tests", tests.len());
    let mut found = Vec::new();
    for (path, source) in &sources {
        if tests.iter().any(|test| path.starts_with(test)) {
            continue;
        }
        if path.ends_with("src/lib.rs") && !source.contains(SLICES) {
            found.push(format!("{} allows slices of text", path.display()));
        }
        let inner = source
            .find(&format!("{TESTS}mod tests {{"))
            .unwrap_or(source.len());
        for line in source[..inner].lines().map(str::trim) {
            let is_const = line.starts_with("const {") || line.starts_with("//");
            if !is_const && PANICKING.iter().any(|word| line.contains(word)) {
                found.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
