//! Plans that API Gateway counts: the authorizer says by what, and writes nothing.

use latchkey_domain::{Enforcement, Key, KeyValue, NativeKeyValue, Plan, Reason};
use serde_json::{Value, json, value::to_raw_value};

use crate::world::{World, answer, call, change, key, plan, record, twin, value};

/// Kinds of event on APIs that have usage plans of their own, and on those that have none.
const WITH_PLANS: [&str; 3] = ["REQUEST", "TOKEN", "connect"];
const WITHOUT_PLANS: [&str; 2] = ["1.0", "2.0"];

fn native(id: &str, quota: Option<u64>) -> Plan {
    Plan {
        enforcement: Enforcement::ApiGateway,
        ..plan(id, quota)
    }
}

/// A world with one such plan, and a key of this value on it.
async fn world_with(plan: &Plan, value: &KeyValue, native_value: NativeKeyValue) -> World {
    let world = World::new(&[("DENY_FOR", "all")]).await;
    world.store.create_plan(plan, &change()).await.unwrap();
    let key = Key {
        native_value,
        ..key(value)
    };
    put(&world, &key, &[plan]).await;
    world
}

async fn put(world: &World, key: &Key, plans: &[&Plan]) {
    let created = world.store.create_key(key, plans, &twin(), &change()).await;
    created.unwrap();
}

/// An event of a kind with a key where that kind has it.
fn event(kind: &str, sent: &str) -> Value {
    let arn = |call: &str| format!("arn:aws:execute-api:eu-west-1:123456789012:a1/prod/{call}");
    let orders = arn("GET/orders");
    match kind {
        "TOKEN" => json!({"type": kind, "methodArn": orders, "authorizationToken": sent}),
        "REQUEST" => {
            json!({"type": kind, "methodArn": orders, "headers": {"X-Api-Key": sent}})
        }
        "connect" => {
            json!({"type": "REQUEST", "methodArn": arn("$connect"), "headers": {"X-Api-Key": sent}})
        }
        "1.0" => json!({"version": kind, "methodArn": orders, "headers": {"X-Api-Key": sent}}),
        _ => json!({"version": kind, "routeArn": orders, "headers": {"x-api-key": sent}}),
    }
}

async fn answered(world: &World, kind: &str, sent: &str) -> Value {
    let event = to_raw_value(&event(kind, sent)).unwrap();
    answer(&world.authorizer.handle(event.get()).await)
}

/// What the table has of a key.
async fn written(world: &World, value: &KeyValue) -> String {
    let snapshot = world.store.key_snapshot(value.presented().id).await;
    format!("{:?}", snapshot.unwrap())
}

#[tokio::test]
async fn a_key_is_counted_by_its_twin_and_nothing_is_told_of_what_is_left() {
    let value = value(1);
    let world = world_with(&native("gold", Some(1)), &value, NativeKeyValue::Internal).await;
    let before = written(&world, &value).await;
    for kind in WITH_PLANS {
        let answer = answered(&world, kind, value.expose()).await;
        assert_eq!(answer["usageIdentifierKey"], twin().expose(), "{kind}");
        let context = json!({
            "keyId": value.presented().id.to_string(), "keyName": "Acme", "planId": "gold",
        });
        assert_eq!(answer["context"], context, "{kind}");
    }
    assert_eq!(written(&world, &value).await, before, "nothing is charged");
}

#[tokio::test]
async fn a_header_key_is_counted_by_the_value_that_was_just_sent() {
    let custom = r#"a-"custom"\value\u0041-'of'-a-test"#;
    let value = KeyValue::custom(custom).unwrap();
    let world = world_with(&native("gold", None), &value, NativeKeyValue::Header).await;
    for kind in WITH_PLANS {
        let answer = answered(&world, kind, &format!(" {custom}\r\n")).await;
        assert_eq!(answer["usageIdentifierKey"], custom, "{kind}");
    }
    let bearer = answered(&world, "TOKEN", &format!("Bearer  {custom}")).await;
    assert_eq!(bearer["usageIdentifierKey"], custom);
    let handled = call(&world.authorizer, custom, "a1", "prod").await;
    assert!(format!("{:?}", world.authorizer).len() > 100);
    for shown in [format!("{handled:?}"), format!("{:?}", world.authorizer)] {
        assert!(!shown.contains("u0041"), "a debug print shows the value");
    }
}

