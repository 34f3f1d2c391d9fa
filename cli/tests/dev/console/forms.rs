//! What forms do, and that a value is shown once.

use std::io::Read as _;

use serde_json::{Value, json};

use super::{Console, FORM, coded, form_of};
use crate::support::Dev;

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
