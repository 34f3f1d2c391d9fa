//! The control plane's calls against moto, which `tests/gateway/run` starts; its address is in
//! `LATCHKEY_MOTO_ENDPOINT`. An example and no test, so that `cargo test` neither needs moto
//! nor passes without having asked it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a check fails by panicking and tells what it has checked"
)]

use std::{collections::BTreeMap, process::ExitCode};

use aws_sdk_apigateway::{Client, types::IntegrationType};
use aws_sdk_apigatewayv2::{Client as SecondClient, types::ProtocolType};
use latchkey_domain::Period;
use latchkey_gateway::{
    Gateway, GatewayError, KeySource, Missing, NativeKeyFields, NativePlan, NativePlanId,
    NativeQuota, NativeThrottle, NativeValue, NewNativeKey, Required, Tags, Values, client_at,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Ok(endpoint) = std::env::var("LATCHKEY_MOTO_ENDPOINT") else {
        println!("LATCHKEY_MOTO_ENDPOINT is not set: run tests/gateway/run");
        return ExitCode::FAILURE;
    };
    let client = client_at(&endpoint, |_| None);
    let gateway = Gateway::new(&client);
    let api = rest_api(&Client::new(&client)).await;
    plans(&gateway, &api).await;
    keys(&gateway).await;
    attachments(&gateway).await;
    apis(&gateway, &api).await;
    key_sources(&gateway, &SecondClient::new(&client)).await;
    many(&gateway).await;
    shortfalls(&gateway, &api).await;
    println!("all as expected of moto");
    ExitCode::SUCCESS
}

/// A REST API with `GET /orders`, which requires a key, deployed to the stages `prod` and `test`.
async fn rest_api(client: &Client) -> String {
    let api = client
        .create_rest_api()
        .name("orders")
        .send()
        .await
        .unwrap();
    let api = api.id.unwrap();
    let resources = client
        .get_resources()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    let root = resources.items()[0].id().unwrap();
    let resource = client.create_resource().rest_api_id(&api).parent_id(root);
    let resource = resource.path_part("orders").send().await.unwrap();
    let resource = resource.id.unwrap();
    let method = client.put_method().rest_api_id(&api).resource_id(&resource);
    let method = method
        .http_method("GET")
        .authorization_type("NONE")
        .api_key_required(true);
    method.send().await.unwrap();
    let integration = client.put_integration().rest_api_id(&api);
    let integration = integration.resource_id(&resource).http_method("GET");
    integration
        .r#type(IntegrationType::Mock)
        .send()
        .await
        .unwrap();
    for stage in ["prod", "test"] {
        let deployment = client.create_deployment().rest_api_id(&api);
        deployment.stage_name(stage).send().await.unwrap();
    }
    api
}

fn throttle(rate: f64, burst: i32) -> NativeThrottle {
    NativeThrottle { rate, burst }
}

fn full_plan(api: &str) -> NativePlan {
    let methods = [
        ("//GET".to_owned(), throttle(0.5, 1)),
        ("/orders/GET".to_owned(), throttle(2.0, 4)),
    ];
    NativePlan {
        name: "Gold".to_owned(),
        description: "For those who pay".to_owned(),
        throttle: Some(throttle(10.0, 20)),
        quota: Some(NativeQuota {
            limit: 1000,
            offset: 2,
            period: Period::Week,
        }),
        stages: BTreeMap::from([(format!("{api}:prod"), BTreeMap::from(methods))]),
    }
}

fn tags() -> Tags {
    BTreeMap::from([("latchkey:stack".to_owned(), "demo".to_owned())])
}

async fn plans(gateway: &Gateway, api: &str) {
    let full = full_plan(api);
    let id = gateway.create_plan(&full, &tags()).await.unwrap();
    let found = gateway.plan(&id).await.unwrap().unwrap();
    assert_eq!((&found.plan, &found.tags), (&full, &tags()));
    let listed = gateway.plans().await.unwrap();
    assert!(listed.contains(&found), "{listed:?}");

    let mut wanted = full.clone();
    wanted.name = "Silver".to_owned();
    wanted.description = "Other words".to_owned();
    wanted.throttle = Some(throttle(5.0, 7));
    wanted.stages.insert(format!("{api}:test"), BTreeMap::new());
    step(gateway, &id, &wanted).await;
    wanted.stages.remove(&format!("{api}:test"));
    (wanted.throttle, wanted.quota) = (None, None);
    step(gateway, &id, &wanted).await;
    wanted.throttle = Some(throttle(1.0, 0));
    wanted.description = String::new();
    step(gateway, &id, &wanted).await;

    gateway.delete_plan(&id).await.unwrap();
    assert_eq!(gateway.plan(&id).await, Ok(None));
    let missing = GatewayError::NotFound {
        operation: "UpdateUsagePlan",
        what: Missing::Plan,
    };
    let patches = wanted.patches(&full);
    assert_eq!(gateway.update_plan(&id, &patches).await, Err(missing));
    println!("plans: made, read, patched, deleted");
}

