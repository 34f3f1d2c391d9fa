//! Key values: told once, and to nobody else.

use std::os::unix::fs::PermissionsExt as _;

use super::run::{run_with, shared, value_of};
use crate::support::Scratch;

#[test]
fn a_new_value_is_all_that_is_printed_and_is_in_no_other_place() {
    let dev = shared();
    let made = dev.run(&["keys", "create", "--name", "Shown", "--plan", "demo"]);
    let value = made.printed().trim_end();
    assert_eq!(value.lines().count(), 1);
    assert!(
        made.stderr.contains("on standard output, this once"),
        "{made:?}"
    );
    assert!(!made.stderr.contains(value));
    assert_eq!(dev.get_with("/demo/x", value).status, 200);
    let id = made
        .stderr
        .split(' ')
        .find(|word| word.starts_with("key_"))
        .unwrap();
    let id = id.trim_end_matches(',');
    for words in [
        &["keys", "show", id][..],
        &["keys", "show", id, "-ojson"],
        &["keys", "list", "-ojson"],
        &["audit", "--key", id, "-ojson"],
        &["export", "--hashes"],
    ] {
        let ran = dev.run(words);
        assert!(!ran.printed().contains(value), "{words:?}");
    }
    let rotated = dev.run(&["keys", "rotate", id, "--grace-period-seconds", "1000"]);
    let new = rotated.printed().trim_end();
    assert_ne!(new, value);
    for value in [value, new] {
        assert_eq!(dev.get_with("/demo/x", value).status, 200);
    }
    let json = dev.run(&["keys", "rotate", id, "-ojson"]);
    assert!(json.json()["value"].is_string(), "{json:?}");
    let csv = dev.run(&["keys", "rotate", id, "-ocsv"]);
    assert!(
        csv.printed().lines().next().unwrap().ends_with(",value"),
        "{csv:?}"
    );
}

#[test]
fn a_value_goes_to_a_new_file_of_the_caller_s_alone() {
    let dev = shared();
    let folder = Scratch::new();
    let file = folder.path().join("ann.key");
    let name = file.to_str().unwrap();
    let made = dev.run(&[
        "keys",
        "create",
        "--name",
        "Filed",
        "--value-to",
        name,
        "-ojson",
    ]);
    let value = std::fs::read_to_string(&file).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(made.json().get("value").is_none());
    assert!(!made.stdout.contains(value.trim_end()) && !made.stderr.contains(value.trim_end()));
    let words = ["keys", "list", "--name", "Filed", "-ojson"];
    let again = dev.run(&["keys", "create", "--name", "Filed", "--value-to", name]);
    assert!(again.failed(2).contains("name a file that is not there"));
    assert_eq!(dev.run(&words).json().as_array().unwrap().len(), 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), value);
    let other = folder.path().join("none.key");
    let words = ["keys", "rotate", "key_0000000000000000", "--value-to"];
    dev.run(&[&words[..], &[other.to_str().unwrap()]].concat())
        .failed(1);
    assert!(!other.exists(), "a refusal leaves no file");
}

#[test]
fn a_value_of_one_s_own_is_read_from_standard_input_or_a_file() {
    let dev = shared();
    let value = value_of("Piped");
    let words = [
        "keys", "create", "--name", "Piped", "--plan", "demo", "--value", "-",
    ];
    let made = run_with(dev.command(&words), &format!("{value}\n"));
    assert!(made.printed().contains("Piped"), "{made:?}");
    assert!(!made.stdout.contains(&value) && !made.stderr.contains(&value));
    assert_eq!(dev.get_with("/demo/x", &value).status, 200);
    let again = run_with(dev.command(&words), &value);
    assert!(
        again.failed(1).contains("`latchkey keys show KEY`"),
        "{again:?}"
    );
    assert!(!again.stderr.contains(&value));
    let folder = Scratch::new();
    let file = folder.path().join("own.key");
    let value = value_of("Own");
    std::fs::write(&file, &value).unwrap();
    let words = ["keys", "create", "--plan", "demo", "--value-file"];
    dev.run(&[&words[..], &[file.to_str().unwrap()]].concat())
        .printed();
    assert_eq!(dev.get_with("/demo/x", &value).status, 200);
}

#[test]
fn a_value_on_the_command_line_is_refused_and_not_told_on() {
    let dev = shared();
    let value = value_of("Seen by all");
    for words in [
        &["keys", "create", "--value", &value][..],
        &[
            "verify",
            "GET",
            "/",
            "--api-stage",
            "a:b",
            "--value",
            &value,
        ],
    ] {
        let ran = dev.run(words);
        assert!(ran.failed(2).contains("standard input"), "{ran:?}");
        assert!(!ran.stderr.contains(&value));
    }
}
