//! What keys have used, and more for this period.

use std::collections::BTreeMap;

use jiff::civil::date;
use latchkey_fake_gateway::FakeKey;
use latchkey_gateway::{GatewayError, Missing, Tags};

use crate::{
    scripted::Scripted,
    support::{full_plan, quick},
};

#[tokio::test]
async fn usage_is_read_day_by_day_and_page_by_page() {
    let (fake, gateway) = quick();
    let plan = gateway
        .create_plan(&full_plan(), &Tags::new())
        .await
        .unwrap();
    for number in 0..60 {
        let key = fake.put_key(FakeKey::default());
        fake.attach(plan.as_str(), &key);
        let days = [(number, 1000 - number), (1, 1000)];
        fake.set_usage(plan.as_str(), &key, date(2026, 11, 30), &days);
    }
    let unused = fake.put_key(FakeKey::default());
    fake.attach(plan.as_str(), &unused);
    let (start, end) = (date(2026, 11, 29), date(2026, 12, 1));
    let mut values = BTreeMap::new();
    let mut position = None;
    let mut pages = 0;
    loop {
        let at = position.as_deref();
        let page = gateway
            .usage(&plan, None, start, end, at, 500)
            .await
            .unwrap();
        values.extend(page.values);
        position = page.position;
        pages += 1;
        if position.is_none() {
            break;
        }
    }
    assert_eq!((pages, values.len()), (3, 60));
    let mut used: Vec<_> = values.values().map(|days| days[1].0).collect();
    used.sort_unstable();
    assert!(used.into_iter().eq(0..60));
    assert!(
        values
            .values()
            .all(|days| days[0] == (0, 1000) && days[2] == (1, 1000))
    );

    let one = values.keys().next().unwrap();
    let page = gateway
        .usage(&plan, Some(one), end, end, None, 1)
        .await
        .unwrap();
    assert_eq!(
        page.values,
        BTreeMap::from([(one.clone(), vec![(1, 1000)])])
    );
    assert_eq!(page.position, None);
}

#[tokio::test]
async fn more_is_granted_for_a_key_that_is_on_the_plan() {
    let (fake, gateway) = quick();
    let plan = gateway
        .create_plan(&full_plan(), &Tags::new())
        .await
        .unwrap();
    let key = fake.put_key(FakeKey::default());
    let id = key.parse().unwrap();
    let missing = GatewayError::NotFound {
        operation: "UpdateUsage",
        what: Missing::Key,
    };
    assert_eq!(gateway.grant(&plan, &id, 5).await, Err(missing));
    fake.attach(plan.as_str(), &key);
    let day = date(2026, 11, 30);
    fake.set_usage(plan.as_str(), &key, day, &[(1000, 0)]);
    gateway.grant(&plan, &id, 250).await.unwrap();
    assert_eq!(fake.granted(plan.as_str(), &key), Some(250));
    let page = gateway
        .usage(&plan, Some(&id), day, day, None, 25)
        .await
        .unwrap();
    assert_eq!(page.values[&id], [(1000, 250)]);
}

/// An answer of AWS's own, as its body was captured in floci-io/floci, pull request 3561.
#[tokio::test]
async fn an_answer_of_aws_s_own_is_read() {
    let scripted = Scripted::new([(
        200,
        r#"{"endDate":"2026-09-13","startDate":"2026-09-01","usagePlanId":"cqdia0","values":{"58v93i1885":[[137,999863],[123,999740],[84,999656]]}}"#,
    )]);
    let plan = "cqdia0".parse().unwrap();
    let (start, end) = (date(2026, 9, 1), date(2026, 9, 13));
    let page = scripted
        .gateway()
        .usage(&plan, None, start, end, None, 500)
        .await
        .unwrap();
    let key = "58v93i1885".parse().unwrap();
    let days = vec![(137, 999_863), (123, 999_740), (84, 999_656)];
    assert_eq!(
        (page.values, page.position),
        (BTreeMap::from([(key, days)]), None)
    );
}

#[tokio::test]
async fn more_than_all_used_leaves_nothing_and_half_a_pair_cannot_be_read() {
    let scripted = Scripted::new([
        (200, r#"{"usagePlanId":"p1","values":{"k1":[[12,-2]]}}"#),
        (200, r#"{"usagePlanId":"p1","values":{"k1":[[12]]}}"#),
        (200, r#"{"usagePlanId":"p1","values":{"../k1":[[1,2]]}}"#),
    ]);
    let gateway = scripted.gateway();
    let (plan, day) = ("p1".parse().unwrap(), date(2026, 9, 1));
    let page = gateway
        .usage(&plan, None, day, day, None, 500)
        .await
        .unwrap();
    assert_eq!(page.values[&"k1".parse().unwrap()], [(12, 0)]);
    for _ in 0..2 {
        let error = gateway
            .usage(&plan, None, day, day, None, 500)
            .await
            .unwrap_err();
        assert!(matches!(error, GatewayError::Unavailable { .. }), "{error}");
    }
}
