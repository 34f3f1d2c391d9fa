//! `latchkey audit` and `latchkey drift`.

use super::{recorder::Recorder, run::shared};

#[test]
fn changes_are_told_latest_first_with_what_is_another() {
    let dev = shared();
    let key = dev.key("Audited", &[]);
    dev.run(&["keys", "update", &key, "--enabled", "false"])
        .printed();
    let told = dev.run(&["audit", "--key", &key]);
    let lines: Vec<&str> = told.printed().lines().collect();
    assert!(lines[0].starts_with("AT "), "{told:?}");
    assert!(lines[1].contains("key.update") && lines[1].contains("enabled: true → false"));
    assert!(
        lines[2].contains("key.create") && lines.len() == 3,
        "{told:?}"
    );
    let words = ["audit", "--entity", &key, "--limit", "1", "-ojson"];
    let told = dev.run(&words).json();
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!(told[0]["action"], "key.update");
    for filter in [
        &["--plan", "none"][..],
        &["--principal", "arn:aws:iam::1:user/none"],
        &["--end-date", "2020-01-01"],
    ] {
        let told = dev.run(&[&["audit", "-ojson", "--start-date", "2019-01-01"], filter].concat());
        assert_eq!(told.printed(), "[]\n", "{filter:?}");
    }
}

#[test]
fn drift_ends_with_1_where_there_is_any() {
    let dev = shared();
    let none = dev.run(&["drift"]);
    assert_eq!(none.printed(), "");
    assert_eq!(none.stderr, "The reconciler has not looked yet.\n");
    let found = r#"{"scannedDate":"2026-11-26T17:30:00.000Z","total":3,"findings":[
        {"object":"planKey","planId":"gold","keyId":"key_1","nativeId":"n1","kind":"missing","detail":"was gone","mended":true},
        {"object":"plan","planId":"gold","kind":"other","detail":"is another","mended":false}]}"#;
    let server = Recorder::answering(200, found);
    let told = server.run(&["drift"]);
    assert_eq!(
        told.failed(1),
        "3 found at 2026-11-26 17:30; the first 2 are told.\n"
    );
    insta::assert_snapshot!(told.stdout, @r"
    KIND     MENDED  DETAIL      PLAN  KEY    AT API GATEWAY
    missing  yes     was gone    gold  key_1  n1
    other    no      is another  gold
    ");
    let told = server.run(&["drift", "-ocsv"]);
    told.failed(1);
    assert!(
        told.stdout.contains("\r\nother,no,is another,gold,,\r\n"),
        "{told:?}"
    );
    let told = server.run(&["drift", "-ojson"]);
    told.failed(1);
    assert!(told.stdout.starts_with("{\n  \"scannedDate\""), "{told:?}");
}
