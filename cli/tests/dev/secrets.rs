//! A key's value is on the terminal once and nowhere else.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use crate::support::{Dev, Scratch, Signal, command};

/// Whether `value`, or enough of its secret to be of use, stands in `bytes`, as it is or as
/// `Basic` carries it.
fn holds(bytes: &[u8], value: &str) -> bool {
    let secret = &value[value.len() - 38..value.len() - 8];
    let coded = BASE64_STANDARD.encode(&value[..value.len() / 3 * 3]);
    let coded = &coded[coded.len() - 36..];
    [secret, coded].iter().any(|secret| {
        bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
    })
}

#[test]
fn it_is_in_no_file_and_in_no_line_at_the_finest_level() {
    let scratch = Scratch::new();
    let folder = scratch.path().join("data");
    let mut command = command(&["--data", folder.to_str().unwrap()]);
    let sources = "header:x-api-key,bearer,basic,query:key,websocket-protocol:key.";
    command
        .env("LOG_LEVEL", "trace")
        .env("RUST_LOG", "trace")
        .env("KEY_SOURCES", sources);
    let dev = Dev::start_with(command);
    let (_, own) = dev.new_key(&["demo"]);
    let custom = "a-custom-value-0123456789-abcdefghijklmnopqrstuvwxyz";
    dev.admin(
        "POST",
        "/v1/keys",
        &json!({"name": "Custom", "value": custom, "planIds": ["demo"]}),
    );
    let values = [dev.demo_key(), dev.limited_key(), &own, custom].map(str::to_owned);
    for value in &values {
        let bearer = format!("Bearer {value}");
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{value}:")));
        let protocols = format!("chat.v2, key.{value}");
        let query = format!("/demo-rest/x?key={value}");
        let wrong = format!("{}x", &value[..value.len() - 1]);
        for (path, headers) in [
            ("/demo/x", [("x-api-key", value.as_str())]),
            ("/demo-rest/x", [("x-api-key", value)]),
            ("/demo-rest/x", [("authorization", &bearer)]),
            ("/demo-rest/x", [("authorization", &basic)]),
            ("/demo-rest/x", [("sec-websocket-protocol", &protocols)]),
            (&query, [("accept", "*/*")]),
            ("/demo-rest/x", [("cookie", value)]),
            ("/demo/x", [("x-api-key", &wrong)]),
            (&query, [("x-api-key", &wrong)]),
            ("/admin/v1/keys", [("x-api-key", value)]),
            ("/", [("x-api-key", value)]),
        ] {
            dev.get(path, &headers);
        }
        let verify = json!({"value": value, "apiId": "demohttp", "stage": "$default", "method": "GET", "path": "/x"});
        dev.send(
            "POST",
            "/admin/v1/verify",
            &[("content-type", "application/json")],
            &verify.to_string(),
        );
        let page = dev.get("/verify", &[]);
        let csrf = page.body.split(r#"name="csrf" value=""#).nth(1).unwrap();
        let csrf = &csrf[..csrf.find('"').unwrap()];
        let cookie = page.header("set-cookie").unwrap();
        let form = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookie),
        ];
        for (path, body) in [
            (
                "/verify",
                format!(
                    "csrf={csrf}&%2Fvalue={value}&%2FapiId=demohttp&%2Fstage=%24default&%2Fmethod=GET&%2Fpath=%2Fx"
                ),
            ),
            (
                "/keys",
                format!("csrf={csrf}&once=1&%2Fvalue={value}&%2FplanIds=none"),
            ),
            (
                "/import",
                format!("csrf={csrf}&once=1&mode=look&%2Ftable=Name%2Ckey%0AX%2C{value}"),
            ),
        ] {
            let answer = dev.send("POST", path, &form, &body);
            assert!(
                [200, 400, 409, 422].contains(&answer.status),
                "{path}: {}",
                answer.status
            );
            assert!(!holds(answer.body.as_bytes(), value), "{path}");
        }
        dev.send(
            "POST",
            "/admin/v1/keys",
            &[("content-type", "application/json")],
            &json!({"value": value, "no": 1}).to_string(),
        );
    }
    let mut files = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            values.iter().all(|value| !holds(&bytes, value)),
            "{}",
            path.display()
        );
        files += 1;
    }
    assert!(files >= 2, "the database was looked at");
    dev.signal(Signal::TERM);
    let announced = dev.announcement().to_owned();
    let (_, rest, log) = dev.ended();
    assert!(
        log.matches("decision").count() > 20,
        "the log was looked at"
    );
    for value in &values {
        assert!(!holds(log.as_bytes(), value) && !holds(rest.as_bytes(), value));
    }
    assert!(holds(announced.as_bytes(), &values[0]) && !holds(announced.as_bytes(), &own));
}
