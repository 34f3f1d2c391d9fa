//! `latchkey keys`.

use serde_json::json;

use super::run::shared;

#[test]
fn a_key_is_made_with_its_rules_changed_and_deleted() {
    let dev = shared();
    let key = dev.key(
        "Rules",
        &[
            "--customer-id=cus_1",
            "--description=d",
            "--expires-at=2099-01-01T00:00:00Z",
            "--not-before=2020-01-01T00:00:00Z",
            "--allowed-ip=198.51.100.0/24",
            "--allowed-ip=2001:db8::1",
            "--route=GET /orders/*",
            "--metadata=tier=gold",
            "--metadata=team=a=b",
            "--enabled=false",
        ],
    );
    let told = dev.run(&["keys", "show", &key, "-ojson"]).json();
    for (field, expected) in [
        ("customerId", json!("cus_1")),
        ("description", json!("d")),
        ("expiresAt", json!("2099-01-01T00:00:00Z")),
        ("notBefore", json!("2020-01-01T00:00:00Z")),
        ("allowedIps", json!(["198.51.100.0/24", "2001:db8::1/128"])),
        ("routes", json!(["GET /orders/*"])),
        ("metadata", json!({"team": "a=b", "tier": "gold"})),
        ("enabled", json!(false)),
    ] {
        assert_eq!(told[field], expected, "{field}");
    }
    let words = [
        "keys",
        "update",
        &key,
        "-ojson",
        "--enabled",
        "true",
        "--clear",
        "routes",
        "--clear",
        "metadata.tier",
        "--metadata",
        "team=c",
        "--clear",
        "expires-at",
    ];
    let told = dev.run(&words).json();
    assert_eq!(
        (&told["enabled"], &told["metadata"]),
        (&json!(true), &json!({"team": "c"}))
    );
    assert!(told.get("routes").is_none() && told.get("expiresAt").is_none());
    let etag = dev.run(&["keys", "show", &key, "--etag"]);
    let etag = etag.printed().trim_end();
    let told = dev.run(&[
        "keys",
        "update",
        &key,
        "--clear",
        "metadata",
        "-ojson",
        "--if-match",
        etag,
    ]);
    assert_eq!(told.json()["metadata"], json!({}));
    dev.run(&["keys", "delete", &key, "--yes", "--if-match", etag])
        .failed(1);
    let deleted = dev.run(&["keys", "delete", &key, "--yes"]);
    assert_eq!(deleted.printed(), "");
    assert_eq!(deleted.stderr, format!("Key {key} is deleted.\n"));
    dev.run(&["keys", "show", &key]).failed(1);
}

#[test]
fn a_key_moves_from_plan_to_plan() {
    let dev = shared();
    for plan in ["move-a", "move-b", "move-c"] {
        dev.plan(plan, &["--api-stage", "moved:x"]);
    }
    let key = dev.key("Moved", &["--plan", "move-a"]);
    let words = [
        "keys",
        "move",
        &key,
        "--from-plan",
        "move-a",
        "--to-plan",
        "move-b",
        "-ojson",
    ];
    assert_eq!(dev.run(&words).json()["planIds"], json!(["move-b"]));
    let in_the_way = dev.run(&["keys", "attach", &key, "move-c"]);
    assert!(
        in_the_way.failed(1).contains("`latchkey keys move"),
        "{in_the_way:?}"
    );
    dev.run(&["keys", "detach", &key, "move-b"]).printed();
    dev.run(&["keys", "attach", &key, "move-c"]).printed();
    let told = dev.run(&["keys", "show", &key, "-ojson"]).json();
    assert_eq!(told["planIds"], json!(["move-c"]));
}

#[test]
fn keys_are_found_by_what_they_are() {
    let dev = shared();
    dev.plan("find", &[]);
    let first = dev.key("Find one", &["--customer-id", "cus_find", "--plan", "find"]);
    let second = dev.key(
        "Find two",
        &["--customer-id", "cus_find", "--enabled", "false"],
    );
    let found = |filters: &[&str]| -> Vec<String> {
        let words = [
            &["keys", "list", "-ojson", "--customer-id", "cus_find"],
            filters,
        ]
        .concat();
        let keys = dev.run(&words).json();
        let keys = keys.as_array().unwrap().iter();
        keys.map(|key| key["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found(&[]), [first.as_str(), second.as_str()]);
    assert_eq!(found(&["--plan", "find"]), [first.as_str()]);
    assert_eq!(found(&["--name", "Find two"]), [second.as_str()]);
    assert_eq!(found(&["--name-prefix", "Find"]).len(), 2);
    assert_eq!(found(&["--state", "disabled"]), [second.as_str()]);
    assert_eq!(found(&["--limit", "1"]), [first.as_str()]);
    let today = dev.run(&["keys", "list", "--unused-since", "2020-01-01"]);
    assert!(today.printed().contains("LAST USED"), "{today:?}");
}
