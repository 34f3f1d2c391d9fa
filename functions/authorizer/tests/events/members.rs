//! Every member of every event, at each depth, in turn null, absent and empty.

use std::str;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use latchkey_authorizer::{Authorizer, Handled, settings::Settings};
use latchkey_domain::{
    AddressRules, Clock, Key, KeyValue, Plan, PlanStage, Reading, Route, StageSelector, TwinValue,
};
use latchkey_engine::Engine;
use latchkey_store::{Change, Patience, Store, create_table};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::support;

const TABLE: &str = "keys";
const START: Reading = Reading { wall: 0, steady: 0 };
/// Whence none of the events comes.
const ELSEWHERE: &str = "198.51.100.0/24";
/// What none of the events calls.
const NOWHERE: &str = "DELETE /nowhere";

fn change(id: &str) -> Change {
    Change {
        at: START.timestamp(),
        id: format!("{id:0>16}"),
        principal: "arn:aws:iam::123456789012:user/tests".to_owned(),
        source_ip: None,
        receipt: None,
    }
}

/// An authorizer at whose table both keys of the events are on a plan for everything.
async fn authorizer(sources: &str, edit: impl Fn(&mut Key)) -> Authorizer {
    let client = Engine::in_memory().unwrap().client();
    create_table(&client, TABLE).await.unwrap();
    let store = Store::new(&client, TABLE, Patience::Embedded);
    let gold = Plan {
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*").unwrap(),
            methods: vec![],
        }],
        ..Plan::new(
            "gold".parse().unwrap(),
            "gold".parse().unwrap(),
            START.timestamp(),
        )
    };
    store.create_plan(&gold, &change("gold")).await.unwrap();
    for value in [support::generated(), support::custom()] {
        let mut key = Key::new(&value, START.timestamp());
        edit(&mut key);
        let (twin, id) = (TwinValue::generate(&[7; 32]), key.id.to_string());
        let created = store.create_key(&key, &[&gold], &twin, &change(&id)).await;
        created.unwrap();
    }
    let settings = Settings::read(|name| match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        "KEY_SOURCES" => Some(sources.to_owned()),
        _ => None,
    });
    Authorizer::start(settings.unwrap(), store, Clock::new(|| START)).await
}

/// JSON pointers to all that stands inside of a value.
fn places(value: &Value, way: &str, found: &mut Vec<String>) {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, inner)| (escaped(name), inner))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, inner)| (at.to_string(), inner))
            .collect(),
        _ => Vec::new(),
    };
    for (name, inner) in inner {
        let way = format!("{way}/{name}");
        places(inner, &way, found);
        found.push(way);
    }
}

fn without(event: &Value, way: &str) -> Value {
    let mut event = event.clone();
    let (parent, name) = way.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Value::Array(items) => {
            items.remove(name.parse().unwrap());
        }
        _ => unreachable!("{way} leads through a value without members"),
    }
    event
}

fn with(event: &Value, way: &str, other: &Value) -> Value {
    let mut event = event.clone();
    *event.pointer_mut(way).unwrap() = other.clone();
    event
}

/// What is empty in the way that a value is.
fn empty_as(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(json!("")),
        Value::Object(_) => Some(json!({})),
        Value::Array(_) => Some(json!([])),
        _ => None,
    }
}

/// Whether a key's value stands anywhere in an event, coded as a source may have it.
fn has(event: &Value, value: &KeyValue) -> bool {
    let value = value.expose();
    match event {
        Value::Object(members) => members.values().any(|inner| has_text(inner, value)),
        other => has_text(other, value),
    }
}

fn has_text(json: &Value, value: &str) -> bool {
    match json {
        Value::Object(members) => members.values().any(|inner| has_text(inner, value)),
        Value::Array(items) => items.iter().any(|inner| has_text(inner, value)),
        Value::String(text) => {
            let decoded = percent_decode_str(text).decode_utf8_lossy();
            let coded = text.rsplit(' ').next().unwrap_or_default();
            let pair = BASE64_STANDARD.decode(coded).unwrap_or_default();
            let pair = str::from_utf8(&pair).unwrap_or_default();
            text.contains(value) || decoded.contains(value) || pair.contains(value)
        }
        _ => false,
    }
}

/// What goes out, in one text.
fn answered(handled: &Handled) -> String {
    match &handled.answer {
        Ok(answer) => answer.get().to_owned(),
        Err(failure) => failure.to_string(),
    }
}

/// Has each event with each of its members null, absent and empty, and holds that these are one.
async fn each_changed(authorizer: &Authorizer, mut check: impl FnMut(&str, &Value, &Handled)) {
    for folder in ["", "malformed"] {
        for (name, event) in support::events(folder) {
            let event: Value = serde_json::from_str(&event).unwrap();
            let mut ways = Vec::new();
            places(&event, "", &mut ways);
            for way in ways {
                let handle = async |event: &Value| authorizer.handle(&event.to_string()).await;
                let absent = without(&event, &way);
                let of_absent = handle(&absent).await;
                let place = format!("{folder}/{name}, {way}");
                check(&place, &absent, &of_absent);
                // What is no text, map or list where one is needed is not empty in its way.
                let value = event.pointer(&way).filter(|_| folder.is_empty());
                let own = value.and_then(empty_as);
                for other in [json!(null), json!(""), json!({}), json!([])] {
                    let changed = with(&event, &way, &other);
                    let handled = handle(&changed).await;
                    if other.is_null() || Some(&other) == own.as_ref() {
                        assert_eq!(answered(&handled), answered(&of_absent), "{place}: {other}");
                    }
                    check(&place, &changed, &handled);
                }
            }
        }
    }
}

#[tokio::test]
async fn whatever_is_null_absent_or_empty_in_an_event_only_a_key_in_it_passes() {
    for sources in [support::EVERY_SOURCE, "header:x-api-key,bearer"] {
        let authorizer = authorizer(sources, |_| {}).await;
        let (mut passed, mut refused) = (0, 0);
        each_changed(&authorizer, |place, event, handled| {
            let values = [support::generated(), support::custom()];
            let own = values
                .iter()
                .find(|value| handled.log.key_id == Some(value.presented().id));
            if handled.log.allowed {
                assert!(own.is_some_and(|own| has(event, own)), "{place}");
                passed += 1;
            } else {
                refused += 1;
            }
        })
        .await;
        assert!(passed > 1_000 && refused > 1_000, "{passed} and {refused}");
    }
}

/// What a key's rules are held against is not to be had by leaving something away.
#[tokio::test]
async fn whatever_is_null_absent_or_empty_in_an_event_a_key_for_elsewhere_never_passes() {
    let network = AddressRules::parse_network(ELSEWHERE).unwrap();
    let route: Route = NOWHERE.parse().unwrap();
    let by_address = authorizer(support::EVERY_SOURCE, |key| {
        key.allowed_ips = AddressRules::new(vec![network]).ok()
    })
    .await;
    let by_route = authorizer(support::EVERY_SOURCE, |key| {
        key.routes = Some(vec![route.clone()])
    })
    .await;
    for authorizer in [by_address, by_route] {
        let mut met = 0;
        each_changed(&authorizer, |place, _, handled| {
            assert!(!handled.log.allowed, "{place}");
            met += usize::from(handled.log.key_id.is_some());
        })
        .await;
        assert!(met > 1_000, "{met}");
    }
}
