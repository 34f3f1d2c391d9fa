//! The page at `/`: the console, as `latchkey dev` serves it.

use serde_json::json;

use crate::support::Dev;

#[test]
fn it_shows_the_lines_the_decisions_and_what_is_left() {
    let dev = Dev::start(&["--in-memory"]);
    let empty = dev.get("/", &[]);
    assert_eq!(empty.status, 200);
    assert!(empty.body.contains("None yet."));
    for line in dev.lines() {
        let escaped = line
            .replace('&', "&#38;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;");
        assert!(empty.body.contains(&escaped), "{escaped}");
    }
    for _ in 0..3 {
        dev.get_with("/demo-rest/orders/42?secret=1", dev.limited_key());
    }
    dev.get("/demo/orders/7", &[]);
    let page = dev.get("/", &[]).body;
    for shown in [
        "/demo-rest/orders/42",
        "quota_exceeded",
        r#"<span class="badge warn">429</span>"#,
        "missing_key",
        "/demo/orders/7",
        "Demo limited",
        "<b>0</b> of 2 left",
        r#"<dd class="is-good">2</dd>"#,
        r#"<dd class="is-bad">2</dd>"#,
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    assert!(!page.contains("secret=1"), "no query is kept");
}

#[test]
fn it_asks_nothing_of_any_other_host_and_nobody_may_frame_it() {
    let dev = Dev::start(&["--in-memory"]);
    let answer = dev.get("/", &[]);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let own = answer
        .body
        .replace(dev.base(), "")
        .replace("http://www.w3.org/2000/svg", "");
    assert!(!own.contains("http://") && !own.contains("https://") && !own.contains("src="));
    assert_eq!(dev.send("HEAD", "/", &[], "").status, 200);
}

#[test]
fn everything_on_it_is_escaped() {
    let dev = Dev::start(&["--in-memory"]);
    let markup = "<img src=x onerror=alert(1)>\"'&";
    let plan = json!({"name": markup, "description": markup, "apiStages": [{"apiId": "demorest", "stage": "dev"}]});
    let plan = dev.admin("POST", "/v1/plans", &plan);
    let key = json!({"name": markup, "customerId": "<b>\"", "metadata": {"x": markup}, "planIds": [plan["id"]]});
    let key = dev.admin("POST", "/v1/keys", &key);
    let value = key["value"].as_str().unwrap();
    assert_eq!(dev.get_with("/demo-rest/%3Cscript%3E'&", value).status, 200);
    let (plan, key) = (plan["id"].as_str().unwrap(), key["id"].as_str().unwrap());
    for path in [
        "/",
        "/plans",
        &format!("/plans/{plan}"),
        &format!("/plans/{plan}/edit"),
        &format!("/plans/{plan}/delete"),
        "/keys",
        "/new-key",
        &format!("/keys/{key}"),
        &format!("/keys/{key}/edit"),
        &format!("/keys/{key}/delete"),
        "/audit",
        "/keys?namePrefix=%3Cimg+src%3Dx",
    ] {
        let page = dev.get(path, &[]);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("&#60;img src=x"), "{path}");
        assert!(
            !page.body.contains("<img") && !page.body.contains("<b>\""),
            "{path}"
        );
        assert_eq!(page.body.matches("<script>").count(), 1, "{path}");
        assert!(!page.body.contains(value), "{path}");
    }
}
