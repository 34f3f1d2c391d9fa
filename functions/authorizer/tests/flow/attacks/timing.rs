//! How long a comparison takes tells nothing. Held by how it is written, not by a clock, which
//! on a busy machine tells nothing either.

use std::path::Path;

/// A function's or an implementation's lines, from the one that begins with `head`.
fn item(file: &str, head: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/domain/src")
        .join(file);
    let source = std::fs::read_to_string(path).unwrap();
    let mut lines = source
        .lines()
        .skip_while(|line| !line.trim_start().starts_with(head));
    let first = lines.next().unwrap();
    let indent = &first[..first.len() - first.trim_start().len()];
    let end = format!("{indent}}}");
    let body: Vec<&str> = lines
        .take_while(|line| *line != end)
        .map(str::trim)
        .collect();
    body.join("\n")
}

#[test]
fn hashes_are_compared_in_constant_time_and_all_of_a_key_s_each_time() {
    let equal = item("key_value.rs", "impl PartialEq for KeyHash");
    assert_eq!(
        equal,
        "fn eq(&self, other: &Self) -> bool {\nself.0.ct_eq(&other.0).into()\n}"
    );
    let recognises = item("key.rs", "pub fn recognises");
    for early in ["return", "?", "&&", "||", ".any(", ".find(", ".position("] {
        assert!(
            !recognises.contains(early),
            "{early} ends early:\n{recognises}"
        );
    }
    assert_eq!(
        recognises.matches("== *presented").count(),
        2,
        "{recognises}"
    );
}
