//! Each refusal of AWS's as one of ours.

use std::time::Duration;

use latchkey_fake_gateway::{Failure, Moment};
use latchkey_gateway::{Gateway, GatewayError, Missing, NativePlanId, Quota, Tags, client_at};

use crate::{
    scripted::Scripted,
    support::{bare_plan, quick},
};

fn id() -> NativePlanId {
    "p1".parse().unwrap()
}

/// What GetUsagePlan says to a failure of CreateUsagePlan.
async fn after(failure: Failure) -> GatewayError {
    let (fake, gateway) = quick();
    fake.fail_next("CreateUsagePlan", failure);
    let error = gateway.create_plan(&bare_plan("x"), &Tags::new()).await;
    let error = error.unwrap_err();
    gateway
        .create_plan(&bare_plan("x"), &Tags::new())
        .await
        .unwrap();
    error
}

#[tokio::test]
async fn each_kind_is_told_apart() {
    let operation = "CreateUsagePlan";
    assert_eq!(
        after(Failure::Throttled).await,
        GatewayError::Throttled { operation }
    );
    let conflict = after(Failure::Conflict("A text".to_owned())).await;
    let detail = "ConflictException: A text".to_owned();
    assert_eq!(conflict, GatewayError::Conflict { operation, detail });
    let detail = "concurrent modification".to_owned();
    let conflict = after(Failure::ConcurrentModification).await;
    assert_eq!(conflict, GatewayError::Conflict { operation, detail });
    let full = after(Failure::LimitExceeded).await;
    assert_eq!(full, GatewayError::QuotaReached(Quota::UsagePlans));
    let what = Missing::Named;
    let missing = after(Failure::NotFound("Something else".to_owned())).await;
    assert_eq!(missing, GatewayError::NotFound { operation, what });
    let detail = "BadRequestException: no\tgood"
        .to_owned()
        .replace('\t', " ");
    let refused = after(Failure::BadRequest("no\tgood".to_owned())).await;
    assert_eq!(refused, GatewayError::Refused { operation, detail });
}

#[tokio::test]
async fn the_right_that_is_missing_is_in_the_words() {
    let text = "User: arn:aws:sts::1:assumed-role/admin is not authorized to perform: \
                apigateway:POST on resource: arn:aws:apigateway:eu-central-1::/usageplans";
    let refused = after(Failure::AccessDenied(text.to_owned())).await;
    let said = refused.to_string();
    assert!(said.contains("AccessDeniedException") && said.contains("apigateway:POST on"));
    assert!(!refused.passes() && !refused.may_have_happened());
}

#[tokio::test]
async fn what_passes_and_what_may_have_happened() {
    for (failure, passes, may_have_happened) in [
        (Failure::Throttled, true, false),
        (Failure::ConcurrentModification, true, false),
        (Failure::LimitExceeded, false, false),
        (Failure::NotFound(String::new()), false, false),
        (Failure::BadRequest(String::new()), false, false),
        (Failure::Fault, true, true),
        (Failure::NotSent, true, true),
        (Failure::AnswerLost, true, true),
    ] {
        let error = after(failure.clone()).await;
        assert_eq!(error.passes(), passes, "{failure:?}");
        assert_eq!(error.may_have_happened(), may_have_happened, "{failure:?}");
    }
}

#[tokio::test]
async fn a_call_is_made_once_whatever_comes_of_it() {
    for failure in [Failure::Throttled, Failure::Fault, Failure::NotSent] {
        let (fake, gateway) = quick();
        fake.fail_all(Some(failure));
        gateway.plans().await.unwrap_err();
        assert_eq!(fake.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_within_five_seconds_is_none() {
    let (fake, gateway) = quick();
    fake.stop_after(1, Moment::Before);
    let begun = tokio::time::Instant::now();
    let error = gateway.plans().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GetUsagePlans got no answer: it took too long"
    );
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_unavailable_within_a_second_and_tells_why() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gateway = Gateway::new(&client_at(&endpoint, |_| None));
    let within = Duration::from_secs(2);
    let error = tokio::time::timeout(within, gateway.plans()).await.unwrap();
    let said = error.unwrap_err().to_string();
    assert!(said.contains("refused"), "{said}");
}

#[tokio::test]
async fn an_answer_without_a_code_is_told_by_its_status() {
    let scripted = Scripted::new([
        (429, ""),
        (409, "{}"),
        (404, "<html>"),
        (403, r#"{"message":"Missing Authentication Token"}"#),
        (503, "<html>"),
        (200, "<html>"),
        (200, "{}"),
        (200, r#"{"id":"no/id"}"#),
    ]);
    let gateway = scripted.gateway();
    let operation = "CreateUsagePlan";
    let made = async || {
        gateway
            .create_plan(&bare_plan("x"), &Tags::new())
            .await
            .unwrap_err()
    };
    assert_eq!(made().await, GatewayError::Throttled { operation });
    assert!(matches!(made().await, GatewayError::Conflict { .. }));
    assert!(matches!(made().await, GatewayError::NotFound { .. }));
    let detail = "status 403".to_owned();
    assert_eq!(made().await, GatewayError::Refused { operation, detail });
    let detail = "status 503".to_owned();
    assert_eq!(
        made().await,
        GatewayError::Unavailable { operation, detail }
    );
    let detail = "its answer cannot be read".to_owned();
    assert_eq!(
        made().await,
        GatewayError::Unavailable { operation, detail }
    );
    let detail = "its answer has no id".to_owned();
    assert_eq!(
        made().await,
        GatewayError::Unavailable {
            operation,
            detail: detail.clone()
        }
    );
    assert_eq!(
        made().await,
        GatewayError::Unavailable { operation, detail }
    );
}

#[tokio::test]
async fn pages_that_do_not_end_are_an_error() {
    let page = r#"{"item":[],"position":"again"}"#;
    let scripted = Scripted::new([(200, page), (200, page), (200, page)]);
    let error = scripted.gateway().keys_on(&id()).await.unwrap_err();
    let detail = "its pages do not end".to_owned();
    let operation = "GetUsagePlanKeys";
    assert_eq!(error, GatewayError::Unavailable { operation, detail });
    assert_eq!(scripted.sent().len(), 2);
}

#[test]
fn what_is_missing_is_known_by_aws_s_texts() {
    // As people show them.
    let texts = [
        ("Invalid Usage Plan ID specified", Missing::Plan),
        ("Invalid API Key identifier specified", Missing::Key),
        ("Invalid Key identifier specified", Missing::Key),
        (
            "Invalid API identifier specified 123456789012:abc",
            Missing::Api,
        ),
        ("Invalid stage identifier specified", Missing::Stage),
        ("API Stage not found: abc:prod", Missing::Stage),
        ("Invalid Resource identifier specified", Missing::Path),
        ("Invalid Method identifier specified", Missing::Method),
        ("What is this?", Missing::Named),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    for (text, what) in texts {
        let error = runtime.block_on(after(Failure::NotFound(text.to_owned())));
        let operation = "CreateUsagePlan";
        assert_eq!(error, GatewayError::NotFound { operation, what }, "{text}");
    }
}
