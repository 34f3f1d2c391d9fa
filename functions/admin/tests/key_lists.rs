//! Lists of keys, narrowed to those that somebody asks for, in pages.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::{
    native_account::{made as native, start},
    support::{Admin, Answer, SECOND, request, stage_json},
};

const DAY: i64 = 24 * 3_600 * SECOND;

/// Makes a key, a second after the one before.
async fn made(admin: &Admin, body: Value) -> String {
    let answer = admin.post("/v1/keys", body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    admin.pass(SECOND);
    answer.id()
}

async fn asked(admin: &Admin, query: &str) -> Vec<String> {
    let answer = admin.get(&format!("/v1/keys?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    assert_eq!(answer.body.get("cursor"), None, "{query}");
    answer.ids()
}

fn cursor(answer: &Answer) -> Option<&str> {
    answer.body.get("cursor").and_then(Value::as_str)
}

/// All pages of a list, with something done between them.
async fn walked(admin: &Admin, query: &str, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next = String::new();
    for page in 0..100 {
        let answer = admin.get(&format!("/v1/keys?{query}{next}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        ids.extend(answer.ids());
        match cursor(&answer) {
            None => return ids,
            Some(cursor) => next = format!("&cursor={cursor}"),
        }
        between(page).await;
    }
    panic!("the list has no end: {ids:?}");
}

#[tokio::test]
async fn keys_are_found_by_each_of_their_traits() {
    let admin = Admin::start().await;
    let (gold, iron) = (
        admin.plan("Gold", &["a1:x"]).await,
        admin.plan("Iron", &["a2:x"]).await,
    );
    let acme = made(
        &admin,
        json!({"name": "Acme", "customerId": "cus_1", "planIds": [gold]}),
    )
    .await;
    let off = made(
        &admin,
        json!({"name": "Acme 2", "enabled": false, "planIds": [iron]}),
    )
    .await;
    let later = made(&admin, json!({"customerId": "cus_1", "notBefore": "2026-11-26T00:00:00Z", "planIds": [iron, gold]})).await;
    let over = made(
        &admin,
        json!({"name": "acme", "customerId": "cus_2", "expiresAt": "2026-11-25T12:00:30Z"}),
    )
    .await;
    admin.pass(60 * SECOND);
    for (query, expected) in [
        ("customerId=cus_1", vec![&acme, &later]),
        ("customerId=cus_3", vec![]),
        (&format!("planId={gold}"), vec![&acme, &later]),
        (&format!("planId={iron}"), vec![&off, &later]),
        ("planId=nothing", vec![]),
        ("name=Acme", vec![&acme]),
        ("namePrefix=Acme", vec![&acme, &off]),
        ("namePrefix=Acme%20", vec![&off]),
        ("namePrefix=a", vec![&over]),
        ("state=enabled", vec![&acme]),
        ("state=disabled", vec![&off]),
        ("state=notYetValid", vec![&later]),
        ("state=expired", vec![&over]),
        (&format!("customerId=cus_1&planId={iron}"), vec![&later]),
        (
            &format!("planId={iron}&state=disabled&namePrefix=A"),
            vec![&off],
        ),
        ("customerId=cus_1&state=enabled&name=Acme", vec![&acme]),
        ("name=Acme&namePrefix=B", vec![]),
        ("unusedSince=2026-11-25", vec![]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(asked(&admin, query).await, expected, "{query}");
    }
    admin.pass(DAY);
    assert_eq!(
        asked(&admin, "state=enabled").await,
        [acme.clone(), later.clone()],
        "its time has come"
    );
    assert_eq!(asked(&admin, "unusedSince=2026-11-26").await.len(), 4);
}

#[tokio::test]
async fn the_keys_of_a_plan_come_in_the_order_of_their_creation() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:x"]).await;
    let first = made(&admin, json!({"customerId": "cus_1"})).await;
    admin.pass(1);
    let second = made(&admin, json!({"customerId": "cus_1", "planIds": [plan]})).await;
    admin.pass(1);
    let attached = format!("/v1/plans/{plan}/keys/{first}");
    admin.put(&attached).await;
    let on_plan = format!("planId={plan}");
    let both = [first.clone(), second.clone()];
    for query in [on_plan.clone(), format!("{on_plan}&customerId=cus_1")] {
        assert_eq!(asked(&admin, &query).await, both);
    }
    // It goes and comes back between two pages, and is met once.
    let page = admin.get(&format!("/v1/keys?{on_plan}&limit=1")).await;
    assert_eq!(page.ids(), std::slice::from_ref(&first));
    admin.delete(&attached).await;
    admin.pass(1);
    admin.put(&attached).await;
    let next = format!("/v1/keys?{on_plan}&limit=1&cursor={}", page.text("cursor"));
    assert_eq!(admin.get(&next).await.ids(), std::slice::from_ref(&second));
    admin.delete(&attached).await;
    assert_eq!(asked(&admin, &on_plan).await, [second]);
}

#[tokio::test]
async fn a_filter_is_read_or_refused() {
    let admin = Admin::start().await;
    let long = "k".repeat(20);
    let cases = [
        (
            "state=on".to_owned(),
            "state: must be one of enabled, disabled, notYetValid, expired".to_owned(),
        ),
        (
            "state=Enabled".to_owned(),
            "state: must be one of enabled, disabled, notYetValid, expired".to_owned(),
        ),
        (
            "unusedSince=yesterday".to_owned(),
            "unusedSince: must be a date such as 2027-01-31".to_owned(),
        ),
        (
            "unusedSince=2026-11-26".to_owned(),
            "unusedSince: is yet to come: today is 2026-11-25 (UTC)".to_owned(),
        ),
        (
            "name=a&name=b".to_owned(),
            "name: is given twice".to_owned(),
        ),
        ("namePrefix=".to_owned(), "namePrefix: ".to_owned()),
        ("name=%07".to_owned(), "name: ".to_owned()),
        ("planId=%20".to_owned(), "planId: ".to_owned()),
        ("customerId=".to_owned(), "customerId: ".to_owned()),
        (
            format!("planId={long}!"),
            "planId: not a plan id".to_owned(),
        ),
    ];
    for (query, fault) in cases {
        let answer = admin.get(&format!("/v1/keys?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            answer.faults()[0].starts_with(&fault),
            "{query}: {:?}",
            answer.faults()
        );
        assert!(!answer.body.to_string().contains(&long), "{query}");
    }
    let all = admin
        .get("/v1/keys?state=x&unusedSince=x&limit=x&colour=red")
        .await;
    assert_eq!(all.faults().len(), 4);
    for path in [
        "/v1/plans?name=Gold",
        "/v1/plans?state=enabled",
        "/v1/plans?customerId=cus_1",
    ] {
        assert!(
            admin.get(path).await.faults()[0].contains("unknown parameter"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn keys_that_nobody_has_used_are_found() {
    let admin = Admin::start().await;
    let (plan, other) = (
        admin.plan("P", &["a1:prod"]).await,
        admin.plan("Q", &["a1:prod"]).await,
    );
    let used = made(&admin, json!({"planIds": [plan]})).await;
    let moved = made(&admin, json!({"planIds": [plan]})).await;
    let before = made(&admin, json!({"planIds": [plan]})).await;
    let never = made(&admin, json!({})).await;
    admin.charge(&before, &plan).await;
    admin.pass(2 * DAY);
    admin.charge(&used, &plan).await;
    admin.charge(&moved, &plan).await;
    admin
        .delete(&format!("/v1/plans/{plan}/keys/{moved}"))
        .await;
    admin.put(&format!("/v1/plans/{other}/keys/{moved}")).await;
    let new = made(&admin, json!({"planIds": [plan]})).await;
    admin.pass(2 * DAY);
    let unused = async |day: &str| {
        let answer = admin
            .get(&format!("/v1/keys?unusedSince=2026-11-{day}"))
            .await;
        let items = answer.body["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|key| {
                (
                    key["id"].as_str().unwrap().to_owned(),
                    key["lastUsedDate"].clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    let told = |id: &String, day: Value| (id.clone(), day);
    let at_first = told(&before, json!("2026-11-25"));
    let at_last = |id| told(id, json!("2026-11-27"));
    assert_eq!(unused("25").await, [], "all were made that day or later");
    let none = admin.get("/v1/keys?unusedSince=2026-11-25&limit=1").await;
    assert_eq!(
        none.body,
        json!({"items": []}),
        "and so were all behind the first"
    );
    assert_eq!(
        unused("26").await,
        [at_first.clone(), told(&never, Value::Null)]
    );
    assert_eq!(
        unused("27").await,
        [at_first.clone(), told(&never, Value::Null)],
        "used on that day, if on another plan"
    );
    assert_eq!(
        unused("28").await,
        [
            at_last(&used),
            at_last(&moved),
            at_first,
            told(&never, Value::Null),
            told(&new, Value::Null)
        ]
    );
    let both = asked(&admin, &format!("unusedSince=2026-11-26&planId={plan}")).await;
    assert_eq!(both, [before]);
}

#[tokio::test]
async fn a_key_whose_use_is_not_known_is_not_told_as_unused() {
    let (_fake, admin) = start().await;
    let shared =
        json!({"name": "Shared", "scope": "customer", "apiStages": [stage_json("a1:prod")]});
    let shared = admin.post("/v1/plans", shared).await.id();
    let native = native(&admin, &["authorizer:prod"]).await;
    let on = |plan: &str, customer: &str| json!({"planIds": [plan], "customerId": customer});
    let busy = made(&admin, on(&shared, "cus_1")).await;
    made(&admin, on(&shared, "cus_1")).await;
    let idle = made(&admin, on(&shared, "cus_2")).await;
    let there = made(&admin, on(&native, "cus_1")).await;
    let free = made(&admin, json!({"customerId": "cus_1"})).await;
    admin.pass(2 * DAY);
    admin.charge(&busy, &shared).await;
    let unused = async |day: &str| asked(&admin, &format!("unusedSince=2026-11-{day}")).await;
    assert_eq!(unused("26").await, [idle.clone(), free.clone()]);
    assert_eq!(unused("27").await, [idle, free]);
    admin.pass(DAY);
    let after = unused("28").await;
    assert_eq!(
        after.len(),
        4,
        "of the customer that was charged before, too"
    );
    assert!(!after.contains(&there));
}

#[tokio::test]
async fn pages_have_each_key_once_while_others_write() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:x"]).await;
    for query in [
        "limit=2".to_owned(),
        "limit=2&customerId=cus_1".to_owned(),
        "limit=2&namePrefix=stay".to_owned(),
        format!("limit=2&planId={plan}"),
        format!("limit=3&planId={plan}&customerId=cus_1&state=enabled"),
    ] {
        let body = |name: &str| json!({"name": name, "customerId": "cus_1", "planIds": [plan]});
        let mut stay = Vec::new();
        let mut go = Vec::new();
        for number in 0..11 {
            let name = if number % 3 == 1 { "go" } else { "stay" };
            let id = made(&admin, body(name)).await;
            if name == "go" { &mut go } else { &mut stay }.push(id);
        }
        let (mut left, changed) = (go.clone(), stay.clone());
        let told = walked(&admin, &query, async |page| {
            made(&admin, body("new")).await;
            if let Some(id) = left.pop() {
                admin.delete(&format!("/v1/keys/{id}")).await;
            }
            // One that was told, and one that is still to come.
            for id in [
                &changed[page % changed.len()],
                &changed[changed.len() - 1 - page % changed.len()],
            ] {
                let answer = admin
                    .patch(
                        &format!("/v1/keys/{id}"),
                        json!({"description": page.to_string()}),
                    )
                    .await;
                assert_eq!(answer.status, 200);
            }
        })
        .await;
        let once: BTreeSet<&String> = told.iter().collect();
        assert_eq!(once.len(), told.len(), "{query}: one came twice");
        let stayed: Vec<&String> = told.iter().filter(|id| stay.contains(id)).collect();
        assert_eq!(stayed, stay.iter().collect::<Vec<_>>(), "{query}");
        for id in asked(&admin, "limit=500").await {
            admin.delete(&format!("/v1/keys/{id}")).await;
        }
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_filters() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:x"]).await;
    for _ in 0..2 {
        made(
            &admin,
            json!({"name": "n", "customerId": "cus_1", "planIds": [plan]}),
        )
        .await;
    }
    admin.pass(DAY);
    let lists = [
        "/v1/keys?".to_owned(),
        "/v1/keys?customerId=cus_1".to_owned(),
        format!("/v1/keys?planId={plan}"),
        format!("/v1/keys?planId={plan}&customerId=cus_1"),
        "/v1/keys?name=n".to_owned(),
        "/v1/keys?namePrefix=n".to_owned(),
        "/v1/keys?state=enabled".to_owned(),
        "/v1/keys?state=disabled".to_owned(),
        "/v1/keys?unusedSince=2026-11-26".to_owned(),
        "/v1/keys?unusedSince=2026-11-25".to_owned(),
        format!("/v1/plans/{plan}/keys?"),
    ];
    let mut given = 0;
    for mine in &lists {
        let answer = admin.get(&format!("{mine}&limit=1")).await;
        let Some(cursor) = cursor(&answer) else {
            continue;
        };
        given += 1;
        for theirs in &lists {
            // As another page length may be asked for.
            let answer = admin
                .get(&format!("{theirs}&limit=7&cursor={cursor}"))
                .await;
            assert_eq!(answer.status == 200, mine == theirs, "{mine} {theirs}");
            if mine != theirs {
                assert!(answer.faults()[0].starts_with("cursor: not a cursor of this list"));
            }
        }
    }
    assert_eq!(given, 9, "those with more than one key");
}

#[tokio::test]
async fn a_cursor_that_was_tampered_with_is_refused_or_goes_on() {
    let admin = Admin::start().await;
    for _ in 0..3 {
        made(&admin, json!({"name": "n"})).await;
    }
    for list in ["/v1/keys?", "/v1/keys?name=n"] {
        let whole = admin.get(&format!("{list}&limit=1")).await.text("cursor");
        for at in 0..whole.len() {
            for with in ["", "A", "-", "%00", "="] {
                let cursor = format!("{}{with}{}", &whole[..at], &whole[at + 1..]);
                let answer = admin.get(&format!("{list}&cursor={cursor}")).await;
                assert!(
                    [200, 400].contains(&answer.status.as_u16()),
                    "{list} {cursor}: {}",
                    answer.body
                );
            }
        }
    }
    // Each attribute emptied, lengthened, left out.
    let whole = admin.get("/v1/keys?limit=1").await.text("cursor");
    let keys = decoded(&whole);
    for name in keys.as_object().unwrap().keys() {
        for value in [json!(""), json!("k".repeat(3_000)), json!(7), Value::Null] {
            let mut tampered = keys.clone();
            tampered[name] = value;
            let answer = admin
                .get(&format!("/v1/keys?cursor={}", encoded(&tampered)))
                .await;
            assert_eq!(
                (answer.status.as_u16(), answer.faults().len()),
                (400, 1),
                "{name}"
            );
        }
    }
    let mut more = keys.clone();
    more["narrowed"] = json!("x");
    let answer = admin
        .get(&format!("/v1/keys?cursor={}", encoded(&more)))
        .await;
    assert_eq!(answer.status, 400);
}

fn decoded(cursor: &str) -> Value {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&engine.decode(cursor).unwrap()).unwrap()
}

fn encoded(cursor: &Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(cursor.to_string())
}

#[tokio::test]
async fn a_page_fits_an_answer() {
    let admin = Admin::start().await;
    let metadata: serde_json::Map<String, Value> = (0..9)
        .map(|number| (format!("m{number}"), json!("\\".repeat(250))))
        .collect();
    let description = "\\".repeat(1_024);
    let networks: Vec<String> = (0..100)
        .map(|number| format!("2001:db8:{number}::/48"))
        .collect();
    let body = json!({"description": description, "metadata": metadata, "allowedIps": networks})
        .to_string();
    let mut ids = Vec::new();
    for _ in 0..450 {
        let answer = admin
            .send(request(Method::POST, "/v1/keys", Some(body.clone())))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        admin.pass(SECOND);
        ids.push(answer.id());
    }
    let mut pages = 0;
    let told = walked(&admin, "limit=500", async |_| pages += 1).await;
    assert_eq!(told, ids);
    assert!(pages > 0, "one page had them all");
    let largest = admin.get("/v1/keys?limit=500").await.body.to_string();
    // Lambda passes the answer on as a JSON string of at most 6 MB.
    let passed_on = serde_json::to_string(&largest).unwrap().len();
    assert!(passed_on < 6_000_000, "{passed_on}");
    assert!(passed_on > 2_000_000, "{passed_on}");
}