#[tokio::test]
async fn http_apis_have_no_such_plans() {
    for simple in ["policy", "simple"] {
        let world = World::new(&[("HTTP_RESPONSE", simple)]).await;
        let gold = native("gold", None);
        world.store.create_plan(&gold, &change()).await.unwrap();
        let (internal, header) = (value(2), value(3));
        put(&world, &key(&internal), &[&gold]).await;
        let key = Key {
            native_value: NativeKeyValue::Header,
            ..key(&header)
        };
        put(&world, &key, &[&gold]).await;
        for (kind, value) in WITHOUT_PLANS.iter().zip([&internal, &header]) {
            let answer = answered(&world, kind, value.expose()).await;
            assert_eq!(answer["context"]["reason"], "no_usage_plan", "{kind}");
            assert_eq!(answer.get("usageIdentifierKey"), None, "{kind}");
        }
    }
}

#[tokio::test]
async fn the_twin_s_value_opens_nothing() {
    let value = value(4);
    let world = world_with(&native("gold", None), &value, NativeKeyValue::Internal).await;
    assert_eq!(world.reason(value.expose()).await, None);
    let sent = call(&world.authorizer, twin().expose(), "a1", "prod").await;
    assert_eq!(sent.log.reason, Some(Reason::UnknownKey));
    assert_eq!(sent.answer.unwrap_err().to_string(), "Unauthorized");
}

#[tokio::test]
async fn a_refused_key_is_counted_by_nothing() {
    let gold = native("gold", None);
    for native_value in [NativeKeyValue::Internal, NativeKeyValue::Header] {
        let value = value(5);
        let world = world_with(&gold, &value, native_value).await;
        let before = world.store.key(value.presented().id).await;
        let before = before.unwrap().unwrap();
        let after = Key {
            enabled: false,
            revision: before.key.revision + 1,
            ..before.key.clone()
        };
        let changed = world
            .store
            .update_key(&before, &after, &[], &change())
            .await;
        changed.unwrap();
        for kind in WITH_PLANS {
            let answer = answered(&world, kind, value.expose()).await;
            assert_eq!(answer["context"]["reason"], "key_disabled", "{kind}");
            assert_eq!(answer.get("usageIdentifierKey"), None, "{kind}");
        }
    }
}

#[tokio::test]
async fn each_stage_of_a_key_is_counted_by_its_own_plan() {
    let value = value(6);
    let gold = native("gold", Some(9));
    let world = world_with(&gold, &value, NativeKeyValue::Internal).await;
    let mut own = plan("own", Some(9));
    own.stages[0].selector = latchkey_domain::StageSelector::new("a1", "test").unwrap();
    world.store.create_plan(&own, &change()).await.unwrap();
    let found = world.store.key(value.presented().id).await;
    let found = found.unwrap().unwrap();
    let attached = world.store.attach(&found, &own, &twin(), &change()).await;
    attached.unwrap();
    let elsewhere = answer(&call(&world.authorizer, value.expose(), "a1", "test").await);
    assert_eq!(elsewhere["context"]["quotaRemaining"], "8");
    assert_eq!(elsewhere.get("usageIdentifierKey"), None);
    let here = answer(&call(&world.authorizer, value.expose(), "a1", "prod").await);
    assert_eq!(here["usageIdentifierKey"], twin().expose());
    assert_eq!(here["context"].get("quotaLimit"), None);
}

