//! `latchkey verify`.

use super::run::{run_with, shared, value_of};
use crate::support::Scratch;

#[test]
fn a_call_that_would_pass_ends_with_0_and_one_that_would_not_with_1() {
    let dev = shared();
    dev.plan("verify", &["--api-stage", "verified:x", "--quota", "9/DAY"]);
    dev.key("Verify", &["--plan", "verify", "--route", "GET /orders/*"]);
    let value = value_of("Verify");
    let words = [
        "verify",
        "get",
        "/orders/1",
        "--api-stage",
        "verified:x",
        "--value",
        "-",
    ];
    let passes = run_with(dev.command(&words), &value);
    assert!(passes.printed().contains("DECISION    allow"), "{passes:?}");
    assert!(passes.stdout.contains("QUOTA LEFT  8"), "{passes:?}");
    let words = ["verify", "POST", "/orders", "--api-stage", "verified:x"];
    let mut command = dev.command(&words);
    command.env("LATCHKEY_KEY", &value);
    let refused = run_with(command, "");
    assert_eq!(refused.failed(1), "", "what is printed says it all");
    assert!(
        refused.stdout.contains("REASON    route_not_allowed"),
        "{refused:?}"
    );
    let folder = Scratch::new();
    let file = folder.path().join("value");
    std::fs::write(&file, "none").unwrap();
    let words = [
        &words[..],
        &["-ojson", "--value-file", file.to_str().unwrap()],
    ]
    .concat();
    let refused = dev.run(&words);
    refused.failed(1);
    let told: serde_json::Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(told["reason"], "malformed_key");
}

#[test]
fn the_caller_s_address_is_asked_for() {
    let dev = shared();
    dev.plan("address", &["--api-stage", "address:x"]);
    dev.key(
        "Address",
        &["--plan", "address", "--allowed-ip", "192.0.2.1"],
    );
    let value = value_of("Address");
    for (address, status) in [("192.0.2.1", 0), ("192.0.2.2", 1)] {
        let words = [
            "verify",
            "GET",
            "/",
            "--api-stage",
            "address:x",
            "-ocsv",
            "--value",
            "-",
        ];
        let command = dev.command(&[&words[..], &["--source-ip", address]].concat());
        let ran = run_with(command, &value);
        assert_eq!(ran.status, status, "{ran:?}");
        assert!(
            ran.stdout
                .starts_with("name,outcome\r\nmalformed_key,pass\r\n"),
            "{ran:?}"
        );
    }
}
