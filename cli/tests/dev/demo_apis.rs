//! Every row of the demo's contract: statuses, bodies, headers, refusals included.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::support::{Answer, Dev, Signal};

const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;
const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;
/// In the form of a key value, with a right check, but nobody's.
const UNKNOWN: &str = "a-custom-value-that-nobody-has";

fn assert_refused(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, body));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn a_call_with_the_key_reaches_the_backend_with_its_context() {
    let dev = Dev::start(&["--in-memory"]);
    let key_id = format!("key_{}", &dev.demo_key()["lk_demo_".len()..][..16]);
    let context = |left: &str| {
        json!({
            "keyId": key_id,
            "keyName": "Demo key",
            "planId": "demo",
            "quotaLimit": "1000000",
            "quotaRemaining": left,
        })
    };
    let http = dev.get_with("/demo/orders/a%20b?c=d", dev.demo_key());
    assert_eq!(http.status, 200);
    assert_eq!(
        http.json(),
        json!({"method": "GET", "path": "/orders/a b", "context": context("999999")})
    );
    let rest = dev.send(
        "POST",
        "/demo-rest/orders/a%20b?c=d",
        &[("x-api-key", dev.demo_key())],
        "body",
    );
    assert_eq!(rest.status, 200);
    let mut expected = context("999998");
    expected["principalId"] = json!(key_id);
    assert_eq!(
        rest.json(),
        json!({"method": "POST", "path": "/orders/a%20b", "context": expected})
    );
}

#[test]
fn any_method_and_path_is_served() {
    let dev = Dev::start(&["--in-memory"]);
    for prefix in ["/demo", "/demo-rest"] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let headers = [("x-api-key", dev.demo_key())];
            let answer = dev.send(method, &format!("{prefix}/a/b/c"), &headers, "");
            assert_eq!(answer.status, 200, "{method} {prefix}");
        }
        for (path, seen) in [
            ("", "/"),
            ("/", "/"),
            ("/a/", "/a/"),
            ("/a//b", "/a//b"),
            ("/ä", "/ä"),
        ] {
            let answer = dev.get_with(&format!("{prefix}{path}"), dev.demo_key());
            assert_eq!(
                (answer.status, &answer.json()["path"]),
                (200, &json!(seen)),
                "{prefix}{path}"
            );
        }
    }
    assert_eq!(dev.get_with("/demos/x", dev.demo_key()).status, 404);
}

#[test]
fn an_http_api_refuses_without_its_identity_source_and_is_not_asked() {
    let dev = Dev::start(&["--in-memory"]);
    let bearer = format!("Bearer {}", dev.demo_key());
    for headers in [
        &[][..],
        &[("x-api-key", "")],
        &[("authorization", bearer.as_str())],
    ] {
        let answer = dev.get("/demo/orders/42", headers);
        assert_refused(&answer, 401, UNAUTHORIZED);
    }
    dev.signal(Signal::TERM);
    let (_, _, log) = dev.ended();
    assert_eq!(
        log.matches("without asking the authorizer").count(),
        3,
        "{log}"
    );
    assert_eq!(
        log.matches("kind=").count(),
        0,
        "no decision was asked for: {log}"
    );
}