/// The policy is kept for calls that nobody decides on: it opens the key's routes and no more.
#[tokio::test]
async fn the_policy_opens_the_key_s_routes_on_this_stage_and_no_more() {
    let value = value(7);
    let gold = native("gold", None);
    let world = World::new(&[]).await;
    world.store.create_plan(&gold, &change()).await.unwrap();
    let routes = ["GET /orders", "POST /reports/*"].map(|rule| rule.parse().unwrap());
    let key = Key {
        routes: Some(routes.to_vec()),
        ..key(&value)
    };
    assert_eq!(gold.not_held(&key), []);
    put(&world, &key, &[&gold]).await;
    let stage = "arn:aws:execute-api:eu-west-1:123456789012:a1/prod";
    let answer = answered(&world, "REQUEST", value.expose()).await;
    let opened = json!([
        format!("{stage}/GET/orders"),
        format!("{stage}/POST/reports/*")
    ]);
    assert_eq!(
        answer["policyDocument"]["Statement"],
        json!([{"Action": ["execute-api:Invoke"], "Effect": "Allow", "Resource": opened}])
    );
}

/// Plans are remembered for 30 seconds. One that was deleted and made again under its id may
/// be counted by another meanwhile.
#[tokio::test]
async fn a_plan_made_again_that_another_counts_is_seen_with_the_key() {
    for (before, after) in [
        (native("gold", None), plan("gold", Some(9))),
        (plan("gold", Some(9)), native("gold", None)),
    ] {
        let known = value(8);
        let world = world_with(&before, &known, NativeKeyValue::Internal).await;
        assert_eq!(world.reason(known.expose()).await, None);
        let found = async || {
            let found = world.store.key(known.presented().id).await;
            found.unwrap().unwrap()
        };
        let detached = world
            .store
            .detach(&found().await, &before, &[], &change())
            .await;
        detached.unwrap();
        world.store.delete_plan(&before, &change()).await.unwrap();
        let after = Plan {
            version: before.version + 1,
            ..after
        };
        world.store.create_plan(&after, &change()).await.unwrap();
        let fresh = value(9);
        put(&world, &key(&fresh), &[&after]).await;
        let attached = world
            .store
            .attach(&found().await, &after, &twin(), &change())
            .await;
        attached.unwrap();
        world.pass(10);

        let counts = after.enforcement == Enforcement::DynamoDb;
        for value in [fresh, known] {
            let answer = answer(&call(&world.authorizer, value.expose(), "a1", "prod").await);
            assert_eq!(
                answer.get("usageIdentifierKey").is_none(),
                counts,
                "{answer}"
            );
            let limit = answer["context"].get("quotaLimit").is_some();
            assert_eq!(limit, counts, "{answer}");
        }
    }
}

/// No change leaves a key so; were there one, its calls would be refused as uncounted ones.
#[tokio::test]
async fn a_key_without_a_twin_is_unavailable_and_looked_at_again_each_time() {
    let (before, value) = (plan("gold", None), value(10));
    let world = world_with(&before, &value, NativeKeyValue::Internal).await;
    let gold = Plan {
        version: before.version + 1,
        ..native("gold", None)
    };
    let updated = world
        .store
        .update_plan(&record(&before), &gold, &change())
        .await;
    updated.unwrap();
    for kind in WITH_PLANS {
        let event = to_raw_value(&event(kind, value.expose())).unwrap();
        let handled = world.authorizer.handle(event.get()).await;
        assert_eq!(handled.log.reason, Some(Reason::Unavailable), "{kind}");
        assert_eq!(handled.answer.unwrap_err().to_string(), "Unavailable");
    }
    let found = async || {
        let found = world.store.key(value.presented().id).await;
        found.unwrap().unwrap()
    };
    let detached = world
        .store
        .detach(&found().await, &gold, &[], &change())
        .await;
    detached.unwrap();
    let attached = world
        .store
        .attach(&found().await, &gold, &twin(), &change())
        .await;
    attached.unwrap();
    let answer = answered(&world, "REQUEST", value.expose()).await;
    assert_eq!(answer["usageIdentifierKey"], twin().expose());
}
