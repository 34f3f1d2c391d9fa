//! Usage as a table, and the forms in which answers are wanted.

use serde_json::json;

use crate::support::{Admin, Answer, SECOND, assert_answer, stage_json};

const DAY: i64 = 24 * 3_600 * SECOND;

/// A plan, and two keys on it, of which the first was used on two days of three.
async fn used(admin: &Admin, quota: bool) -> (String, String, String) {
    let mut body = json!({"name": "P", "apiStages": [stage_json("a1:prod")]});
    if quota {
        body["quota"] = json!({"limit": 10, "period": "WEEK"});
    }
    let plan = admin.post("/v1/plans", body).await.id();
    let (busy, _) = admin.key(&[&plan]).await;
    admin.pass(SECOND);
    let (idle, _) = admin.key(&[&plan]).await;
    for calls in [3, 0, 2] {
        for _ in 0..calls {
            admin.charge(&busy, &plan).await;
        }
        admin.pass(DAY);
    }
    admin.pass(-DAY);
    (plan, busy, idle)
}

fn lines(answer: &Answer) -> Vec<&str> {
    let text = answer.body.as_str().unwrap();
    assert!(text.ends_with("\r\n"), "{text}");
    text.trim_end().split("\r\n").collect()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn use_comes_as_a_table_by_accept() {
    let admin = Admin::start().await;
    let (plan, busy, idle) = used(&admin, true).await;
    let days = "startDate=2026-11-25&endDate=2026-11-27";
    let path = format!("/v1/plans/{plan}/usage?{days}");
    let of_plan = admin.get_as(&path, "text/csv").await;
    assert_eq!(of_plan.status, 200);
    assert_eq!(
        header(&of_plan, "content-type"),
        Some("text/csv; charset=utf-8")
    );
    assert_eq!(header(&of_plan, "link"), None);
    let row =
        |key: &str, day: u32, used: u32, left: u32| format!("{key},2026-11-{day},{used},{left}");
    let mut expected = [
        row(&busy, 25, 3, 7),
        row(&busy, 26, 0, 7),
        row(&busy, 27, 2, 5),
        row(&idle, 25, 0, 10),
        row(&idle, 26, 0, 10),
        row(&idle, 27, 0, 10),
    ];
    expected.sort();
    let (head, rows) = lines(&of_plan)
        .split_first()
        .map(|(a, b)| (*a, b.to_vec()))
        .unwrap();
    assert_eq!(
        (head, rows),
        (
            "keyId,date,used,remaining",
            expected.iter().map(String::as_str).collect()
        )
    );
    let path = format!("/v1/keys/{busy}/usage?{days}");
    let of_key = admin.get_as(&path, "application/json;q=0.1, text/*").await;
    let told = lines(&of_key);
    let (head, rows) = told.split_first().unwrap();
    assert_eq!(*head, "planId,date,used,remaining");
    assert_eq!(
        rows,
        [
            row(&plan, 25, 3, 7),
            row(&plan, 26, 0, 7),
            row(&plan, 27, 2, 5)
        ]
    );
}

#[tokio::test]
async fn without_a_quota_the_cell_is_empty() {
    let admin = Admin::start().await;
    let (_, busy, _) = used(&admin, false).await;
    let answer = admin
        .get_as(&format!("/v1/keys/{busy}/usage"), "text/csv")
        .await;
    assert!(
        lines(&answer)[1].ends_with(",2026-11-27,2,"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_table_s_next_page_is_its_link() {
    let admin = Admin::start().await;
    let (plan, busy, idle) = used(&admin, true).await;
    let path = format!("/v1/plans/{plan}/usage");
    let first = admin.get_as(&format!("{path}?limit=1"), "text/csv").await;
    let link = header(&first, "link").unwrap();
    let target = link
        .strip_prefix("<?limit=1&startDate=2026-11-27&endDate=2026-11-27&cursor=")
        .and_then(|rest| rest.strip_suffix(">; rel=\"next\""))
        .unwrap_or_else(|| panic!("{link}"));
    assert!(
        target
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    );
    // The day is over before the next page is asked for.
    admin.pass(DAY);
    let next = link.split(['<', '>']).nth(1).unwrap();
    let last = admin.get_as(&format!("{path}{next}"), "text/csv").await;
    assert_eq!(header(&last, "link"), None);
    assert_eq!(
        [lines(&first)[1], lines(&last)[1]],
        [
            format!("{busy},2026-11-27,2,5"),
            format!("{idle},2026-11-27,0,10")
        ]
    );
}

#[tokio::test]
async fn a_key_s_table_has_pages_too() {
    let admin = Admin::start().await;
    for plan in ["one", "two"] {
        let body = json!({"name": plan, "apiStages": [stage_json(&format!("a1:{plan}"))]});
        let put = admin.put_json(&format!("/v1/plans/{plan}"), body).await;
        assert_eq!(put.status, 201);
    }
    let (key, _) = admin.key(&["one", "two"]).await;
    admin.charge(&key, "two").await;
    let path = format!("/v1/keys/{key}/usage");
    let first = admin.get_as(&format!("{path}?limit=1"), "text/csv").await;
    let link = header(&first, "link").unwrap();
    let next = link.split(['<', '>']).nth(1).unwrap();
    let last = admin.get_as(&format!("{path}{next}"), "text/csv").await;
    assert_eq!(header(&last, "link"), None);
    assert_eq!(
        [&lines(&first)[1..], &lines(&last)[1..]],
        [["one,2026-11-25,0,"], ["two,2026-11-25,1,"]]
    );
}

#[tokio::test]
async fn an_id_is_no_formula_in_a_table() {
    let admin = Admin::start().await;
    admin.put_json("/v1/plans/-1", json!({"name": "P"})).await;
    let (key, _) = admin.key(&["-1"]).await;
    let answer = admin
        .get_as(&format!("/v1/keys/{key}/usage"), "text/csv")
        .await;
    assert_eq!(lines(&answer)[1], "'-1,2026-11-25,0,");
}

#[tokio::test]
async fn a_form_that_is_not_offered_is_406() {
    let admin = Admin::start().await;
    let (plan, busy, _) = used(&admin, true).await;
    assert_answer!(
        "not_acceptable",
        admin.get_as("/v1/plans", "text/csv").await
    );
    for path in [
        "/v1/keys".to_owned(),
        format!("/v1/keys/{busy}"),
        format!("/v1/plans/{plan}/keys"),
    ] {
        let answer = admin.get_as(&path, "text/csv").await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (406, "not-acceptable"),
            "{path}"
        );
        let answer = admin.get_as(&path, "text/csv, */*;q=0.1").await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let usage = admin
        .get_as(&format!("/v1/keys/{busy}/usage"), "text/html")
        .await;
    assert!(
        usage
            .text("detail")
            .contains("application/json or text/csv"),
        "{}",
        usage.body
    );
    let nowhere = admin.get_as("/v1/nothing", "text/csv").await;
    assert_eq!(nowhere.problem(), "unknown-path");
    let unknown = admin
        .get_as("/v1/keys/key_0000000000000000/usage", "text/csv")
        .await;
    assert_eq!(
        (unknown.problem(), header(&unknown, "content-type")),
        ("unknown-key", Some("application/problem+json"))
    );
}
