//! `latchkey try`: a customer's call explained.

use serde_json::{Value, json};

use crate::{
    support::Dev,
    typed::{Printed, latchkey, run},
};

fn tried(dev: &Dev, key: &str, more: &[&str]) -> Printed {
    let words = [&["try", "-", "GET", "/orders/42"], more].concat();
    let printed = run(latchkey(dev, &words), &format!("{key}\n"));
    assert!(!printed.all().contains(key), "{printed:?}");
    assert!(printed.out.lines().count() <= 24, "one screen: {printed:?}");
    printed
}

/// What stands after `name` in the table of checks.
fn check<'a>(printed: &'a Printed, name: &str) -> &'a str {
    let line = printed
        .out
        .lines()
        .find(|line| line.contains(&format!("  {name} ")));
    line.unwrap_or_else(|| panic!("{name}: {printed:?}")).trim()
}

#[test]
fn a_call_that_would_pass_is_shown_with_its_plan_and_what_would_be_left() {
    let dev = Dev::start(&["--in-memory"]);
    let (id, value) = dev.new_key(&["demo-limited"]);
    let printed = tried(&dev, &value, &[]);
    assert_eq!(printed.status, 0, "{printed:?}");
    let expected = format!(
        "ALLOWED  GET /orders/42 on demorest, stage dev\n  key        Test ({id})\n  plan       Demo limited (demo-limited)\n  left       1 of 2 units a day\n"
    );
    assert!(printed.out.starts_with(&expected), "{printed:?}");
    assert!(check(&printed, "throttled").starts_with("pass"));
    let again = tried(&dev, &value, &[]);
    assert_eq!(again.out, printed.out, "nothing is charged");
}

#[test]
fn a_used_up_quota_says_when_to_come_back_and_how_to_grant_more() {
    let dev = Dev::start(&["--in-memory"]);
    let key = dev.limited_key().to_owned();
    for _ in 0..2 {
        assert_eq!(dev.get_with("/demo-rest/x", &key).status, 200);
    }
    let printed = tried(&dev, &key, &[]);
    assert_eq!(
        (printed.status, printed.err.as_str()),
        (1, ""),
        "{printed:?}"
    );
    assert!(
        printed.out.contains("left       0 of 2 units a day"),
        "{printed:?}"
    );
    let back = printed
        .out
        .lines()
        .find(|line| line.contains("come back"))
        .unwrap();
    assert!(
        back.ends_with("T00:00:00Z"),
        "at the end of the day: {back}"
    );
    assert!(check(&printed, "quota_exceeded").starts_with("FAIL"));
    assert!(
        printed
            .out
            .contains("  latchkey usage grant demo-limited key_"),
        "{printed:?}"
    );
}

#[test]
fn each_refusal_says_what_to_do() {
    let dev = Dev::start(&["--in-memory"]);
    let made = |body: Value| {
        let key = dev.admin("POST", "/v1/keys", &body);
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        (text("id"), text("value"))
    };
    for (body, reason, remedy) in [
        (
            json!({"name": "a", "enabled": false}),
            "key_disabled",
            "latchkey keys update ID --enabled true",
        ),
        (
            json!({"name": "b", "expiresAt": "2026-01-01T00:00:00Z"}),
            "key_expired",
            "It ended at 2026-01-01T00:00:00Z",
        ),
        (
            json!({"name": "c", "notBefore": "2999-01-01T00:00:00Z"}),
            "key_not_yet_valid",
            "Wait until 2999-01-01T00:00:00Z",
        ),
        (
            json!({"name": "d", "allowedIps": ["192.0.2.0/24"]}),
            "ip_not_allowed",
            "say it with --ip. It may be used from 192.0.2.0/24.",
        ),
        (
            json!({"name": "e", "routes": ["GET /reports/*"]}),
            "route_not_allowed",
            "It opens GET /reports/*.",
        ),
        (
            json!({"name": "f"}),
            "no_usage_plan",
            "It is on none. Put it on one that covers demorest, stage dev:",
        ),
    ] {
        let (id, value) = made(body);
        let printed = tried(&dev, &value, &[]);
        assert_eq!(printed.status, 1, "{printed:?}");
        assert!(
            printed.out.contains(&format!(": {reason}\n")),
            "{printed:?}"
        );
        assert!(check(&printed, reason).starts_with("FAIL"), "{printed:?}");
        assert!(
            printed.out.contains(&remedy.replace("ID", &id)),
            "{remedy}: {printed:?}"
        );
    }
    let unknown = tried(&dev, "a-custom-value-that-nobody-has", &[]);
    assert!(unknown.out.contains(": unknown_key\n"), "{unknown:?}");
    let malformed = tried(&dev, "too-short", &[]);
    assert!(malformed.out.contains(": malformed_key\n"), "{malformed:?}");
}

#[test]
fn a_value_that_a_rotation_replaced_says_until_when_it_works() {
    let dev = Dev::start(&["--in-memory"]);
    let (id, old) = dev.new_key(&["demo"]);
    dev.admin(
        "POST",
        &format!("/v1/keys/{id}/rotate"),
        &json!({"gracePeriodSeconds": 3600}),
    );
    let key = dev.admin("GET", &format!("/v1/keys/{id}"), &Value::Null);
    let until = key["previousValues"][0]["expiresAt"].as_str().unwrap();
    let printed = tried(&dev, &old, &[]);
    let line = format!("value      an old one: a rotation replaced it, it works until {until}");
    assert!(printed.out.contains(&line), "{printed:?}");
}

#[test]
fn an_address_and_another_stage_are_asked_about_as_they_are_given() {
    let dev = Dev::start(&["--in-memory"]);
    let body = json!({"name": "d", "allowedIps": ["192.0.2.0/24"], "planIds": ["demo"]});
    let key = dev.admin("POST", "/v1/keys", &body);
    let value = key["value"].as_str().unwrap();
    let other = [
        "--api",
        "demohttp",
        "--stage",
        "$default",
        "--ip",
        "192.0.2.7",
    ];
    let printed = tried(&dev, value, &other);
    assert_eq!(printed.status, 0, "{printed:?}");
    let stranger = tried(&dev, value, &["--ip", "198.51.100.7"]);
    assert!(
        stranger.out.contains("--allowed-ip NETWORK"),
        "{stranger:?}"
    );
    let wrong = tried(&dev, value, &["--ip", "nowhere"]);
    assert_eq!(wrong.status, 1, "{wrong:?}");
    assert!(wrong.err.contains("/sourceIp"), "{wrong:?}");
}

#[test]
fn the_admin_api_s_answer_is_there_for_scripts() {
    let dev = Dev::start(&["--in-memory"]);
    let (id, value) = dev.new_key(&[]);
    let printed = tried(&dev, &value, &["--output", "json"]);
    let told: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(printed.status, 1);
    assert_eq!(
        (&told["reason"], &told["keyId"]),
        (&json!("no_usage_plan"), &json!(id))
    );
}

#[test]
fn where_nobody_answers_it_is_said_how_to_start_it() {
    let dev = Dev::start(&["--in-memory"]);
    let mut command = latchkey(&dev, &["try", "-", "GET", "/x"]);
    command.env("LATCHKEY_URL", "http://127.0.0.1:9/admin");
    let printed = run(command, "k");
    assert_eq!(printed.status, 3, "{printed:?}");
    assert!(printed.err.contains("latchkey dev"), "{printed:?}");
}
