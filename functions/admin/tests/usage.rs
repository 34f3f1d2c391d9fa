//! What was used, and what is left.

use latchkey_domain::meter::Verdict;
use serde_json::json;

use crate::support::{Admin, SECOND, assert_answer, stage_json};

const DAY: i64 = 24 * 3_600 * SECOND;

/// A plan with a quota for each week, from Sunday; it is Wednesday.
async fn weekly(admin: &Admin) -> String {
    let body = json!({"name": "Weekly", "quota": {"limit": 10, "period": "WEEK"}, "apiStages": [stage_json("a1:prod")]});
    admin.post("/v1/plans", body).await.id()
}

#[tokio::test]
async fn use_is_told_by_day_and_what_was_left_of_it() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let (busy, _) = admin.key(&[&plan]).await;
    let (idle, _) = admin.key(&[&plan]).await;
    for calls in [3, 0, 2] {
        for _ in 0..calls {
            admin.charge(&busy, &plan).await;
        }
        admin.pass(DAY);
    }
    admin.pass(-DAY);
    let path = format!("/v1/plans/{plan}/usage");
    assert_answer!(
        "usage_of_a_plan",
        admin
            .get(&format!("{path}?startDate=2026-11-25&endDate=2026-11-27"))
            .await
    );
    let today = admin.get(&path).await.body;
    assert_eq!(
        (&today["startDate"], &today["endDate"]),
        (&json!("2026-11-27"), &json!("2026-11-27"))
    );
    assert_eq!(
        today["values"],
        json!({busy.clone(): [[2, 5]], idle.clone(): [[0, 10]]})
    );
    let one = admin.get(&format!("{path}?keyId={idle}")).await.body;
    assert_eq!(one["values"], json!({idle: [[0, 10]]}));
    let of_key = admin
        .get(&format!("/v1/keys/{busy}/usage?startDate=2026-11-25"))
        .await;
    assert_answer!("usage_of_a_key", of_key);
}

#[tokio::test]
async fn all_keys_of_a_plan_come_in_pages() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(admin.key(&[&plan]).await.0);
        admin.pass(SECOND);
    }
    let path = format!("/v1/plans/{plan}/usage?limit=2");
    let first = admin.get(&path).await;
    let last = admin
        .get(&format!("{path}&cursor={}", first.text("cursor")))
        .await;
    assert!(last.body.get("cursor").is_none());
    let mut told: Vec<String> = [first, last]
        .iter()
        .flat_map(|page| {
            page.body["values"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        })
        .collect();
    told.sort();
    keys.sort();
    assert_eq!(told, keys);
}

#[tokio::test]
async fn without_a_quota_nothing_is_left_to_tell() {
    let admin = Admin::start().await;
    let plan = admin.plan("P", &["a1:prod"]).await;
    let (key, _) = admin.key(&[&plan]).await;
    admin.charge(&key, &plan).await;
    let answer = admin.get(&format!("/v1/plans/{plan}/usage")).await;
    assert_eq!(answer.body["values"], json!({key.clone(): [[1, null]]}));
    let granted = admin
        .patch(
            &format!("/v1/plans/{plan}/keys/{key}/usage"),
            json!({"remaining": 5}),
        )
        .await;
    assert_answer!("no_quota", granted);
}

#[tokio::test]
async fn what_a_key_has_used_stays_known_when_it_is_off_the_plan() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let (key, _) = admin.key(&[&plan]).await;
    admin.charge(&key, &plan).await;
    admin.delete(&format!("/v1/plans/{plan}/keys/{key}")).await;
    let path = format!("/v1/plans/{plan}/usage");
    assert_eq!(
        admin.get(&path).await.body["values"],
        json!({}),
        "it is none of the plan's keys"
    );
    let asked_for = admin.get(&format!("{path}?keyId={key}")).await.body;
    assert_eq!(asked_for["values"], json!({key.clone(): [[1, 9]]}));
    let of_key = format!("/v1/keys/{key}/usage");
    assert_eq!(
        admin.get(&of_key).await.body["values"],
        json!({plan.clone(): [[1, 9]]})
    );
    admin.delete(&format!("/v1/plans/{plan}")).await;
    assert_eq!(
        admin.get(&of_key).await.body["values"],
        json!({plan: [[1, null]]})
    );
}

