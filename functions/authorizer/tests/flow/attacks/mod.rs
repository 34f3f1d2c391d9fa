//! Attacks on the authorizer, each a test that is named after what comes of it.
//! docs/reliability.md has the list.

mod elsewhere;
mod gate;
mod made_up;
mod revoked;
mod smuggled;
mod stolen;
mod timing;

use latchkey_authorizer::Handled;
use latchkey_domain::{Key, Plan};
use serde_json::{Value, json, value::to_raw_value};

use crate::world::{World, change, twin};

/// The kinds of event that have headers.
const WITH_HEADERS: [&str; 4] = ["REQUEST", "connect", "1.0", "2.0"];

/// An event of one of those kinds, for `GET /orders` of a1:prod where the kind has a path.
fn event(kind: &str, headers: &Value) -> Value {
    let arn = |call: &str| format!("arn:aws:execute-api:eu-west-1:123456789012:a1/prod/{call}");
    let (orders, connect) = (arn("GET/orders"), arn("$connect"));
    match kind {
        "REQUEST" => json!({
            "type": kind, "methodArn": orders, "resource": "/{proxy+}", "headers": headers,
            "requestContext": {"identity": {"sourceIp": "192.0.2.1"}},
        }),
        "connect" => json!({
            "type": "REQUEST", "methodArn": connect, "headers": headers,
            "requestContext": {"identity": {"sourceIp": "192.0.2.1"}},
        }),
        "1.0" => json!({
            "version": kind, "methodArn": orders, "headers": headers,
            "requestContext": {"identity": {"sourceIp": "192.0.2.1"}},
        }),
        _ => json!({
            "version": kind, "routeArn": orders, "headers": headers,
            "requestContext": {"http": {"sourceIp": "192.0.2.1"}},
        }),
    }
}

async fn sent(world: &World, event: &Value) -> Handled {
    world
        .authorizer
        .handle(to_raw_value(event).unwrap().get())
        .await
}

/// Writes a key onto plans that are there.
async fn put(world: &World, key: &Key, plans: &[&Plan]) {
    let created = world.store.create_key(key, plans, &twin(), &change()).await;
    created.unwrap();
}
