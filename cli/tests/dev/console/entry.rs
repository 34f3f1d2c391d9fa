//! Who gets in: the token, the names, the origins.

use serde_json::Value;

use super::{Console, FORM, coded, form_of};
use crate::support::Dev;

#[test]
fn only_the_address_that_was_printed_opens_it() {
    let dev = Dev::start(&["--in-memory"]);
    let console = Console::start(&dev);
    let cookie = console.cookie();
    let (name, value) = cookie.split_once('=').unwrap();
    let wrong = format!("{name}={}", value.replace(['0', '1', '2'], "3"));
    for (path, cookie) in [
        ("/", ""),
        ("/keys", ""),
        ("/keys", wrong.as_str()),
        ("/nothing-here", ""),
        ("/?token=", cookie.as_str()),
        ("/?token=0123456789abcdef", ""),
    ] {
        let answer = console.get(path, cookie);
        assert_eq!(answer.status, 403, "{path} {cookie}");
        assert!(answer.body.contains("token") && answer.body.lines().count() == 1);
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    for path in [
        "/",
        "/plans",
        "/plans/demo",
        "/plans/demo/edit",
        "/plans/demo/delete",
        "/new-plan",
        "/keys",
        "/new-key",
        "/verify",
        "/import",
        "/audit",
    ] {
        let page = console.get(path, &cookie);
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.body.matches("<h1>").count(), 1, "{path}");
        assert!(!page.body.contains(&console.token) && !page.body.contains(value));
        assert!(!page.body.contains("style="), "{path}");
    }
    assert_eq!(console.get("/plans/none", &cookie).status, 404);
    assert_eq!(console.get("/nothing-here", &cookie).status, 404);
}

#[test]
fn names_that_only_lead_here_and_pages_of_other_origins_are_refused() {
    let dev = Dev::start(&["--in-memory"]);
    let console = Console::start(&dev);
    let cookie = console.cookie();
    let port = console.base.rsplit_once(':').unwrap().1;
    for host in [
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1:1".to_owned(),
        "localhost".to_owned(),
        format!("[::1]:{port}"),
    ] {
        let answer = console.send("GET", "/", &[("cookie", &cookie), ("host", &host)], "");
        assert_eq!(answer.status, 403, "{host}");
    }
    let host = format!("localhost:{port}");
    let answer = console.send("GET", "/", &[("cookie", &cookie), ("host", &host)], "");
    assert_eq!(answer.status, 200);
    let form = coded(&form_of(&console.get("/new-plan", &cookie).body));
    let body = format!("{form}&{}", "%2Fname=Sent+from+elsewhere");
    let own = console.base.clone();
    let other = format!("http://127.0.0.1:{}", port.parse::<u32>().unwrap() ^ 1);
    for (origin, body) in [
        ("http://evil.example", body.as_str()),
        ("null", &body),
        (&other, &body),
        (&own, "%2Fname=Without+the+form%27s+token"),
        (&own, &body.replace("csrf=", "csrf=0")),
        (&own, &body.replace("csrf=", "csrf=&other=")),
    ] {
        let headers = [("cookie", cookie.as_str()), ("origin", origin), FORM];
        let answer = console.send("POST", "/plans", &headers, body);
        assert_eq!(answer.status, 403, "{origin} {body}");
    }
    let plans = dev.admin("GET", "/v1/plans", &Value::Null);
    assert_eq!(
        plans["items"].as_array().unwrap().len(),
        2,
        "nothing was made: {plans}"
    );
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str()), FORM];
    assert_eq!(console.send("POST", "/plans", &headers, &body).status, 303);
    let without_cookie = [("origin", own.as_str()), FORM];
    assert_eq!(
        console
            .send("POST", "/plans", &without_cookie, &body)
            .status,
        403
    );
}
