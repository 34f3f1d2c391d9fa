//! Keys as a table, which reads back as the same keys.

use std::collections::BTreeMap;

use http::header::LINK;
use serde_json::{Value, json};

use crate::{
    native_account,
    support::{Admin, Answer, SECOND, stage_json},
};

fn text(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let media_type = answer.headers["content-type"].to_str().unwrap();
    assert_eq!(media_type, "text/csv; charset=utf-8");
    answer.body.as_str().unwrap_or_default()
}

/// The query of the next page.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.headers.get(LINK)?.to_str().unwrap();
    let link = link.strip_prefix("<?").unwrap();
    Some(link.strip_suffix(">; rel=\"next\"").unwrap().to_owned())
}

/// All pages.
async fn pages(admin: &Admin, query: &str) -> Vec<String> {
    let mut pages = Vec::new();
    let mut query = Some(query.to_owned());
    while let Some(asked) = query {
        let answer = admin.get(&format!("/v1/export?{asked}")).await;
        pages.push(text(&answer).to_owned());
        query = next(&answer);
        assert!(pages.len() < 100);
    }
    pages
}

async fn plans(admin: &Admin) {
    for (id, stage) in [("gold", "a1:prod"), ("-reports", "a2:prod")] {
        let body = json!({"name": id, "apiStages": [stage_json(stage)]});
        let put = admin.put_json(&format!("/v1/plans/{id}"), body).await;
        assert_eq!(put.status, 201);
    }
}

struct Values {
    current: Vec<String>,
    /// Those that rotations have replaced and that work for a while yet.
    in_grace: Vec<String>,
}

/// A key with every field, and others with few: their values.
async fn some_keys(admin: &Admin) -> Values {
    let (mut current, mut in_grace) = (Vec::new(), Vec::new());
    for body in [
        json!({
            "name": "=SUM(1)", "description": "a \"quoted\", comma\u{e9}", "enabled": true,
            "planIds": ["gold", "-reports"], "customerId": "@cus_1", "prefix": "acme_live",
            "notBefore": "2026-01-01T00:00:00.5Z", "expiresAt": "2028-01-01T00:00:00Z",
            "allowedIps": ["192.0.2.0/24", "2001:db8::/32"],
            "routes": ["GET /", "* /a,b/*"],
            "metadata": {"tier": "gold, \"old\"", "x": ""},
        }),
        json!({"value": "=an-old-key-of-a-customer", "name": "'=1", "planIds": ["-reports"], "routes": ["GET /"]}),
        json!({"value": "a-key-that-ends-with-=1+1", "enabled": false}),
        json!({}),
    ] {
        let sent = body["value"].clone();
        let answer = admin.post("/v1/keys", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let sent = sent.as_str().map(str::to_owned);
        current.push(sent.unwrap_or_else(|| answer.text("value")));
        admin.pass(SECOND);
    }
    // A custom value and a generated one that are replaced and work for a while yet.
    for name in ["custom", "generated"] {
        let mut body = json!({"name": name, "planIds": ["gold"]});
        if name == "custom" {
            body["value"] = "a-key-that-is-to-be-rotated".into();
        }
        let made = admin.post("/v1/keys", body).await;
        let id = made.id();
        in_grace.push(made.text("value"));
        let grace = json!({"gracePeriodSeconds": 3_600});
        let rotated = admin.post(&format!("/v1/keys/{id}/rotate"), grace).await;
        current.push(rotated.text("value"));
        admin.pass(SECOND);
    }
    Values { current, in_grace }
}

/// The keys as they are told, but for when, and for values in their grace.
async fn told(admin: &Admin) -> Vec<Value> {
    let list = admin.get("/v1/keys?limit=500").await;
    let mut keys = list.body["items"].as_array().unwrap().clone();
    for key in &mut keys {
        let key = key.as_object_mut().unwrap();
        const NOT_MOVED: [&str; 3] = ["createdDate", "lastUpdatedDate", "previousValues"];
        key.retain(|name, _| !NOT_MOVED.contains(&name.as_str()));
    }
    keys
}

async fn reasons(admin: &Admin, values: &[String]) -> Vec<String> {
    let mut reasons = Vec::new();
    for value in values {
        for stage in ["a1:prod", "a2:prod"] {
            reasons.push(admin.reason(value, stage).await);
        }
    }
    reasons
}

#[tokio::test]
async fn a_table_is_moved_whole() {
    let from = Admin::start().await;
    plans(&from).await;
    let Values { current, in_grace } = some_keys(&from).await;
    let to = Admin::start().await;
    plans(&to).await;
    for page in pages(&from, "hashes=true&limit=3").await {
        let answer = to.post_csv("/v1/import", &page).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        to.pass(SECOND);
    }
    assert_eq!(told(&to).await, told(&from).await);
    let reasons = reasons(&to, &current).await;
    assert_eq!(reasons, self::reasons(&from, &current).await);
    assert!(reasons.contains(&"none".to_owned()));
    // The table has the hash of the current value alone: one in its grace stays behind.
    for value in &in_grace {
        assert_eq!(from.reason(value, "a1:prod").await, "none");
        assert_eq!(to.reason(value, "a1:prod").await, "unknown_key");
    }
    let list = to.get("/v1/keys?limit=500").await;
    let keys = list.body["items"].as_array().unwrap();
    assert!(keys.iter().all(|key| key.get("previousValues").is_none()));
    assert_eq!(
        pages(&to, "hashes=true").await,
        pages(&from, "hashes=true").await
    );
}

#[tokio::test]
async fn a_key_that_api_gateway_knows_by_the_client_s_value_is_not_moved() {
    let (_, from) = native_account::start().await;
    for body in [
        json!({"name": "internal"}),
        json!({"name": "header", "nativeValue": "header"}),
    ] {
        assert_eq!(from.post("/v1/keys", body).await.status, 201);
        from.pass(SECOND);
    }
    let table = pages(&from, "hashes=true").await.concat();
    let (_, to) = native_account::start().await;
    let refused = to.post_csv("/v1/import", &table).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.faults(),
        [
            "3 nativeValue: header cannot be imported, since API Gateway would make one key at a time: make it with POST /v1/keys, or take over what API Gateway has with POST /v1/adopt"
        ]
    );
    assert!(told(&to).await.is_empty(), "nothing was written");
    let valid = to.post_csv("/v1/import?onError=valid", &table).await;
    assert_eq!(valid.body["created"], 1, "{}", valid.body);
    assert_eq!(told(&to).await[0]["name"], "internal");
}

