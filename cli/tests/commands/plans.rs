//! `latchkey plans`.

use serde_json::json;

use super::run::shared;

#[test]
fn a_plan_is_made_changed_and_deleted() {
    let dev = shared();
    let limits = [
        "--rate-limit",
        "1.5",
        "--burst-limit",
        "20",
        "--quota",
        "1000/day",
    ];
    let stages = [
        "--api-stage",
        "demorest:dev",
        "--units",
        "demorest:dev/reports/{name}/GET=2",
        "--method-throttle",
        "demohttp:$default//GET=1:10",
    ];
    dev.plan("life", &[&limits[..], &stages[..]].concat());
    let plan = dev
        .run(&["plans", "show", "life", "--output", "json"])
        .json();
    assert_eq!(
        plan["throttle"],
        json!({"rateLimit": 1.5, "burstLimit": 20})
    );
    assert_eq!(plan["quota"], json!({"limit": 1000, "period": "DAY"}));
    assert_eq!(
        plan["apiStages"],
        json!([
            {"apiId": "demorest", "stage": "dev", "units": {"/reports/{name}/GET": 2}},
            {"apiId": "demohttp", "stage": "$default", "throttle": {"//GET": {"rateLimit": 1, "burstLimit": 10}}},
        ])
    );
    let words = [
        "plans",
        "update",
        "life",
        "--quota",
        "7",
        "--clear",
        "burst-limit",
        "-ojson",
    ];
    let plan = dev.run(&words).json();
    assert_eq!(plan["throttle"], json!({"rateLimit": 1.5}));
    assert_eq!(plan["quota"], json!({"limit": 7, "period": "DAY"}));
    let words = [
        "plans",
        "update",
        "life",
        "--name",
        "Other",
        "--description",
        "x",
        "--clear",
        "quota",
        "-ojson",
    ];
    let plan = dev.run(&words).json();
    assert_eq!(
        (&plan["name"], &plan["description"]),
        (&json!("Other"), &json!("x"))
    );
    assert!(plan.get("quota").is_none());
    let deleted = dev.run(&["plans", "delete", "life", "--yes"]);
    assert_eq!(deleted.printed(), "");
    assert_eq!(deleted.stderr, "Plan life is deleted.\n");
    dev.run(&["plans", "show", "life"]).failed(1);
}

#[test]
fn a_plan_without_an_id_gets_one_and_one_without_a_stage_is_told() {
    let dev = shared();
    let made = dev.run(&["plans", "create", "--name", "Some", "-ojson"]);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(made.stderr.contains("--api-stage"), "{made:?}");
    dev.run(&["plans", "show", &id]).printed();
}

#[test]
fn an_id_that_is_taken_is_no_change_of_its_plan() {
    let dev = shared();
    dev.plan("taken", &["--quota", "5/DAY"]);
    let again = dev.run(&["plans", "create", "--id", "taken", "--name", "Else"]);
    assert!(
        again
            .failed(1)
            .contains("`latchkey plans update taken` changes it")
    );
    let plan = dev.run(&["plans", "show", "taken", "-ojson"]).json();
    assert_eq!(plan["name"], "taken");
}

#[test]
fn a_change_is_made_only_of_what_was_read() {
    let dev = shared();
    dev.plan("read", &[]);
    let etag = dev.run(&["plans", "show", "read", "--etag"]);
    let etag = etag.printed().trim_end();
    let change = |name| {
        dev.run(&[
            "plans",
            "update",
            "read",
            "--name",
            name,
            "--if-match",
            etag,
        ])
    };
    change("First").printed();
    assert!(
        change("Second")
            .failed(1)
            .contains("look at it again with `show`")
    );
    let plan = dev.run(&["plans", "show", "read", "-ojson"]).json();
    assert_eq!(plan["name"], "First");
}

#[test]
fn keys_are_put_on_a_plan_listed_and_taken_off() {
    let dev = shared();
    dev.plan("on", &[]);
    let key = dev.key("On", &[]);
    let put = dev.run(&["plans", "attach", "on", &key, "-ojson"]).json();
    assert_eq!((&put["planId"], &put["keyId"]), (&json!("on"), &json!(key)));
    let keys = dev.run(&["plans", "keys", "on", "-ocsv"]);
    assert!(
        keys.printed().contains(&format!("\r\n{key},on,20")),
        "{keys:?}"
    );
    let refused = dev.run(&["plans", "delete", "on", "--yes"]);
    assert!(refused.failed(1).contains("--force"));
    let off = dev.run(&["plans", "detach", "on", &key]);
    assert_eq!(off.printed(), "");
    let keys = dev.run(&["plans", "keys", "on", "-ojson"]);
    assert_eq!(keys.printed(), "[]\n");
    dev.run(&["keys", "attach", &key, "on"]).printed();
    dev.run(&["plans", "delete", "on", "--force", "--yes"])
        .printed();
    dev.run(&["plans", "show", "on"]).failed(1);
}