#[test]
fn an_http_api_says_forbidden_for_every_other_refusal_and_the_log_says_why() {
    let dev = Dev::start(&["--in-memory"]);
    let disabled = disabled_key(&dev);
    let expired = expired_key(&dev);
    let elsewhere = key_of_another_stage(&dev);
    for call in 0..2 {
        assert_eq!(
            dev.get_with("/demo/x", dev.limited_key()).status,
            200,
            "{call}"
        );
    }
    let cases = [
        ("malformed_key", "lk_demo_made_up"),
        ("unknown_key", UNKNOWN),
        ("key_disabled", &disabled),
        ("key_expired", &expired),
        ("no_usage_plan", &elsewhere),
        ("quota_exceeded", dev.limited_key()),
    ];
    for (reason, key) in cases {
        let answer = dev.get_with("/demo/orders/42", key);
        assert_refused(&answer, 403, FORBIDDEN);
        assert_eq!(answer.header("retry-after"), None, "{reason}");
    }
    dev.signal(Signal::TERM);
    let (_, _, log) = dev.ended();
    for (reason, _) in [
        ("malformed_key", ""),
        ("unknown_key", ""),
        ("key_disabled", ""),
        ("key_expired", ""),
        ("no_usage_plan", ""),
        ("quota_exceeded", ""),
    ] {
        assert_eq!(
            log.matches(&format!("reason=\"{reason}\"")).count(),
            1,
            "{reason}: {log}"
        );
    }
}

#[test]
fn a_rest_api_says_401_and_for_limits_429_with_the_reason_and_when_to_come_back() {
    let dev = Dev::start(&["--in-memory"]);
    let keys = [
        "lk_demo_made_up".to_owned(),
        UNKNOWN.to_owned(),
        disabled_key(&dev),
        expired_key(&dev),
        key_of_another_stage(&dev),
    ];
    assert_refused(&dev.get("/demo-rest/orders/42", &[]), 401, UNAUTHORIZED);
    for key in &keys {
        let answer = dev.get_with("/demo-rest/orders/42", key);
        assert_refused(&answer, 401, UNAUTHORIZED);
        assert_cors(&answer);
    }
    let bearer = format!("bearer   {}", dev.demo_key());
    let answer = dev.get("/demo-rest/orders/42", &[("authorization", &bearer)]);
    assert_eq!(
        answer.status, 200,
        "a Bearer key is one of the default sources"
    );

    let statuses = [(); 3].map(|()| dev.get_with("/demo-rest/orders/42", dev.limited_key()));
    assert_eq!(
        statuses.each_ref().map(|answer| answer.status),
        [200, 200, 429]
    );
    let [_, last, refused] = statuses;
    assert_eq!(last.json()["context"]["quotaRemaining"], "0");
    assert_refused(
        &refused,
        429,
        r#"{"message":"Too Many Requests","reason":"quota_exceeded"}"#,
    );
    assert_cors(&refused);
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&seconds), "{seconds}");
}

#[test]
fn a_throttle_says_when_to_come_back() {
    let dev = Dev::start(&["--in-memory"]);
    let plan = dev.admin(
        "POST",
        "/v1/plans",
        &json!({
            "name": "Slow",
            "throttle": {"rateLimit": 0.01, "burstLimit": 1},
            "apiStages": [{"apiId": "demorest", "stage": "dev"}],
        }),
    );
    let (_, key) = dev.new_key(&[plan["id"].as_str().unwrap()]);
    assert_eq!(dev.get_with("/demo-rest/x", &key).status, 200);
    let refused = dev.get_with("/demo-rest/x", &key);
    assert_refused(
        &refused,
        429,
        r#"{"message":"Too Many Requests","reason":"throttled"}"#,
    );
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((90..=100).contains(&seconds), "{seconds}");
}

