//! A key, or an answer, of one API used on another.

use latchkey_domain::Reason;
use serde_json::{Value, json, value::to_raw_value};

use crate::world::{World, answer, call_of, keyed, plan};

/// All that an answer's policy names.
fn resources(answer: &Value) -> Vec<&str> {
    let statements = answer["policyDocument"]["Statement"].as_array().unwrap();
    let named = statements
        .iter()
        .flat_map(|statement| match &statement["Resource"] {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        });
    named.map(|arn| arn.as_str().unwrap()).collect()
}

/// An API's id is part of its address and so nobody else's in its Region. Were it, in another
/// Region or partition, the answer opens nothing of the first: API Gateway holds it against
/// the ARN of the call, account and Region included.
#[tokio::test]
async fn an_answer_for_an_api_of_the_same_id_in_another_account_opens_nothing_here() {
    let world = World::new(&[]).await;
    let value = keyed(&world, &plan("gold", None), 1).await;
    for (partition, region, account) in [
        ("aws", "eu-west-1", "210987654321"),
        ("aws", "us-east-1", "123456789012"),
        ("aws-cn", "cn-north-1", "123456789012"),
    ] {
        let own = format!("arn:{partition}:execute-api:{region}:{account}:a1/prod");
        let event = json!({
            "type": "TOKEN", "authorizationToken": value.expose(),
            "methodArn": format!("{own}/GET/orders"),
        });
        let handled = world
            .authorizer
            .handle(to_raw_value(&event).unwrap().get())
            .await;
        let answer = answer(&handled);
        let named = resources(&answer);
        assert!(!named.is_empty());
        for arn in named {
            assert!(arn.starts_with(&format!("{own}/")), "{arn}");
        }
    }
}

/// Ids and stages that begin alike, differ in case, or hold what a policy takes for "any".
#[tokio::test]
async fn no_other_api_or_stage_is_taken_for_the_key_s_own() {
    let world = World::new(&[]).await;
    let value = keyed(&world, &plan("gold", None), 2).await;
    for stage in [
        "a1/production",
        "a1/pro",
        "a1/PROD",
        "A1/prod",
        "a11/prod",
        "a/prod",
        "a1/prod-",
        "prod/a1",
        "a1/$default",
    ] {
        let handled = call_of(
            &world.authorizer,
            value.expose(),
            &format!("{stage}/GET/orders"),
        )
        .await;
        assert_eq!(handled.log.reason, Some(Reason::NoUsagePlan), "{stage}");
    }
    for broken in [
        "a1/*",
        "*/prod",
        "a1/pr?d",
        "a1%2Fprod/x",
        "a1/prod%2Fx",
        "a1//prod",
    ] {
        let handled = call_of(
            &world.authorizer,
            value.expose(),
            &format!("{broken}/GET/orders"),
        )
        .await;
        assert!(!handled.log.allowed, "{broken}");
    }
    assert_eq!(world.reason(value.expose()).await, None);
}

/// API Gateway keeps an answer and asks it about other methods: it does not depend on which
/// one was called, nor on what the path of the call was.
#[tokio::test]
async fn an_answer_that_is_kept_opens_the_same_whatever_call_it_was_given_for() {
    let world = World::new(&[]).await;
    let value = keyed(&world, &plan("gold", None), 3).await;
    let mut kept = Vec::new();
    for call in [
        "GET/orders",
        "DELETE/orders/1",
        "GET/*",
        "GET/orders/*",
        "POST/",
        "GET/a:b/../*",
    ] {
        let handled = call_of(
            &world.authorizer,
            value.expose(),
            &format!("a1/prod/{call}"),
        )
        .await;
        let answer = answer(&handled);
        kept.push(resources(&answer).join(" "));
    }
    kept.dedup();
    assert_eq!(
        kept,
        ["arn:aws:execute-api:eu-west-1:123456789012:a1/prod/*"]
    );
}
