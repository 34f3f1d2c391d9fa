//! The admin API under `/admin`, as a deployed one behaves behind API Gateway.

use serde_json::{Value, json};

use crate::support::Dev;

#[test]
fn it_is_served_without_its_stage() {
    let dev = Dev::start(&["--in-memory"]);
    assert_eq!(
        dev.get("/admin/health", &[]).json(),
        json!({"status": "ok"})
    );
    let plans = dev.admin("GET", "/v1/plans?limit=1", &Value::Null);
    assert_eq!(plans["items"][0]["id"], "demo");
    assert!(plans["cursor"].is_string(), "the query arrives: {plans}");
    let problem = dev.get("/admin/v1/plans/none", &[]);
    assert_eq!(problem.status, 404);
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    for nothing in [
        "/admin",
        "/admin/",
        "/admin/admin/health",
        "/admin/v1",
        "/adminx",
    ] {
        assert_eq!(dev.get(nothing, &[]).status, 404, "{nothing}");
    }
}

#[test]
fn the_type_of_a_problem_is_an_address_under_the_same_host() {
    let dev = Dev::start(&["--in-memory"]);
    let problem = dev.get("/admin/v1/plans/none", &[]).json();
    let page = problem["type"].as_str().unwrap();
    for base in ["", "/admin"] {
        let page = dev.get(&format!("{base}{page}"), &[]);
        assert_eq!(page.status, 200, "{base}");
        assert!(
            page.body.contains("<h1>Unknown usage plan</h1>"),
            "{page:?}"
        );
    }
    assert_eq!(dev.get("/problemsx", &[]).status, 404);
}

#[test]
fn a_key_that_is_made_works_on_the_first_call_and_its_use_is_seen_at_once() {
    let dev = Dev::start(&["--in-memory"]);
    let (id, value) = dev.new_key(&["demo"]);
    assert_eq!(dev.get_with("/demo/x", &value).status, 200);
    assert_eq!(dev.get_with("/demo-rest/x", &value).status, 200);
    let usage = dev.admin("GET", &format!("/v1/keys/{id}/usage"), &Value::Null);
    assert_eq!(usage["values"]["demo"], json!([[2, 999_998]]));
}

#[test]
fn it_is_closed_to_pages_of_other_origins_and_to_names_that_only_lead_here() {
    let dev = Dev::start(&["--in-memory"]);
    let host = dev.host();
    let own = format!("http://{host}");
    for origin in [
        "http://evil.example",
        "null",
        "https://127.0.0.1",
        &own.replace("127.0.0.1", "localhost"),
    ] {
        assert_eq!(
            dev.get("/admin/health", &[("origin", origin)]).status,
            403,
            "{origin}"
        );
    }
    assert_eq!(dev.get("/admin/health", &[("origin", &own)]).status, 200);
    let port = host.split_once(':').unwrap().1;
    for name in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "[::1]",
    ] {
        for path in ["/admin/health", "/admin/v1/keys", "/"] {
            let answer = dev.get(path, &[("host", &format!("{name}:{port}"))]);
            assert_eq!(answer.status, 403, "{name}{path}");
            assert!(!answer.body.contains("lk_demo_"));
        }
    }
    for name in ["localhost", "LOCALHOST", "127.0.0.1"] {
        assert_eq!(
            dev.get("/admin/health", &[("host", &format!("{name}:{port}"))])
                .status,
            200,
            "{name}"
        );
    }
}

#[test]
fn a_body_over_api_gateway_s_quota_is_refused() {
    let dev = Dev::start(&["--in-memory"]);
    let headers = [("content-type", "application/json")];
    let answer = dev.send(
        "POST",
        "/admin/v1/keys",
        &headers,
        &"x".repeat(10 * 1024 * 1024 + 1),
    );
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (413, r#"{"message":"Request Too Long"}"#)
    );
    assert_eq!(dev.get("/admin/health", &[]).status, 200);
}