/// One call leads to what is wanted.
async fn step(gateway: &Gateway, id: &NativePlanId, wanted: &NativePlan) {
    let is = gateway.plan(id).await.unwrap().unwrap().plan;
    gateway.update_plan(id, &is.patches(wanted)).await.unwrap();
    let is = gateway.plan(id).await.unwrap().unwrap().plan;
    assert_eq!(&is, wanted);
}

/// Where moto 5.2 falls short of AWS. Whatever it comes to do right fails here, and then
/// belongs to the checks above.
async fn shortfalls(gateway: &Gateway, api: &str) {
    let is_fault = |answer: Result<(), GatewayError>| {
        assert!(
            matches!(answer, Err(GatewayError::Unavailable { .. })),
            "{answer:?}"
        );
    };
    let full = full_plan(api);
    let id = gateway.create_plan(&full, &tags()).await.unwrap();
    let change = async |change: fn(&mut NativePlan)| {
        let mut wanted = full.clone();
        change(&mut wanted);
        gateway.update_plan(&id, &full.patches(&wanted)).await
    };

    // It reads patched rates as whole numbers only, and passes over patches of methods.
    is_fault(change(|plan| plan.throttle = Some(throttle(2.5, 5))).await);
    let of_a_method = |plan: &mut NativePlan| {
        for methods in plan.stages.values_mut() {
            methods.insert("/orders/GET".to_owned(), throttle(3.0, 9));
        }
    };
    change(of_a_method).await.unwrap();
    let found = gateway.plan(&id).await.unwrap().unwrap().plan;
    assert_eq!(found, full);
    // It cannot take off a stage with throttles of methods.
    is_fault(change(|plan| plan.stages.clear()).await);
    // It keeps a patched quota as text, which is no answer of AWS's.
    let unreadable =
        change(|plan| plan.quota = plan.quota.map(|quota| NativeQuota { limit: 7, ..quota }));
    let unreadable = unreadable.await.unwrap_err().to_string();
    assert_eq!(
        unreadable,
        "UpdateUsagePlan got no answer: its answer cannot be read"
    );
    // It deletes a plan that has stages.
    gateway.delete_plan(&id).await.unwrap();
    // It knows no answer to the deletion of what is gone, and lets anything be on anything.
    is_fault(gateway.delete_plan(&id).await);
    let nowhere = "abcdef0123".parse().unwrap();
    let value = NativeValue::new("made-up-value-of-shortfalls");
    let key = gateway.create_key(&new_key("one", &value)).await.unwrap();
    gateway.add_key(&nowhere, &key).await.unwrap();
    gateway.add_key(&nowhere, &key).await.unwrap();
    gateway.remove_key(&nowhere, &key).await.unwrap();
    is_fault(gateway.remove_key(&nowhere, &key).await);
    assert_eq!(
        gateway.keys_on(&"abcdef9876".parse().unwrap()).await,
        Ok(Vec::new())
    );
    gateway.delete_key(&key).await.unwrap();
    // It has no UpdateMethod and no FlushStageAuthorizersCache.
    is_fault(
        gateway
            .require_key(api, "/orders", "GET", false)
            .await
            .map(drop),
    );
    let flushed = gateway.flush_authorizers(api, "prod").await;
    assert!(
        matches!(flushed, Err(GatewayError::NotFound { .. })),
        "{flushed:?}"
    );
    println!("moto's shortfalls are those that are known");
}

fn new_key<'a>(name: &str, value: &'a NativeValue) -> NewNativeKey<'a> {
    NewNativeKey {
        name: name.to_owned(),
        description: Some("words".to_owned()),
        enabled: true,
        value,
        customer_id: Some("acme".to_owned()),
        tags: tags(),
    }
}

