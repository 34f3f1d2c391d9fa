//! Customers go on calling while an API comes to be guarded by Latchkey: nobody is refused who
//! has calls left, and nobody gets a second quota (docs/adopt.md).

use latchkey_fake_gateway::Source;

use super::{
    account::{adopt, dry, only_reads, outcomes, reason},
    counting_api::{Api, LIMIT},
};
use crate::support::SECOND;

/// How late GetUsage is, in calls, and how many calls come between two steps.
const RUNS: [(u64, u64); 5] = [(0, 1), (1, 2), (3, 3), (5, 2), (100, 3)];

#[tokio::test]
async fn api_gateway_goes_on_counting_behind_the_authorizer() {
    for (late, calls) in RUNS {
        let mut api = Api::new(late).await;
        api.calls(calls).await;
        dry(&api.admin, "apiGateway").await;
        api.while_calls_come(calls, "apiGateway").await;
        only_reads(&api.fake);

        api.authorizer_in_front().await;
        api.calls_now_and_later(calls).await;
        api.source(Source::Authorizer);
        api.calls_now_and_later(calls).await;
        // And back again, step by step.
        api.source(Source::Header);
        api.calls_now_and_later(calls).await;
        api.authorizer = None;
        api.calls_now_and_later(calls).await;
        api.authorizer_in_front().await;
        api.source(Source::Authorizer);
        api.while_calls_come(calls, "apiGateway").await;

        let admitted = api.calls_until_refused().await;
        assert_eq!(admitted, [LIMIT; 2], "one quota, of API Gateway's");
    }
}

#[tokio::test]
async fn latchkey_comes_to_count() {
    for (late, calls) in RUNS {
        let mut api = Api::new(late).await;
        api.calls(calls).await;
        dry(&api.admin, "dynamodb").await;
        api.while_calls_come(calls, "dynamodb").await;
        api.calls(calls).await;

        api.authorizer_in_front().await;
        api.calls_now_and_later(calls).await;
        // And back again.
        api.authorizer = None;
        api.calls_now_and_later(calls).await;
        api.authorizer_in_front().await;
        api.calls_now_and_later(calls).await;
        api.while_calls_come(calls, "dynamodb").await;
        api.calls_now_and_later(calls).await;
        let untold = api.untold().await;

        api.required = false;
        api.calls_now_and_later(calls).await;
        api.tell_all();
        api.while_calls_come(calls, "dynamodb").await;
        only_reads(&api.fake);
        api.remove_native_keys();
        let answer = adopt(&api.admin, "dynamodb").await;
        assert_eq!(outcomes(&answer, "keys"), [""; 0]);
        one_quota(&mut api, untold).await;
    }
}

#[tokio::test]
async fn latchkey_comes_to_count_what_api_gateway_counted_behind_the_authorizer() {
    for (late, calls) in RUNS {
        let mut api = Api::new(late).await;
        api.while_calls_come(calls, "apiGateway").await;
        api.authorizer_in_front().await;
        api.source(Source::Authorizer);
        api.calls_now_and_later(calls).await;
        let answer = adopt(&api.admin, "dynamodb").await;
        let why = reason(&answer, "gold");
        assert!(why.contains("apiKeySource AUTHORIZER"), "{why}");
        api.calls(calls).await;

        api.source(Source::Header);
        api.calls_now_and_later(calls).await;
        api.while_calls_come(calls, "dynamodb").await;
        // An instance that knows the plan as it was leaves the counting to API Gateway.
        api.calls_now_and_later(calls).await;
        api.while_calls_come(calls, "dynamodb").await;
        let untold = api.untold().await;

        api.required = false;
        api.calls_now_and_later(calls).await;
        api.tell_all();
        api.while_calls_come(calls, "dynamodb").await;
        only_reads(&api.fake);
        api.remove_native_keys();
        adopt(&api.admin, "dynamodb").await;
        one_quota(&mut api, untold).await;
    }
}

#[tokio::test]
async fn whoever_waits_for_get_usage_while_both_count_has_one_quota_exactly() {
    let mut api = Api::new(7).await;
    adopt(&api.admin, "dynamodb").await;
    api.calls(3).await;
    api.authorizer_in_front().await;
    api.calls_now_and_later(5).await;
    assert_eq!(
        api.untold().await,
        [10, 3],
        "what was used before, and is not told yet"
    );
    api.tell_all();
    api.admin.pass(SECOND);
    adopt(&api.admin, "dynamodb").await;
    api.calls_now_and_later(2).await;
    assert_eq!(api.untold().await, [0, 0]);
    api.required = false;
    api.calls_now_and_later(2).await;
    api.remove_native_keys();
    let admitted = api.calls_until_refused().await;
    assert_eq!(admitted, [LIMIT; 2]);
}

/// What was not told when API Gateway stopped counting may come on top, and nothing else.
async fn one_quota(api: &mut Api, untold: [u64; 2]) {
    let admitted = api.calls_until_refused().await;
    for (admitted, untold) in admitted.into_iter().zip(untold) {
        assert!(admitted >= LIMIT, "{admitted}");
        assert!(
            admitted <= LIMIT + untold,
            "{admitted}, {untold} were not told"
        );
    }
}