#[tokio::test]
async fn only_days_that_are_told_can_be_asked_for() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let (key, _) = admin.key(&[&plan]).await;
    let kept = "400 days are told, from 2025-10-22 on";
    let order = "startDate: must not be later than endDate, which is today unless given";
    for path in [
        format!("/v1/plans/{plan}/usage"),
        format!("/v1/keys/{key}/usage"),
    ] {
        for (query, faults) in [
            (
                "startDate=2025-10-21",
                vec![format!("startDate: is too long ago: {kept}")],
            ),
            (
                "endDate=2026-11-26",
                vec!["endDate: is yet to come: today is 2026-11-25 (UTC)".to_owned()],
            ),
            (
                "startDate=2026-11-02&endDate=2026-11-01",
                vec![order.to_owned()],
            ),
            ("endDate=2026-11-01", vec![order.to_owned()]),
            (
                "startDate=2026-11-26&endDate=2025-01-01",
                vec![
                    format!("endDate: is too long ago: {kept}"),
                    "startDate: is yet to come: today is 2026-11-25 (UTC)".to_owned(),
                    order.to_owned(),
                ],
            ),
            (
                "startDate=yesterday&endDate=2026-11-31",
                vec![
                    "endDate: must be a date such as 2027-01-31".to_owned(),
                    "startDate: must be a date such as 2027-01-31".to_owned(),
                ],
            ),
        ] {
            let mut told = admin.get(&format!("{path}?{query}")).await.faults();
            let mut expected = faults;
            told.sort();
            expected.sort();
            assert_eq!(told, expected, "{query}");
        }
        let whole = admin
            .get(&format!("{path}?startDate=2025-10-22&endDate=2026-11-25"))
            .await;
        let days = whole.body["values"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .as_array()
            .unwrap()
            .len();
        assert_eq!(days, 400);
    }
}

#[tokio::test]
async fn usage_of_what_is_not_there() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let (key, _) = admin.key(&[]).await;
    let path = format!("/v1/plans/{plan}/usage");
    assert_eq!(
        admin.get(&format!("{path}?keyId={key}")).await.problem(),
        "not-attached"
    );
    assert_eq!(
        admin.get("/v1/plans/none/usage").await.problem(),
        "unknown-plan"
    );
    assert_eq!(
        admin
            .get("/v1/keys/key_0000000000000000/usage")
            .await
            .problem(),
        "unknown-key"
    );
    let answer = admin.get(&format!("{path}?keyId=1")).await;
    assert_eq!(
        answer.faults(),
        ["keyId: \"1\" is not a key id: `key_` and 16 characters of 0-9 A-Z a-z"]
    );
    let cursor = admin.get("/v1/plans?limit=1").await.body["cursor"]
        .as_str()
        .unwrap_or("e30")
        .to_owned();
    let answer = admin
        .get(&format!("{path}?keyId={key}&cursor={cursor}"))
        .await;
    assert_eq!(
        answer.faults(),
        ["cursor: is of no use with keyId: one key fits a page"]
    );
    assert_eq!(
        admin.get(&format!("/v1/keys/{key}/usage")).await.body["values"],
        json!({}),
        "it has been on no plan"
    );
}

#[tokio::test]
async fn what_is_granted_is_left_for_the_period() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let (key, value) = admin.key(&[&plan]).await;
    for _ in 0..10 {
        admin.charge(&key, &plan).await;
    }
    assert_eq!(admin.reason(&value, "a1:prod").await, "quota_exceeded");
    let path = format!("/v1/plans/{plan}/keys/{key}/usage");
    assert_answer!("granted", admin.patch(&path, json!({"remaining": 2})).await);
    assert_eq!(
        admin.charge(&key, &plan).await,
        Verdict::Admitted { remaining: Some(1) }
    );
    let more = admin.patch(&path, json!({"remaining": 1_000})).await;
    assert_eq!(
        more.body["values"],
        json!({key.clone(): [[11, 1_000]]}),
        "more than the limit"
    );
    let none = admin.patch(&path, json!({"remaining": 0})).await;
    assert_eq!(none.body["values"], json!({key.clone(): [[11, 0]]}));
    admin.pass(4 * DAY);
    assert_eq!(admin.reason(&value, "a1:prod").await, "none", "a new week");
    let grants = admin
        .audited()
        .await
        .into_iter()
        .filter(|action| action == "usage.grant");
    assert_eq!(grants.count(), 3);
}

#[tokio::test]
async fn a_grant_is_held_to_its_rules() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let (key, _) = admin.key(&[]).await;
    let path = format!("/v1/plans/{plan}/keys/{key}/usage");
    assert_eq!(
        admin.patch(&path, json!({"remaining": 5})).await.problem(),
        "not-attached"
    );
    assert_eq!(
        admin
            .patch(
                &format!("/v1/plans/none/keys/{key}/usage"),
                json!({"remaining": 5})
            )
            .await
            .problem(),
        "unknown-plan"
    );
    let unknown = format!("/v1/plans/{plan}/keys/key_0000000000000000/usage");
    assert_eq!(
        admin
            .patch(&unknown, json!({"remaining": 5}))
            .await
            .problem(),
        "unknown-key"
    );
    for (body, fault) in [
        (json!({}), "/remaining: is required"),
        (
            json!({"remaining": null}),
            "/remaining: must be a whole number, not null",
        ),
        (
            json!({"remaining": -1}),
            "/remaining: must be a whole number, not a negative number",
        ),
        (
            json!({"remaining": 1_000_000_000_000_001u64}),
            "/remaining: must be a whole number from 0 to 1000000000000000",
        ),
        (
            json!({"remaining": 1, "used": 1}),
            "/used: unknown field; known here: remaining",
        ),
    ] {
        assert_eq!(admin.patch(&path, body).await.faults(), [fault]);
    }
}

