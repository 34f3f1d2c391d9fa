//! `latchkey usage`.

use serde_json::json;

use super::run::{shared, steady, value_of};

#[test]
fn what_was_used_is_told_by_key_by_plan_and_by_customer() {
    let dev = shared();
    let stage = ["--api-stage", "demorest:dev"];
    dev.plan("used", &[&stage[..], &["--quota", "9/DAY"]].concat());
    let key = dev.key("Used", &["--plan", "used"]);
    for _ in 0..2 {
        assert_eq!(dev.get_with("/demo-rest/x", &value_of("Used")).status, 200);
    }
    let by_plan = dev.run(&["usage", "show", "--plan", "used"]);
    let expected = format!(
        "KEY                   DATE        USED  REMAINING\n{key}  0000-00-00     2          7\n"
    );
    assert_eq!(steady(by_plan.printed()), expected);
    let by_key = dev.run(&["usage", "show", "--key", &key, "--output", "csv"]);
    let by_key = steady(&by_key.printed().replace('\r', ""));
    assert_eq!(by_key, "planId,date,used,remaining\nused,0000-00-00,2,7\n");
    let both = dev
        .run(&["usage", "show", "--plan", "used", "--key", &key, "-ojson"])
        .json();
    assert_eq!(both["values"], json!({&key: [[2, 7]]}));
    dev.plan("shared", &[&stage[..], &["--scope", "customer"]].concat());
    let key = dev.key(
        "Shared",
        &["--plan", "shared", "--customer-id", "cus_shared"],
    );
    assert_eq!(
        dev.get_with("/demo-rest/x", &value_of("Shared")).status,
        200
    );
    let words = [
        "usage",
        "show",
        "--plan",
        "shared",
        "--customer-id",
        "cus_shared",
    ];
    let by_customer = dev.run(&words);
    assert!(
        by_customer.printed().starts_with("CUSTOMER "),
        "{by_customer:?}"
    );
    assert!(
        by_customer.stdout.contains("\ncus_shared "),
        "{by_customer:?}"
    );
    let before = ["--start-date", "2000-01-01", "--end-date", "2000-01-02"];
    let ran = dev.run(&[&["usage", "show", "--key", &key][..], &before].concat());
    assert!(ran.failed(1).contains("startDate: "), "{ran:?}");
}

#[test]
fn what_is_left_can_be_set() {
    let dev = shared();
    dev.plan("grant", &["--quota", "9/DAY"]);
    let key = dev.key("Grant", &["--plan", "grant"]);
    let granted = dev.run(&["usage", "grant", "grant", &key, "--remaining", "500"]);
    assert!(granted.printed().ends_with(" 500\n"), "{granted:?}");
    let told = dev.run(&["usage", "show", "--key", &key, "-ojson"]).json();
    assert_eq!(told["values"], json!({"grant": [[0, 500]]}));
    dev.plan("boundless", &[]);
    dev.run(&["keys", "attach", &key, "boundless"]).printed();
    let none = dev.run(&["usage", "grant", "boundless", &key, "--remaining", "5"]);
    assert!(none.failed(1).contains("--quota 1000/DAY"), "{none:?}");
}