async fn keys(gateway: &Gateway) {
    let value = NativeValue::new("made-up-value-0123456789");
    let id = gateway.create_key(&new_key("one", &value)).await.unwrap();
    let found = gateway.key(&id).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.enabled), ("one", true));
    assert_eq!(found.description.as_deref(), Some("words"));
    assert_eq!(found.customer_id.as_deref(), Some("acme"));
    assert_eq!((&found.tags, &found.value), (&tags(), &None));
    let shown = gateway.keys(Values::Shown, Some("one")).await.unwrap();
    assert_eq!(shown[0].value.as_ref(), Some(&value));
    let equal = gateway.create_key(&new_key("two", &value)).await;
    assert!(
        matches!(equal, Err(GatewayError::Conflict { .. })),
        "{equal:?}"
    );
    let short = NativeValue::new("abcdefghij012345678");
    let short = gateway.create_key(&new_key("short", &short)).await;
    assert!(
        matches!(short, Err(GatewayError::Refused { .. })),
        "{short:?}"
    );
    let wanted = NativeKeyFields {
        name: "renamed".to_owned(),
        description: None,
        enabled: false,
        customer_id: Some("other".to_owned()),
    };
    gateway
        .update_key(&id, &found.patches(&wanted))
        .await
        .unwrap();
    let found = gateway.key(&id).await.unwrap().unwrap();
    assert_eq!(found.patches(&wanted), []);
    gateway.delete_key(&id).await.unwrap();
    assert_eq!(gateway.key(&id).await, Ok(None));
    gateway.delete_key(&id).await.unwrap();
    println!("keys: made, read, changed, deleted; an equal value and a short one refused");
}

async fn attachments(gateway: &Gateway) {
    let plan = NativePlan {
        name: "plan".to_owned(),
        ..NativePlan::default()
    };
    let plan = gateway.create_plan(&plan, &Tags::new()).await.unwrap();
    let value = NativeValue::new("made-up-value-0123456789");
    let key = gateway.create_key(&new_key("one", &value)).await.unwrap();
    assert_eq!(gateway.has_key(&plan, &key).await, Ok(false));
    gateway.add_key(&plan, &key).await.unwrap();
    assert_eq!(gateway.has_key(&plan, &key).await, Ok(true));
    assert_eq!(gateway.keys_on(&plan).await, Ok(vec![key.clone()]));
    let no_key = "abcdef0123".parse().unwrap();
    let missing = GatewayError::NotFound {
        operation: "CreateUsagePlanKey",
        what: Missing::Key,
    };
    assert_eq!(gateway.add_key(&plan, &no_key).await, Err(missing));
    gateway.remove_key(&plan, &key).await.unwrap();
    assert_eq!(gateway.has_key(&plan, &key).await, Ok(false));
    assert_eq!(gateway.keys_on(&plan).await, Ok(Vec::new()));
    gateway.delete_key(&key).await.unwrap();
    gateway.delete_plan(&plan).await.unwrap();
    println!("keys on plans: put on, listed, taken off; a key that is not there is told");
}

async fn apis(gateway: &Gateway, api: &str) {
    assert_eq!(gateway.key_source(api).await, Ok(Some(KeySource::Header)));
    let require = |required| gateway.require_key(api, "/orders", "GET", required);
    assert_eq!(require(true).await, Ok(Required { before: true }));
    let missing = |operation, what| Err(GatewayError::NotFound { operation, what });
    let path = gateway.require_key(api, "/order", "GET", true).await;
    assert_eq!(path, missing("GetResources", Missing::Path));
    let method = gateway.require_key(api, "/orders", "PUT", true).await;
    assert_eq!(method, missing("GetMethod", Missing::Method));
    gateway.deploy(api, "beta", "by latchkey").await.unwrap();
    println!("REST APIs: key source, a method that requires a key already, a deployment");
}

async fn key_sources(gateway: &Gateway, client: &SecondClient) {
    let by_authorizer = "$context.authorizer.usageIdentifierKey";
    for (protocol, expression, source) in [
        (ProtocolType::Websocket, None, KeySource::Header),
        (
            ProtocolType::Websocket,
            Some(by_authorizer),
            KeySource::Authorizer,
        ),
        (ProtocolType::Http, None, KeySource::NoUsagePlans),
    ] {
        let api = client.create_api().name("chat").protocol_type(protocol);
        let api = api.set_api_key_selection_expression(expression.map(str::to_owned));
        let id = api.send().await.unwrap().api_id.unwrap();
        assert_eq!(gateway.key_source(&id).await, Ok(Some(source)));
    }
    assert_eq!(gateway.key_source("abcdef0123").await, Ok(None));
    println!("WebSocket and HTTP APIs: key source; an id of no API is told");
}

/// More than two of AWS's pages of the default size; moto's pages are as large as is asked.
async fn many(gateway: &Gateway) {
    for number in 0..60 {
        let value = NativeValue::new(format!("made-up-value-{number:010}"));
        gateway.create_key(&new_key("many", &value)).await.unwrap();
    }
    let found = gateway.keys(Values::Hidden, Some("many")).await.unwrap();
    assert_eq!(found.len(), 60);
    println!("lists: 60 keys, each once");
}