#[test]
fn with_deny_for_all_a_known_key_is_told_why() {
    let dev = Dev::with_settings(&[("DENY_FOR", "all")]);
    let denied = |reason: &str| format!(r#"{{"message":"Forbidden","reason":"{reason}"}}"#);
    assert_refused(&dev.get("/demo-rest/x", &[]), 401, UNAUTHORIZED);
    assert_refused(&dev.get_with("/demo-rest/x", UNKNOWN), 401, UNAUTHORIZED);
    let disabled = disabled_key(&dev);
    let answer = dev.get_with("/demo-rest/x", &disabled);
    assert_refused(&answer, 403, &denied("key_disabled"));
    assert_cors(&answer);
    for _ in 0..2 {
        assert_eq!(dev.get_with("/demo-rest/x", dev.limited_key()).status, 200);
    }
    let answer = dev.get_with("/demo-rest/x", dev.limited_key());
    assert_refused(&answer, 403, &denied("quota_exceeded"));
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn other_settings_are_honoured_too() {
    let dev = Dev::with_settings(&[
        ("HTTP_RESPONSE", "simple"),
        ("KEY_SOURCES", "header:x-secret"),
    ]);
    let key = dev.demo_key();
    assert_eq!(dev.get("/demo-rest/x", &[("x-secret", key)]).status, 200);
    assert_eq!(dev.get("/demo-rest/x", &[("x-api-key", key)]).status, 401);
    let both = [
        ("x-secret", key),
        ("x-api-key", "there so that the authorizer is asked"),
    ];
    assert_eq!(dev.get("/demo/x", &both).status, 200);
    assert_eq!(dev.get("/demo/x", &both[1..]).status, 403);
}

#[test]
fn a_key_is_found_in_the_sources_that_are_opted_into() {
    let dev = Dev::with_settings(&[("KEY_SOURCES", "basic,query:key,websocket-protocol:key.")]);
    let key = dev.demo_key();
    let coded: String = key.bytes().map(|b| format!("%{b:02X}")).collect();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{key}:")));
    let protocols = format!("chat.v2, key.{key}");
    let in_protocol = ("sec-websocket-protocol", protocols.as_str());
    // The identity source of the HTTP API must be there; it is no source of keys now.
    let asked = ("x-api-key", UNKNOWN);
    for (prefix, refused) in [("/demo", 403), ("/demo-rest", 401)] {
        let get = |query: &str, header| {
            dev.get(&format!("{prefix}/x{query}"), &[asked, header])
                .status
        };
        let none = ("accept", "*/*");
        assert_eq!(get("", none), refused, "{prefix}");
        assert_eq!(get("", ("authorization", &basic)), 200, "{prefix}");
        assert_eq!(get("", in_protocol), 200, "{prefix}");
        assert_eq!(get(&format!("?key={key}"), none), 200, "{prefix}");
        assert_eq!(get(&format!("?a=b&key={coded}"), none), 200, "{prefix}");
        let twice = format!("?key={key}&key={UNKNOWN}");
        assert_eq!(get(&twice, none), refused, "{prefix}");
    }
}

#[test]
fn a_disabled_key_works_no_longer_than_it_is_cached() {
    let dev = Dev::with_settings(&[("KEY_CACHE_SECONDS", "0")]);
    let (id, key) = dev.new_key(&["demo"]);
    assert_eq!(dev.get_with("/demo-rest/x", &key).status, 200);
    dev.admin(
        "PATCH",
        &format!("/v1/keys/{id}"),
        &json!({"enabled": false}),
    );
    assert_eq!(dev.get_with("/demo-rest/x", &key).status, 401);
    dev.admin(
        "PATCH",
        &format!("/v1/keys/{id}"),
        &json!({"enabled": true}),
    );
    assert_eq!(dev.get_with("/demo-rest/x", &key).status, 200);
}

#[test]
fn a_header_sent_twice_counts_only_if_it_says_the_same() {
    let dev = Dev::start(&["--in-memory"]);
    let key = dev.demo_key();
    for (prefix, refused) in [("/demo", 403), ("/demo-rest", 401)] {
        let path = format!("{prefix}/x");
        assert_eq!(
            dev.get(&path, &[("x-api-key", key), ("x-api-key", key)])
                .status,
            200,
            "{prefix}"
        );
        assert_eq!(
            dev.get(&path, &[("x-api-key", UNKNOWN), ("x-api-key", key)])
                .status,
            refused,
            "{prefix}"
        );
    }
}

#[test]
fn forwarded_addresses_are_not_believed() {
    let dev = Dev::start(&["--in-memory"]);
    let key = |network: &str| {
        let body = json!({"name": "Bound", "planIds": ["demo"], "allowedIps": [network]});
        dev.admin("POST", "/v1/keys", &body)["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (here, elsewhere) = (key("127.0.0.0/8"), key("192.0.2.0/24"));
    let forwarded = ("x-forwarded-for", "192.0.2.1");
    for (prefix, refused) in [("/demo/x", 403), ("/demo-rest/x", 401)] {
        assert_eq!(
            dev.get(prefix, &[("x-api-key", &here), forwarded]).status,
            200
        );
        assert_eq!(
            dev.get(prefix, &[("x-api-key", &elsewhere), forwarded])
                .status,
            refused
        );
    }
}

#[test]
fn preflights_and_open_methods_need_no_key() {
    let dev = Dev::start(&["--in-memory"]);
    for prefix in ["/demo", "/demo-rest"] {
        for path in ["/orders/42", "/open/hello", "/"] {
            let origin = [
                ("origin", "https://app.example"),
                ("access-control-request-method", "GET"),
            ];
            let preflight = dev.send("OPTIONS", &format!("{prefix}{path}"), &origin, "");
            assert_eq!(
                (preflight.status, preflight.body.as_str()),
                (204, ""),
                "{prefix}{path}"
            );
            assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
            let allowed = preflight
                .header("access-control-allow-headers")
                .unwrap()
                .to_ascii_lowercase();
            assert!(allowed.contains("x-api-key") && allowed.contains("authorization"));
            assert!(
                preflight
                    .header("access-control-allow-methods")
                    .unwrap()
                    .contains("GET")
            );
        }
        for headers in [&[][..], &[("x-api-key", "whatever")]] {
            let open = dev.get(&format!("{prefix}/open/hello"), headers);
            assert_eq!(open.status, 200);
            assert_eq!(
                open.json(),
                json!({"method": "GET", "path": "/open/hello", "context": {}})
            );
        }
        let near = dev.get(&format!("{prefix}/opened"), &[]);
        assert_eq!(near.status, 401, "{prefix}");
    }
}

#[test]
fn a_browser_may_read_answers_and_refusals() {
    let dev = Dev::start(&["--in-memory"]);
    let origin = ("origin", "https://app.example");
    for path in ["/demo/x", "/demo-rest/x"] {
        for headers in [
            &[origin][..],
            &[origin, ("x-api-key", dev.demo_key())],
            &[origin, ("x-api-key", UNKNOWN)],
        ] {
            let answer = dev.get(path, headers);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                Some("*"),
                "{path} {answer:?}"
            );
        }
    }
}

#[test]
fn what_is_too_long_costs_one_answer_and_not_the_process() {
    let dev = Dev::start(&["--in-memory"]);
    let long = "x".repeat(9_000);
    for place in ["/demo", "/demo-rest", "/admin", ""] {
        assert_eq!(
            dev.get_with(&format!("{place}/{long}"), dev.demo_key())
                .status,
            414,
            "{place}"
        );
    }
    assert_eq!(dev.get_with("/demo/x", dev.demo_key()).status, 200);
}

fn assert_cors(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("Retry-After")
    );
}

fn made(dev: &Dev, body: &Value) -> String {
    dev.admin("POST", "/v1/keys", body)["value"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn disabled_key(dev: &Dev) -> String {
    made(
        dev,
        &json!({"name": "Off", "planIds": ["demo"], "enabled": false}),
    )
}

fn expired_key(dev: &Dev) -> String {
    made(
        dev,
        &json!({"name": "Old", "planIds": ["demo"], "expiresAt": "2020-01-01T00:00:00Z"}),
    )
}

fn key_of_another_stage(dev: &Dev) -> String {
    let plan = json!({"name": "Elsewhere", "apiStages": [{"apiId": "other", "stage": "prod"}]});
    let plan = dev.admin("POST", "/v1/plans", &plan);
    made(dev, &json!({"name": "Elsewhere", "planIds": [plan["id"]]}))
}
