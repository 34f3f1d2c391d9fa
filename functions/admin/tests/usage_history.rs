//! Days that have moved from a meter to its history: reports are the same as before.

use latchkey_domain::{CustomerId, meter::Owner};
use serde_json::{Value, json};

use crate::{
    at_scale::count::Count,
    support::{Admin, SECOND, stage_json},
};

const DAY: i64 = 24 * 3_600 * SECOND;
/// The first day that is charged; the last one is 80 days later, 2027-02-13.
const FIRST: &str = "2026-11-25";

/// A plan with one quota.
async fn plan(admin: &Admin, id: &str, scope: &str, quota: Option<&str>) {
    let mut body =
        json!({"name": id, "apiStages": [stage_json(&format!("{id}:prod"))], "scope": scope});
    if let Some(period) = quota {
        body["quota"] = json!({"limit": 1_000, "period": period});
    }
    let made = admin.put_json(&format!("/v1/plans/{id}"), body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// Uses a key's plans on each of 81 days, on every fifth more, and ends on the last.
async fn use_daily(admin: &Admin, key: &str, plans: &[&str]) {
    for day in 0..81 {
        for plan in plans {
            for _ in 0..1 + usize::from(day % 5 == 2) {
                admin.charge(key, plan).await;
            }
        }
        admin.pass(DAY);
    }
    admin.pass(-DAY);
}

/// Folds a meter as authorizers do.
async fn fold(admin: &Admin, owner: &Owner, plan: &str) {
    let plan = plan.parse().unwrap();
    let read = async || admin.store.meter(owner, &plan).await.unwrap().unwrap();
    let mut meter = read().await;
    while meter.fold().is_some() {
        admin.store.fold(owner, &plan, &meter).await.unwrap();
        meter = read().await;
    }
    assert_eq!((meter.days.len(), meter.folds), (31, 3));
}

async fn reports(admin: &Admin, paths: &[String]) -> Vec<Value> {
    let mut reports = Vec::new();
    for path in paths {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        reports.push(answer.body);
    }
    reports
}

#[tokio::test]
async fn reports_of_days_that_were_folded_are_what_they_were_before() {
    let admin = Admin::start().await;
    let plans = [
        ("none", None),
        ("hourly", Some("HOUR")),
        ("daily", Some("DAY")),
        ("weekly", Some("WEEK")),
        ("monthly", Some("MONTH")),
        ("lifelong", Some("LIFETIME")),
    ];
    for (id, quota) in plans {
        plan(&admin, id, "key", quota).await;
    }
    let ids = plans.map(|(id, _)| id);
    let (key, _) = admin.key(&ids).await;
    use_daily(&admin, &key, &ids).await;
    let mut paths = vec![format!("/v1/keys/{key}")];
    for days in [
        format!("startDate={FIRST}"),
        format!("startDate={FIRST}&endDate={FIRST}"),
        "startDate=2026-12-20&endDate=2027-01-18".to_owned(),
        "startDate=2027-01-14".to_owned(),
    ] {
        paths.push(format!("/v1/keys/{key}/usage?{days}"));
        for id in ids {
            paths.push(format!("/v1/plans/{id}/usage?{days}"));
            paths.push(format!("/v1/plans/{id}/usage?{days}&keyId={key}"));
        }
    }
    let before = reports(&admin, &paths).await;
    let owner = Owner::Key(key.parse().unwrap());
    for id in ids {
        fold(&admin, &owner, id).await;
    }
    let after = reports(&admin, &paths).await;
    for ((path, before), after) in paths.iter().zip(before).zip(after) {
        assert_eq!(before, after, "{path}");
    }
    let table = admin.get_as(&paths[1], "text/csv").await;
    let table = table.body.as_str().unwrap().to_owned();
    assert!(table.contains("weekly,2026-11-27,2,"), "{table}");
}

#[tokio::test]
async fn reports_of_customers_have_their_history_too() {
    let admin = Admin::start().await;
    plan(&admin, "team", "customer", Some("MONTH")).await;
    let (key, _) = admin.customer_s_key("cus_1", &["team"]).await;
    use_daily(&admin, &key, &["team"]).await;
    let paths = [
        format!("/v1/plans/team/usage?startDate={FIRST}"),
        format!("/v1/plans/team/usage?startDate={FIRST}&customerId=cus_1"),
        format!("/v1/keys/{key}/usage?startDate={FIRST}"),
    ];
    let before = reports(&admin, &paths).await;
    let customer: CustomerId = "cus_1".parse().unwrap();
    fold(&admin, &Owner::Customer(customer), "team").await;
    assert_eq!(reports(&admin, &paths).await, before);
}

#[tokio::test]
async fn history_is_read_for_days_long_ago_alone_and_in_one_call() {
    let admin = Admin::start().await;
    plan(&admin, "monthly", "key", Some("MONTH")).await;
    let (key, _) = admin.key(&["monthly"]).await;
    let (idle, _) = admin.key(&["monthly"]).await;
    use_daily(&admin, &key, &["monthly"]).await;
    fold(&admin, &Owner::Key(key.parse().unwrap()), "monthly").await;
    let count = Count::default();
    let counted = count.under(&admin);
    let mut costs = Vec::new();
    for path in [
        "/v1/plans/monthly/usage?startDate=2027-01-14".to_owned(),
        format!("/v1/plans/monthly/usage?startDate={FIRST}"),
        format!("/v1/plans/monthly/usage?startDate={FIRST}&keyId={idle}"),
        format!("/v1/keys/{key}/usage?startDate=2027-01-14"),
        format!("/v1/keys/{key}/usage?startDate={FIRST}"),
    ] {
        reports(&counted, &[path]).await;
        costs.push(count.taken());
    }
    let months = 3;
    let [plan, whole_plan, idle, of_key, whole_key] = costs[..] else {
        panic!("{costs:?}")
    };
    assert_eq!(plan, (3, 5), "the plan, its two attachments, their meters");
    assert_eq!(whole_plan, (plan.0 + 1, plan.1 + months));
    assert_eq!(idle, (2, 2), "the plan, one meter");
    assert_eq!(whole_key, (of_key.0 + 1, of_key.1 + months));
}