#[tokio::test]
async fn hashes_are_told_on_request_and_that_is_recorded() {
    let admin = Admin::start().await;
    plans(&admin).await;
    let Values { current, in_grace } = some_keys(&admin).await;
    let recorded = |actions: &[String]| actions.iter().filter(|is| *is == "keys.export").count();
    let bare = pages(&admin, "limit=2").await;
    assert_eq!(bare.len(), 3);
    assert_eq!(recorded(&admin.audited().await), 0);
    let hashed = pages(&admin, "limit=2&hashes=true").await;
    assert_eq!(recorded(&admin.audited().await), 3, "one a page");
    for (bare, hashed) in bare.iter().zip(&hashed) {
        let without: Vec<&str> = hashed
            .lines()
            .map(|line| line.rsplit_once(',').unwrap().0)
            .collect();
        assert_eq!(bare.lines().collect::<Vec<_>>(), without);
    }
    for value in current.iter().chain(&in_grace) {
        assert!(!hashed.concat().contains(value) && !bare.concat().contains(value));
    }
    // What is exported without hashes is not taken for keys that want new values.
    let refused = Admin::start().await.post_csv("/v1/import", &bare[0]).await;
    assert!(
        refused.faults()[0].starts_with("2 id: is of a value that is there"),
        "{:?}",
        refused.faults()
    );
}

#[tokio::test]
async fn pages_are_linked() {
    let admin = Admin::start().await;
    let empty = admin.get("/v1/export").await;
    assert_eq!(
        text(&empty),
        "Name,description,Enabled,usageplanIds,id,prefix,last4,customerId,notBefore,expiresAt,allowedIps,routes,metadata,nativeValue\r\n"
    );
    assert_eq!(next(&empty), None);
    for at in 0..30 {
        admin
            .post("/v1/keys", json!({"name": format!("k{at}")}))
            .await;
        admin.pass(SECOND);
    }
    let names = |pages: &[String]| -> Vec<String> {
        let rows = pages.iter().flat_map(|page| page.lines().skip(1));
        rows.map(|row| row.split(',').next().unwrap().to_owned())
            .collect()
    };
    let expected: Vec<String> = (0..30).map(|at| format!("k{at}")).collect();
    for (query, count) in [("", 2), ("limit=7", 5), ("limit=30", 1), ("limit=500", 1)] {
        let pages = pages(&admin, query).await;
        assert_eq!(
            (names(&pages), pages.len()),
            (expected.clone(), count),
            "{query}"
        );
    }
    for (query, fault) in [
        ("limit=501", "limit: must be a whole number from 1 to 500"),
        ("hashes=1", "hashes: must be true or false"),
        (
            "cursor=x",
            "cursor: not a cursor of this list: pass on the cursor of the page before, unchanged",
        ),
        (
            "x=1",
            "x: unknown parameter; known here: limit, cursor, hashes",
        ),
    ] {
        let answer = admin.get(&format!("/v1/export?{query}")).await;
        assert_eq!(answer.faults(), [fault]);
    }
    assert_eq!(admin.get_as("/v1/export", "text/csv").await.status, 200);
    assert_eq!(
        admin.get_as("/v1/export", "application/json").await.status,
        406
    );
}

/// Lambda passes on 6 MB.
#[tokio::test]
async fn a_page_of_long_keys_ends_earlier() {
    let admin = Admin::start().await;
    let metadata: BTreeMap<String, String> = (0..9)
        .map(|entry| (format!("m{entry}"), "\"".repeat(250)))
        .collect();
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let long = [
        cell(&"\"".repeat(1_024)),
        cell(&serde_json::to_string(&metadata).unwrap()),
    ];
    let rows = format!("{}\n", long.join(",")).repeat(380);
    let answer = admin
        .post_csv("/v1/import", &format!("description,metadata\n{rows}"))
        .await;
    assert_eq!(answer.body["created"], 380, "{}", answer.body);
    let pages = pages(&admin, "limit=500").await;
    let mut rows = 0;
    for page in &pages {
        assert!(serde_json::to_string(page).unwrap().len() < 4_100_000);
        rows += page.lines().count() - 1;
    }
    assert_eq!(rows, 380);
    assert!(pages.len() >= 2, "{}", pages.len());
}
