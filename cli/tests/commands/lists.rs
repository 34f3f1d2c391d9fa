//! Lists longer than a page, and tables of keys in and out.

use std::fmt::Write as _;

use super::run::{run_with, shared, value_of};
use crate::support::{Dev, Scratch};

/// More than two pages, and two calls of an import.
const MANY: usize = 1_001;

fn many() -> String {
    let mut table = "Name,key,customerId\n".to_owned();
    for number in 0..MANY {
        writeln!(table, "Many {number},many-{number:036},cus_many").unwrap();
    }
    table
}

#[test]
fn a_long_table_is_imported_listed_and_exported_whole() {
    // Alone: others would be in the export.
    let dev = Dev::start(&["--in-memory"]);
    let folder = Scratch::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let table = path("many.csv");
    std::fs::write(&table, many()).unwrap();
    let tried = dev.run(&["import", &table, "--dry-run"]);
    assert!(
        tried
            .printed()
            .starts_with("1001 rows: 1001 would be written"),
        "{tried:?}"
    );
    let imported = dev.run(&["import", &table]);
    assert_eq!(
        imported.printed(),
        "1001 rows: 1001 created, 0 there before, 0 wrong, 0 not written.\n"
    );
    let again = dev.run(&["import", &table, "-ojson"]).json();
    assert_eq!(again["existing"], MANY);
    assert_eq!(again["items"][1_000]["line"], 1_002);
    let listed = dev
        .run(&["keys", "list", "--customer-id", "cus_many", "-ojson"])
        .json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), MANY);
    assert_eq!(listed[MANY - 1]["name"], "Many 1000");
    let some = dev.run(&["keys", "list", "--limit", "501", "-ocsv"]);
    assert_eq!(some.printed().lines().count(), 502);
    let file = path("out.csv");
    let exported = dev.run(&["export", "--hashes", "--file", &file]);
    assert_eq!(exported.printed(), "");
    assert_eq!(exported.stderr, format!("1003 keys are in {file}.\n"));
    let exported = std::fs::read_to_string(&file).unwrap();
    assert_eq!(exported.matches("Name").count(), 1, "one header");
    assert_eq!(exported, dev.run(&["export", "--hashes"]).printed());
    let moved = dev.run(&["import", &file]);
    assert!(moved.printed().contains("1003 there before"), "{moved:?}");
}

/// docs/operations.md, "Another Region".
#[test]
fn keys_that_move_with_their_hashes_open_there_and_those_without_are_refused() {
    let [from, to] = [(); 2].map(|()| Dev::start(&["--in-memory"]));
    let value = value_of("Moves");
    for dev in [&from, &to] {
        dev.plan("moved", &["--api-stage", "moved:x"]);
    }
    from.key("Moves", &["--plan", "moved"]);
    let imported = |export: &[&str]| {
        let table = from.run(export);
        run_with(to.command(&["import", "-"]), table.printed())
    };
    let refused = imported(&["export"]);
    refused.failed(1);
    assert!(refused.stdout.contains("hashes=true"), "{refused:?}");
    imported(&["export", "--hashes"]).printed();
    let words = "verify GET / --api-stage moved:x --value -";
    let words: Vec<&str> = words.split(' ').collect();
    run_with(to.command(&words), &value).printed();
}

#[test]
fn an_export_touches_no_file_but_its_own() {
    let dev = shared();
    let folder = Scratch::new();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("out.csv.part"), "somebody's").unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    let file = |name: &str| path(name).to_str().unwrap().to_owned();
    dev.run(&["export", "--file", &file("out.csv")]).printed();
    dev.run(&["export", "--file", &file("folder")]).failed(2);
    let other = std::fs::read_to_string(path("out.csv.part")).unwrap();
    assert_eq!(other, "somebody's");
    let files = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(files.count(), 3, "what was begun is gone");
}

#[test]
fn a_wrong_row_is_told_by_its_line_and_nothing_is_written() {
    let dev = shared();
    let table = "Name,key,usageplanIds\n\nWrong a,wrong-a-0123456789012345,\nWrong b,wrong-b-0123456789012345,none\n";
    let refused = run_with(dev.command(&["import", "-"]), table);
    assert_eq!(refused.failed(1), "");
    assert!(refused.stdout.contains("   4  invalid "), "{refused:?}");
    assert!(
        refused.stdout.contains("no usage plan has the id none"),
        "{refused:?}"
    );
    assert!(
        refused.stdout.contains("Nothing was written: "),
        "{refused:?}"
    );
    let keys = ["keys", "list", "--name-prefix", "Wrong", "-ojson"];
    assert_eq!(dev.run(&keys).printed(), "[]\n");
    let written = run_with(
        dev.command(&["import", "-", "--on-error", "valid", "-ocsv"]),
        table,
    );
    written.failed(1);
    assert!(written.stdout.contains("\r\n3,created,key_"), "{written:?}");
    assert_eq!(dev.run(&keys).json().as_array().unwrap().len(), 1);
}

#[test]
fn generated_values_are_printed_once_or_go_to_a_file() {
    let dev = shared();
    let table = "Name,usageplanIds\nGenerated,demo\n";
    let printed = run_with(dev.command(&["import", "-"]), table);
    let value = printed
        .printed()
        .split_whitespace()
        .find(|word| word.starts_with("lk_live_"));
    assert_eq!(dev.get_with("/demo/x", value.unwrap()).status, 200);
    assert!(!printed.stderr.contains("lk_live_"), "{printed:?}");
    let folder = Scratch::new();
    let file = folder.path().join("values.csv");
    let words = [
        "import",
        "-",
        "-ojson",
        "--values-to",
        file.to_str().unwrap(),
    ];
    let filed = run_with(dev.command(&words), table);
    assert_eq!(filed.json()["created"], 1);
    assert!(!filed.stdout.contains("lk_live_") && !filed.stderr.contains("lk_live_"));
    let values = std::fs::read_to_string(&file).unwrap();
    assert!(values.starts_with("line,keyId,value\n2,key_"), "{values}");
    let value = values.trim_end().rsplit(',').next().unwrap();
    assert_eq!(dev.get_with("/demo/x", value).status, 200);
}
