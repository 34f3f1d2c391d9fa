//! What the commands ask of AWS's JSON services, beside what AWS's models make of it.
//!
//! `aws-requests.json` is checked in: `tests/gateway/check_model.py` makes each of its requests
//! anew from AWS's own service models and compares. `LATCHKEY_WRITE_REQUESTS=1` writes the file.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};

use crate::{
    apply::{FILE, Shop, apply_with, secrets},
    aws_server::Asked,
    support::Dev,
    tail::logs,
    typed::{latchkey, run},
};

#[test]
fn what_is_asked_of_aws_is_what_is_checked_against_its_models() {
    let mut requests = Vec::new();
    requests.extend(of("secretsmanager", of_secrets()));
    requests.extend(of("logs", of_logs()));
    let mut text = serde_json::to_string_pretty(&requests).unwrap();
    text.push('\n');
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dev/aws-requests.json");
    if std::env::var_os("LATCHKEY_WRITE_REQUESTS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        known == text,
        "{} is not what goes out: write it with LATCHKEY_WRITE_REQUESTS=1, then run tests/gateway/run",
        file.display()
    );
}

fn of_secrets() -> Vec<Asked> {
    let shop = Shop::open();
    let aws = secrets(BTreeMap::new());
    let file = FILE.replace("{file: ./acme.key}", "{secret: shop/acme}");
    shop.describe(&file.replace("plans: [gold]", "plans: [gold, {id: demo}]"));
    let refused = apply_with(&shop, &aws);
    assert_eq!(refused.status, 1, "two plans for one stage: {refused:?}");
    shop.describe(&file);
    assert_eq!(apply_with(&shop, &aws).status, 0);
    aws.asked()
}

fn of_logs() -> Vec<Asked> {
    let dev = Dev::start(&["--in-memory"]);
    let aws = logs();
    let mut command = aws.with(latchkey(&dev, &["tail", "--stack", "shop"]));
    command.env_remove("LATCHKEY_URL");
    assert_eq!(run(command, "").status, 0);
    aws.asked()
}

/// Each of its kind once, without what is another each time.
fn of(service: &str, asked: Vec<Asked>) -> Vec<Value> {
    let mut requests = Vec::new();
    for (target, mut body) in asked.into_iter().filter(|(target, _)| !target.is_empty()) {
        for (name, value) in [
            ("ClientRequestToken", json!("0".repeat(32))),
            ("SecretString", json!("a value")),
            ("startTime", json!(0)),
        ] {
            if body.get(name).is_some() {
                body[name] = value;
            }
        }
        let request = json!({"service": service, "target": target, "body": body});
        if !requests.contains(&request) {
            requests.push(request);
        }
    }
    requests
}
