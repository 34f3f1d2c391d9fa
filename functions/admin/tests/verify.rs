//! Would this call pass, and why not?

use serde_json::{Value, json};

use crate::support::{Admin, Answer, SECOND, assert_answer, stage_json};

async fn verify(admin: &Admin, value: &str, changes: Value) -> Answer {
    let mut call = json!({"value": value, "apiId": "a1", "stage": "prod", "method": "GET", "path": "/orders/1", "sourceIp": "10.1.2.3"});
    for (name, change) in changes.as_object().unwrap() {
        call[name] = change.clone();
    }
    admin.post("/v1/verify", call).await
}

/// The checks that did not pass, each as `name outcome`.
fn open(answer: &Answer) -> Vec<String> {
    let checks = answer.body["checks"].as_array().unwrap().iter();
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    checks
        .filter(|check| check["outcome"] != "pass")
        .map(|check| format!("{} {}", text(check, "name"), text(check, "outcome")))
        .collect()
}

#[tokio::test]
async fn every_check_is_told_and_nothing_is_charged() {
    let admin = Admin::start().await;
    let plan = json!({"name": "P", "throttle": {"rateLimit": 1, "burstLimit": 2}, "quota": {"limit": 3, "period": "DAY"}, "apiStages": [stage_json("a1:prod")]});
    let plan = admin.post("/v1/plans", plan).await.id();
    let (key, value) = admin.key(&[&plan]).await;
    for _ in 0..5 {
        assert_eq!(
            verify(&admin, &value, json!({})).await.body["decision"],
            "allow"
        );
    }
    assert_answer!("verify_allow", verify(&admin, &value, json!({})).await);
    assert_eq!(
        admin.get(&format!("/v1/plans/{plan}/usage")).await.body["values"][&key],
        json!([[0, 3]])
    );
    admin.charge(&key, &plan).await;
    admin.charge(&key, &plan).await;
    assert_answer!("verify_throttled", verify(&admin, &value, json!({})).await);
    admin.pass(SECOND);
    admin.charge(&key, &plan).await;
    assert_answer!(
        "verify_quota_exceeded",
        verify(&admin, &value, json!({})).await
    );
}

#[tokio::test]
async fn a_value_that_cannot_be_one_is_not_looked_for() {
    let admin = Admin::start().await;
    let (_, value) = admin.key(&[]).await;
    let wrong_check = format!(
        "{}{}",
        &value[..value.len() - 1],
        if value.ends_with('x') { "y" } else { "x" }
    );
    for malformed in ["", "short", "with blanks in between it", &wrong_check] {
        let answer = verify(&admin, malformed, json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["reason"]),
            (200, &json!("malformed_key")),
            "{malformed}"
        );
    }
    assert_answer!("verify_malformed", verify(&admin, "short", json!({})).await);
}

#[tokio::test]
async fn a_wrong_secret_looks_like_an_unknown_key() {
    let admin = Admin::start().await;
    let custom = "a-custom-value-of-nobody";
    let unknown = verify(&admin, custom, json!({})).await;
    assert_answer!("verify_unknown", unknown);
    // The id is a real one's, the secret is not.
    let (key, _) = admin.key(&[]).await;
    let forged = latchkey_domain::KeyValue::generate(&Default::default(), &[1; 48]);
    let forged_with_id = forge(&key, forged.expose());
    assert_eq!(
        verify(&admin, &forged_with_id, json!({})).await.body,
        unknown.body
    );
}

/// A value with the id of a real key, another secret and a right check.
fn forge(key: &str, other: &str) -> String {
    let id = key.strip_prefix("key_").unwrap();
    let checked = format!("lk_live_{id}{}", &other[8 + 16..other.len() - 6]);
    // Any base62 digits of 6 that hold: found by trying what the parser takes.
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut number = u64::from(crc32(checked.as_bytes()));
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet[(number % 62) as usize];
        number /= 62;
    }
    let forged = format!("{checked}{}", std::str::from_utf8(&digits).unwrap());
    assert!(latchkey_domain::PresentedKey::parse(&forged).is_ok());
    forged
}

/// CRC-32 (ISO-HDLC), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[tokio::test]
async fn each_reason_is_found() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let made = admin
        .post("/v1/keys", json!({"planIds": [plan], "enabled": false, "notBefore": "2026-11-25T12:00:10Z", "expiresAt": "2026-11-25T12:00:20Z", "allowedIps": ["10.0.0.0/8"]}))
        .await;
    let (path, value) = (format!("/v1/keys/{}", made.id()), made.text("value"));
    let skipped = ["quota_exceeded skipped", "throttled skipped"].map(str::to_owned);
    let expected = |failed: &[&str]| {
        [
            failed
                .iter()
                .map(|name| format!("{name} fail"))
                .collect::<Vec<_>>(),
            skipped.to_vec(),
        ]
        .concat()
    };
    let all = verify(
        &admin,
        &value,
        json!({"sourceIp": "11.0.0.1", "stage": "test"}),
    )
    .await;
    assert_eq!(all.body["reason"], "key_disabled", "the first that fails");
    assert_eq!(
        open(&all),
        expected(&[
            "key_disabled",
            "key_not_yet_valid",
            "ip_not_allowed",
            "no_usage_plan"
        ])
    );
    admin.patch(&path, json!({"enabled": true})).await;
    let cases = [
        (0, json!({}), "key_not_yet_valid"),
        (10, json!({"sourceIp": "11.0.0.1"}), "ip_not_allowed"),
        (0, json!({"sourceIp": null}), "ip_not_allowed"),
        (0, json!({"apiId": "a2"}), "no_usage_plan"),
        (10, json!({}), "key_expired"),
    ];
    for (seconds, changes, reason) in cases {
        admin.pass(seconds * SECOND);
        let answer = verify(&admin, &value, changes).await;
        assert_eq!(answer.body["reason"], reason);
        assert_eq!(open(&answer), expected(&[reason]));
    }
    admin.pass(-SECOND);
    let answer = verify(&admin, &value, json!({})).await;
    assert_eq!(
        (&answer.body["decision"], open(&answer)),
        (&json!("allow"), vec![])
    );
}

#[tokio::test]
async fn a_call_is_described_whole() {
    let admin = Admin::start().await;
    let (_, value) = admin.key(&[]).await;
    let answer = admin.post("/v1/verify", json!({"value": 7, "apiId": 1, "method": "get", "path": "orders?x=1", "sourceIp": "here", "key": "x"})).await;
    assert_answer!("verify_refused", answer);
    for (changes, fault) in [
        (
            json!({"stage": "*"}),
            "/stage: must name one: a call is made to one stage",
        ),
        (
            json!({"stage": "a/b"}),
            "/stage: \"a/b\" is not a stage: the name of a stage, $default, or * for all",
        ),
        (
            json!({"method": ""}),
            "/method: \"\" is not a method: such as GET, in capitals",
        ),
        (json!({"value": null}), "/value: must be a string, not null"),
    ] {
        assert_eq!(verify(&admin, &value, changes).await.faults(), [fault]);
    }
}