/// A plan with a quota for each month, and a key on it that is used on the last day of one
/// month, the first of the next, and on New Year's Eve and Day.
#[tokio::test]
async fn use_is_told_over_the_end_of_months_and_years_in_utc() {
    let admin = Admin::start().await;
    let body = json!({"name": "Monthly", "quota": {"limit": 100, "period": "MONTH"}, "apiStages": [stage_json("a1:prod")]});
    let plan = admin.post("/v1/plans", body).await.id();
    let (key, _) = admin.key(&[&plan]).await;
    let charged = async |calls: usize| {
        for _ in 0..calls {
            admin.charge(&key, &plan).await;
        }
    };
    // 2026-11-30T23:59:59Z, and a second later.
    admin.pass(5 * DAY + DAY / 2 - SECOND);
    charged(3).await;
    admin.pass(SECOND);
    charged(2).await;
    admin.pass(31 * DAY - SECOND);
    charged(5).await;
    admin.pass(SECOND);
    charged(1).await;
    for path in [
        format!("/v1/plans/{plan}/usage"),
        format!("/v1/keys/{key}/usage"),
    ] {
        let of = async |first: &str, last: &str| {
            let answer = admin
                .get(&format!("{path}?startDate={first}&endDate={last}"))
                .await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.body["values"]
                .as_object()
                .unwrap()
                .values()
                .next()
                .unwrap()
                .clone()
        };
        assert_eq!(
            of("2026-11-29", "2026-12-02").await,
            json!([[0, 100], [3, 97], [2, 98], [0, 98]])
        );
        assert_eq!(
            of("2026-12-30", "2027-01-01").await,
            json!([[0, 98], [5, 93], [1, 99]])
        );
        let days = of("2026-11-30", "2027-01-01").await;
        assert_eq!(days.as_array().unwrap().len(), 33);
        admin.pass(398 * DAY);
        let days = of("2026-12-31", "2028-02-03").await;
        let days = days.as_array().unwrap();
        assert_eq!(
            (days.len(), &days[0], &days[1]),
            (400, &json!([5, 93]), &json!([1, 99])),
            "the last day is told"
        );
        admin.pass(-398 * DAY);
    }
}

#[tokio::test]
async fn a_page_of_many_days_has_fewer_keys() {
    let admin = Admin::start().await;
    let plan = weekly(&admin).await;
    let mut keys = Vec::new();
    for _ in 0..126 {
        keys.push(admin.key(&[&plan]).await.0);
    }
    let path = format!("/v1/plans/{plan}/usage?limit=500&startDate=2025-10-22");
    let first = admin.get(&path).await;
    let last = admin
        .get(&format!("{path}&cursor={}", first.text("cursor")))
        .await;
    assert_eq!(last.body.get("cursor"), None);
    let told = [first, last].map(|page| page.body["values"].as_object().unwrap().clone());
    assert_eq!([told[0].len(), told[1].len()], [125, 1]);
    let mut told: Vec<String> = told
        .iter()
        .flat_map(|values| values.keys().cloned())
        .collect();
    told.sort();
    keys.sort();
    assert_eq!(told, keys);
}

#[tokio::test]
async fn the_plans_of_a_key_come_in_pages() {
    let admin = Admin::start().await;
    let mut plans = Vec::new();
    for number in 0..5 {
        plans.push(admin.plan("P", &[&format!("a{number}:prod")]).await);
    }
    let (key, _) = admin
        .key(&plans.iter().map(String::as_str).collect::<Vec<_>>())
        .await;
    admin
        .delete(&format!("/v1/plans/{}/keys/{key}", plans[1]))
        .await;
    let (other, _) = admin.key(&[&plans[0], &plans[2]]).await;
    let mut told = Vec::new();
    let mut next = String::new();
    loop {
        let page = admin
            .get(&format!("/v1/keys/{key}/usage?limit=2{next}"))
            .await;
        told.extend(page.body["values"].as_object().unwrap().keys().cloned());
        let Some(cursor) = page.body["cursor"].as_str() else {
            break;
        };
        next = format!("&cursor={cursor}");
    }
    plans.sort();
    assert_eq!(told, plans);
    let foreign = admin
        .get(&format!("/v1/keys/{other}/usage?limit=2{next}"))
        .await;
    assert!(
        foreign.faults()[0].starts_with("cursor: not a cursor of this list"),
        "{}",
        foreign.body
    );
    let of_plans = admin.get("/v1/plans?limit=1").await.text("cursor");
    for path in [
        format!("/v1/keys/{key}/usage?cursor={of_plans}"),
        format!("/v1/plans?{}", &next[1..]),
    ] {
        assert_eq!(admin.get(&path).await.status, 400, "{path}");
    }
}
