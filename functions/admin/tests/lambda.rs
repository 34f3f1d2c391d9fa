//! From API Gateway's event to the function's answer: through lambda_http, and through the
//! binary that is deployed.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

use axum::Router;
use lambda_http::{
    Adapter, LambdaEvent, Service as _, lambda_runtime::Context, request::LambdaRequest,
};
use latchkey_engine::Engine;
use latchkey_runtime_api::{Answer as FunctionAnswer, Function, FunctionError};
use latchkey_store::create_table;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Admin, CALLER, TABLE};

pub(crate) const ADMIN: &str = env!("CARGO_BIN_EXE_admin");

/// A signed POST of a plan, as API Gateway sends it.
pub(crate) fn create_plan() -> Value {
    serde_json::from_str(include_str!("events/create-plan.json")).unwrap()
}

/// Another call by the same caller.
pub(crate) fn call(method: &str, path: &str, query: &[(&str, &str)]) -> Value {
    let mut event = create_plan();
    event["httpMethod"] = method.into();
    event["requestContext"]["httpMethod"] = method.into();
    event["path"] = path.into();
    event["requestContext"]["path"] = format!("/admin{path}").into();
    match path.strip_prefix('/').filter(|proxy| !proxy.is_empty()) {
        Some(proxy) => event["pathParameters"] = json!({ "proxy": proxy }),
        None => {
            event["resource"] = "/".into();
            event["requestContext"]["resourcePath"] = "/".into();
            event["pathParameters"] = Value::Null;
        }
    }
    event["body"] = Value::Null;
    if !query.is_empty() {
        event["queryStringParameters"] = query.iter().copied().collect();
        let all = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!([value])));
        event["multiValueQueryStringParameters"] = Value::Object(all.collect());
    }
    event
}

