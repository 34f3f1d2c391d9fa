//! REST APIs: caches, methods, deployments.

use latchkey_fake_gateway::{Deployment, Flush};
use latchkey_gateway::{GatewayError, Missing, Required};

use crate::support::quick;

#[tokio::test]
async fn a_stage_s_cache_is_flushed() {
    let (fake, gateway) = quick();
    gateway.flush_authorizers("a1", "prod").await.unwrap();
    let flush = Flush {
        api: "a1".to_owned(),
        stage: "prod".to_owned(),
    };
    assert_eq!(fake.flushes(), [flush]);
    for (api, stage, what) in [("a1", "gone", Missing::Stage), ("a9", "prod", Missing::Api)] {
        let missing = GatewayError::NotFound {
            operation: "FlushStageAuthorizersCache",
            what,
        };
        assert_eq!(gateway.flush_authorizers(api, stage).await, Err(missing));
    }
}

#[tokio::test]
async fn an_api_is_deployed_to_a_stage_that_may_be_new() {
    let (fake, gateway) = quick();
    let id = gateway.deploy("a1", "beta", "by latchkey").await.unwrap();
    let deployment = Deployment {
        id,
        api: "a1".to_owned(),
        stage: "beta".to_owned(),
        description: "by latchkey".to_owned(),
    };
    assert_eq!(fake.deployments(), [deployment]);
    gateway.flush_authorizers("a1", "beta").await.unwrap();
    assert!(gateway.deploy("a9", "beta", "").await.is_err());
}

#[tokio::test]
async fn a_method_comes_to_require_a_key_and_is_not_changed_where_it_does() {
    let (fake, gateway) = quick();
    for number in 0..60 {
        fake.set_method("a1", &format!("/filler/{number}"), "GET", false);
    }
    fake.set_method("a1", "/orders/{id}", "POST", false);
    let updates = || {
        let calls = fake.calls();
        calls
            .iter()
            .filter(|call| call.operation == "UpdateMethod")
            .count()
    };
    let require = |required| gateway.require_key("a1", "/orders/{id}", "POST", required);
    assert_eq!(require(true).await, Ok(Required { before: false }));
    assert_eq!(fake.requires_key("a1", "/orders/{id}", "POST"), Some(true));
    assert_eq!(
        (require(true).await, updates()),
        (Ok(Required { before: true }), 1)
    );
    assert_eq!(
        (require(false).await, updates()),
        (Ok(Required { before: true }), 2)
    );
    assert_eq!(fake.requires_key("a1", "/orders/{id}", "POST"), Some(false));
}

#[tokio::test]
async fn what_is_missing_is_told_by_api_path_and_method() {
    let (fake, gateway) = quick();
    fake.set_method("a1", "/orders", "GET", false);
    for (api, path, method, operation, what) in [
        ("a9", "/orders", "GET", "GetResources", Missing::Api),
        ("a1", "/order", "GET", "GetResources", Missing::Path),
        ("a1", "/orders", "PUT", "GetMethod", Missing::Method),
    ] {
        let missing = GatewayError::NotFound { operation, what };
        let answer = gateway.require_key(api, path, method, true).await;
        assert_eq!(answer, Err(missing));
    }
}
