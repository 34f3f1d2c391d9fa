//! `latchkey console` before the admin API of a `latchkey dev`: who gets in, and what is kept.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Child,
};

use serde_json::{Value, json};
use ureq::http::Request;

use crate::{
    support::{Answer, Dev},
    typed::latchkey,
};

/// A running `latchkey console`. It ends with the value.
struct Console {
    child: Child,
    base: String,
    token: String,
    agent: ureq::Agent,
}

impl Console {
    fn start(dev: &Dev) -> Self {
        let mut command = latchkey(dev, &["console"]);
        let mut child = command.env("RUST_LOG", "trace").spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("token=") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "it did not start");
        }
        let (base, token) = line.trim().split_once("/?token=").unwrap();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            base: base.to_owned(),
            token: token.to_owned(),
            child,
            agent: config.into(),
        }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self
            .agent
            .run(request.body(body.to_owned()).unwrap())
            .unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_string().unwrap(),
        }
    }

    /// What the address that was printed sets.
    fn cookie(&self) -> String {
        let answer = self.send("GET", &format!("/?token={}", self.token), &[], "");
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
        let cookie = answer.header("set-cookie").unwrap();
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        assert!(
            !cookie.contains(&self.token),
            "it is derived from the token"
        );
        cookie.split(';').next().unwrap().to_owned()
    }

    fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie)], "")
    }

    /// Fills in the form of `page` and sends it to `path`.
    fn post(&self, cookie: &str, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(page, cookie).body;
        let mut form = form_of(&page);
        form.extend(
            fields
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
        );
        self.send("POST", path, &[("cookie", cookie), FORM], &coded(&form))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// What a page's forms carry unseen.
fn form_of(page: &str) -> Vec<(String, String)> {
    let of = |name: &str| {
        let start = page.find(&format!(r#"name="{name}" value=""#))? + name.len() + 15;
        let value = &page[start..];
        let value = value[..value.find('"')?].replace("&#34;", "\"");
        Some((name.to_owned(), value))
    };
    ["csrf", "once"].into_iter().filter_map(of).collect()
}

fn coded(fields: &[(String, String)]) -> String {
    let mut coded = form_urlencoded::Serializer::new(String::new());
    coded.extend_pairs(fields);
    coded.finish()
}

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

#[test]
fn a_value_is_shown_once_and_the_same_form_makes_one_key() {
    let dev = Dev::start(&["--in-memory"]);
    let mut console = Console::start(&dev);
    let cookie = console.cookie();
    let page = console.get("/new-key", &cookie).body;
    let mut form = form_of(&page);
    form.extend(
        [("/name", "Acme"), ("/planIds", "demo")]
            .map(|(name, text)| (name.to_owned(), text.to_owned())),
    );
    let send = || console.send("POST", "/keys", &[("cookie", &cookie), FORM], &coded(&form));
    let (made, again) = (send(), send());
    assert_eq!((made.status, again.status), (201, 201));
    let value = |page: &str| {
        let start = page.find(r#"<code id="value">"#).unwrap() + 17;
        page[start..start + page[start..].find('<').unwrap()].to_owned()
    };
    let shown = value(&made.body);
    assert_eq!(value(&again.body), shown, "sent twice, it is made once");
    assert_eq!(made.header("cache-control"), Some("no-store"));
    assert_eq!(dev.get_with("/demo/x", &shown).status, 200);
    let keys = dev.admin("GET", "/v1/keys?name=Acme", &Value::Null);
    let id = keys["items"][0]["id"].as_str().unwrap();
    let key_page = format!("/keys/{id}");
    let rotated = console.post(
        &cookie,
        &key_page,
        &format!("{key_page}/rotate"),
        &[("grace", "3600")],
    );
    let new = value(&rotated.body);
    assert_ne!(new, shown);
    let call = [
        ("/value", new.as_str()),
        ("/apiId", "demohttp"),
        ("/stage", "$default"),
        ("/method", "GET"),
        ("/path", "/x"),
    ];
    let verified = console.post(&cookie, "/verify", "/verify", &call);
    assert!(verified.body.contains("It would pass"), "{}", verified.body);
    let mut refused = call;
    refused[3] = ("/method", "get it");
    let refused = console.post(&cookie, "/verify", "/verify", &refused);
    assert_eq!(refused.status, 400);
    assert!(
        refused.body.contains(r#"value="demohttp""#),
        "what was typed is kept"
    );
    let own = "a-value-of-my-own-0123456789";
    let wrong = [("/name", "Kept"), ("/value", own), ("/planIds", "none")];
    let wrong = console.post(&cookie, "/new-key", "/keys", &wrong);
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains(r#"value="Kept""#) && wrong.body.contains(r#"class="error""#));
    let table = format!("Name,key\nX,{own}\nY,short\n");
    let table = console.post(
        &cookie,
        "/import",
        "/import",
        &[("/table", &table), ("mode", "all")],
    );
    assert!(table.body.contains("Nothing was written"), "{}", table.body);
    for page in [
        &verified,
        &refused,
        &wrong,
        &table,
        &console.get(&key_page, &cookie),
    ] {
        for value in [shown.as_str(), &new, own] {
            assert!(!page.body.contains(value), "{}", page.body);
        }
    }
    console.child.kill().unwrap();
    let mut log = String::new();
    console
        .child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert_eq!(log, "", "nothing is logged, so no value and no token");
}

#[test]
fn a_key_goes_through_its_life_by_forms_alone() {
    let dev = Dev::start(&["--in-memory"]);
    let console = Console::start(&dev);
    let cookie = console.cookie();
    let post = |page: &str, path: &str, fields: &[(&str, &str)]| {
        let answer = console.post(&cookie, page, path, fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        answer.header("location").unwrap().to_owned()
    };
    let plan = [
        ("/id", "gold"),
        ("/name", "Gold"),
        ("/quota/limit", "1,000"),
        ("/quota/period", "DAY"),
        ("/throttle/rateLimit", "2.5"),
        ("/throttle/burstLimit", ""),
        ("/scope", "key"),
        ("/enforcement", "dynamodb"),
        (
            "/apiStages",
            "other:prod\n  /reports/{name}/GET rate=1 burst=10 units=5",
        ),
    ];
    assert_eq!(
        post("/new-plan", "/plans", &plan),
        "/plans/gold?done=created"
    );
    let twice = console.post(&cookie, "/new-plan", "/plans", &plan);
    assert!(
        twice.body.contains("There is a plan with this id."),
        "{}",
        twice.body
    );
    let edited = [
        ("/name", "Golden"),
        ("/quota/limit", ""),
        ("/quota/period", "DAY"),
        ("/scope", "key"),
        ("/enforcement", "dynamodb"),
        ("/apiStages", "other:prod"),
    ];
    post("/plans/gold/edit", "/plans/gold/edit", &edited);
    let plan = dev.admin("GET", "/v1/plans/gold", &Value::Null);
    assert_eq!(
        (&plan["name"], &plan["quota"], &plan["throttle"]),
        (&json!("Golden"), &Value::Null, &Value::Null)
    );
    let (id, _) = dev.new_key(&["demo-limited"]);
    let page = format!("/keys/{id}");
    let to = |what: &str| format!("{page}/{what}");
    assert_eq!(
        post(
            &page,
            &to("grant"),
            &[("plan", "demo-limited"), ("remaining", "1")]
        ),
        format!("{page}?done=granted")
    );
    post(&page, &to("attach"), &[("plan", "gold")]);
    post(&page, &to("detach"), &[("plan", "gold")]);
    post(
        &page,
        &to("move"),
        &[("from", "demo-limited"), ("to", "gold")],
    );
    post(&page, &to("switch"), &[("enabled", "false")]);
    let rules = [
        ("/name", "Test"),
        ("/expiresAt", "2099-01-31"),
        ("/allowedIps", "10.0.0.0/8"),
        ("/routes", "GET /x\r\nPOST /y"),
    ];
    post(&to("edit"), &to("edit"), &rules);
    let key = dev.admin("GET", &format!("/v1/keys/{id}"), &Value::Null);
    assert_eq!(key["planIds"], json!(["gold"]));
    assert_eq!(key["enabled"], json!(false));
    assert_eq!(key["expiresAt"], json!("2099-01-31T00:00:00Z"));
    assert_eq!(key["routes"], json!(["GET /x", "POST /y"]));
    let taken = console.post(&cookie, &page, &to("attach"), &[("plan", "none")]);
    assert_eq!(taken.status, 404);
    assert!(
        taken.body.contains("<h1>Test</h1>")
            && taken.body.contains(r#"class="note bad" role="alert""#)
    );
    let stale = console.get(&to("edit"), &cookie).body;
    dev.admin(
        "PATCH",
        &format!("/v1/keys/{id}"),
        &json!({"name": "Changed meanwhile"}),
    );
    let mut form = form_of(&stale);
    form.push(("/name".to_owned(), "Mine".to_owned()));
    let lost = console.send(
        "POST",
        &to("edit"),
        &[("cookie", &cookie), FORM],
        &coded(&form),
    );
    assert_eq!(lost.status, 412);
    assert!(
        lost.body.contains(r#"value="Mine""#),
        "what was typed is kept"
    );
    let audit = console.get(&format!("/audit?keyId={id}"), &cookie).body;
    for shown in [
        "key.move",
        "key.create",
        "<del>true</del>",
        "<ins>false</ins>",
    ] {
        assert!(audit.contains(shown), "{shown}");
    }
    assert!(
        console
            .get(&to("delete"), &cookie)
            .body
            .contains("It cannot be undone")
    );
    assert_eq!(
        post(&to("delete"), &to("delete"), &[]),
        "/keys?done=deleted"
    );
    post("/plans/gold/delete", "/plans/gold/delete", &[]);
    assert_eq!(console.get(&page, &cookie).status, 404);
    assert_eq!(console.get("/plans/gold", &cookie).status, 404);
}

#[test]
fn a_table_that_is_uploaded_is_looked_at_and_then_written() {
    let dev = Dev::start(&["--in-memory"]);
    let console = Console::start(&dev);
    let cookie = console.cookie();
    let send = |mode: &str| {
        let mut fields = form_of(&console.get("/import", &cookie).body);
        fields.push(("mode".to_owned(), mode.to_owned()));
        let mut body = String::new();
        for (name, text) in fields {
            body += &format!(
                "--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
            );
        }
        body += "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"k.csv\"\r\ncontent-type: text/csv\r\n\r\nName,usageplanIds\nFrom a file,demo\n\r\n--b--\r\n";
        let headers = [
            ("cookie", cookie.as_str()),
            ("content-type", "multipart/form-data; boundary=b"),
        ];
        console.send("POST", "/import", &headers, &body)
    };
    assert!(
        send("look")
            .body
            .contains("1 row looked at, nothing written: 1 would be written")
    );
    let written = send("all").body;
    assert!(
        written.contains("1 row: 1 made") && written.contains("lk_live_"),
        "{written}"
    );
    let keys = dev.admin("GET", "/v1/keys?name=From%20a%20file", &Value::Null);
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
}