pub(crate) async fn invoke(router: &Router, event: &Value) -> Value {
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
    let answer = Adapter::from(router.clone()).call(LambdaEvent::new(request, Context::default()));
    serde_json::to_value(answer.await.unwrap()).unwrap()
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_of_api_gateway_is_answered_as_it_wants() {
    let admin = Admin::start().await;
    insta::assert_json_snapshot!("create_plan", invoke(&admin.router, &create_plan()).await);
    let items = admin.items().await;
    let audit = items
        .iter()
        .find(|item| item.contains_key("principal"))
        .unwrap();
    let text = |name: &str| audit[name].as_s().unwrap().as_str();
    assert_eq!((text("principal"), text("sourceIp")), (CALLER, "192.0.2.1"));
}

/// lambda_http puts the stage before the path; whether it does is the environment's to say.
#[tokio::test]
async fn the_stage_is_never_in_the_path() {
    let admin = Admin::start().await;
    for (stage, path, status) in [
        (json!("admin"), "/v1/plans", 200),
        (json!("v1"), "/v1/plans", 200),
        (json!("$default"), "/v1/plans", 200),
        (json!(null), "/v1/plans", 200),
        (json!("admin"), "/admin/v1/plans", 404),
        (json!("admin"), "/adminv1/plans", 404),
        (json!("admin"), "/admin", 404),
        (json!("admin"), "/", 404),
    ] {
        let mut event = call("GET", path, &[]);
        event["requestContext"]["stage"] = stage.clone();
        let answer = invoke(&admin.router, &event).await;
        assert_eq!(answer["statusCode"], status, "{stage} {path}");
        // The same from an API whose resources name each path.
        event["pathParameters"] = Value::Null;
        let answer = invoke(&admin.router, &event).await;
        assert_eq!(answer["statusCode"], status, "{stage} {path} by itself");
    }
}

/// A custom domain with a base path: the event has it in both of its paths.
#[tokio::test]
async fn a_base_path_is_never_in_the_path() {
    let admin = Admin::start().await;
    let create: Value =
        serde_json::from_str(include_str!("events/create-plan-on-custom-domain.json")).unwrap();
    let answer = invoke(&admin.router, &create).await;
    assert_eq!(answer["statusCode"], 201, "{answer}");
    let id = body(&answer)["id"].as_str().unwrap().to_owned();
    assert_eq!(
        answer["multiValueHeaders"]["location"][0],
        format!("plans/{id}")
    );
    let get = |path: &str, resource: &str, proxy: &str| {
        let mut event = create.clone();
        event["httpMethod"] = "GET".into();
        event["path"] = path.into();
        event["resource"] = resource.into();
        event["requestContext"]["resourcePath"] = resource.into();
        event["pathParameters"] = json!({ "proxy": proxy });
        event["body"] = Value::Null;
        event
    };
    let plan = format!("v1/plans/{id}");
    for (path, resource, proxy, status) in [
        ("/keys/v1/plans", "/{proxy+}", "v1/plans", 200),
        ("/keys/v1/plans/x", "/{proxy+}", plan.as_str(), 200),
        ("/keys/health", "/{proxy+}", "health", 200),
        // A mapping without a stage, or one named as a path of the API is.
        ("/keys/admin/v1/plans", "/{proxy+}", "v1/plans", 200),
        ("/v1/v1/plans", "/{proxy+}", "v1/plans", 200),
        ("/keys/v1/plans", "/v1/{proxy+}", "plans", 200),
        ("/keys/admin/v1/plans", "/{proxy+}", "admin/v1/plans", 404),
        ("/keys/more/v1/plans", "/more/{proxy+}", "v1/plans", 404),
        // Nothing is decoded a second time, and nothing of it becomes a query.
        ("/keys/v1/plans", "/{proxy+}", "v1/%70lans", 404),
        ("/keys/v1/plans", "/{proxy+}", "v1/plans?limit=0", 404),
        ("/keys/v1/plans", "/{proxy+}", "v1/plans#é \n", 404),
    ] {
        let answer = invoke(&admin.router, &get(path, resource, proxy)).await;
        assert_eq!(answer["statusCode"], status, "{path} {resource} {proxy}");
    }
    let mut query = get("/keys/v1/plans", "/{proxy+}", "v1/plans");
    query["queryStringParameters"] = json!({"limit": "0"});
    query["multiValueQueryStringParameters"] = json!({"limit": ["0"]});
    let answer = invoke(&admin.router, &query).await;
    assert_eq!(answer["statusCode"], 400, "the query comes along");
    assert_eq!(body(&answer)["errors"][0]["parameter"], "limit");
}

#[tokio::test]
async fn the_query_comes_whole() {
    let admin = Admin::start().await;
    for _ in 0..2 {
        invoke(&admin.router, &create_plan()).await;
    }
    let first = body(&invoke(&admin.router, &call("GET", "/v1/plans", &[("limit", "1")])).await);
    let cursor = first["cursor"].as_str().unwrap();
    let next = call("GET", "/v1/plans", &[("limit", "1"), ("cursor", cursor)]);
    let next = body(&invoke(&admin.router, &next).await);
    assert_ne!(first["items"], next["items"]);
    let odd = call("GET", "/v1/plans", &[("a b&c=d", "é")]);
    let odd = body(&invoke(&admin.router, &odd).await);
    assert_eq!(odd["errors"][0]["parameter"], "a b&c=d");
}

/// Policies name paths as they are sent: one that is encoded would get around a Deny.
#[tokio::test]
async fn an_encoded_path_is_no_path_of_the_api() {
    let admin = Admin::start().await;
    let mut event = call("GET", "/v1/export", &[]);
    assert_eq!(invoke(&admin.router, &event).await["statusCode"], 200);
    event["requestContext"]["path"] = "/admin/v1/%65xport".into();
    let answer = invoke(&admin.router, &event).await;
    assert_eq!(body(&answer)["type"], "/problems/unknown-path");
}

/// An event has its parameters in no order: each time they come in another one.
#[tokio::test]
async fn a_request_is_the_same_in_whatever_order_its_parameters_come() {
    let admin = Admin::start().await;
    let query = [("onError", "valid"), ("dryRun", "false")];
    let mut event = call("POST", "/v1/import", &query);
    event["body"] = "name\nAcme\n".into();
    for (name, value) in [("Content-Type", "text/csv"), ("Idempotency-Key", "k")] {
        event["headers"][name] = value.into();
        event["multiValueHeaders"][name] = json!([value]);
    }
    let first = invoke(&admin.router, &event).await;
    assert_eq!(first["statusCode"], 200, "{first}");
    for _ in 0..10 {
        let again = invoke(&admin.router, &event).await;
        assert_eq!(again["body"], first["body"]);
    }
}

#[tokio::test]
async fn without_an_identity_nothing_is_changed() {
    let admin = Admin::start().await;
    for identity in [
        json!({}),
        json!({"userArn": null}),
        json!({"userArn": ""}),
        json!({"sourceIp": "192.0.2.1"}),
    ] {
        let mut event = create_plan();
        event["requestContext"]["identity"] = identity;
        let answer = invoke(&admin.router, &event).await;
        assert_eq!(
            (&answer["statusCode"], &body(&answer)["type"]),
            (&json!(403), &json!("/problems/no-identity"))
        );
    }
    assert!(admin.items().await.is_empty());
}

/// The function itself, with a table behind a port.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_serves_the_admin_api() {
    let engine = Engine::in_memory().unwrap();
    create_table(&engine.client(), TABLE).await.unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { engine.serve(listener, std::future::pending()).await });
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
        ("LOG_LEVEL", "trace"),
    ];
    for ignore_stage in [&[("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true")][..], &[]] {
        let environment = settings.iter().chain(ignore_stage).copied();
        let function = Function::start(ADMIN, environment).await.unwrap();
        let answered = |answer: FunctionAnswer| match answer {
            FunctionAnswer::Response(answer) => answer,
            other => panic!("{other:?}"),
        };
        let plan = answered(function.invoke(create_plan().to_string()).await.unwrap());
        assert_eq!(plan["statusCode"], 201, "{plan}");
        let mut create_key = call("POST", "/v1/keys", &[]);
        create_key["body"] = json!({"planIds": [body(&plan)["id"]]}).to_string().into();
        let key = body(&answered(
            function.invoke(create_key.to_string()).await.unwrap(),
        ));
        let value = key["value"].as_str().unwrap();
        let shown = call(
            "GET",
            &format!("/v1/keys/{}", key["id"].as_str().unwrap()),
            &[],
        );
        let shown = answered(function.invoke(shown.to_string()).await.unwrap());
        assert_eq!(body(&shown)["planIds"], key["planIds"]);
        let ended = function.stop().await.unwrap();
        assert!(ended.output.contains(r#""status":201"#), "{}", ended.output);
        assert!(!ended.output.contains(value) && !ended.output.contains(&value[24..]));
    }
    serving.abort();
}

#[tokio::test]
async fn wrong_settings_stop_the_start_with_their_names() {
    let environment = [("LOG_LEVEL", "loud"), ("TABLE_NAME", "a")];
    let Err(FunctionError::Ended(ended)) = Function::start(ADMIN, environment).await else {
        panic!("it started");
    };
    assert!(!ended.status.success());
    for name in ["TABLE_NAME", "LOG_LEVEL"] {
        assert!(ended.output.contains(name), "{}", ended.output);
    }
    // It is not as if they were absent: the default level, and another table's refusal.
    let binary = OsStr::from_bytes(b"keys\xff");
    let environment = [("LOG_LEVEL", binary), ("TABLE_NAME", binary)];
    let Err(FunctionError::Ended(ended)) = Function::start(ADMIN, environment).await else {
        panic!("it started");
    };
    for name in ["TABLE_NAME is ", "LOG_LEVEL is "] {
        assert!(ended.output.contains(name), "{}", ended.output);
    }
    let missing = [("TABLE_NAME", "keys"), ("AWS_REGION", "")];
    let Err(FunctionError::Ended(ended)) = Function::start(ADMIN, missing).await else {
        panic!("it started");
    };
    assert!(ended.output.contains("AWS_REGION"), "{}", ended.output);
}
