//! Whole events through the whole authorizer.

use std::{net::IpAddr, sync::LazyLock};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use latchkey_authorizer::{Authorizer, Handled, settings::Settings};
use latchkey_domain::{
    AddressRules, Clock, Key, KeyValue, Plan, PlanStage, Prefix, RANDOM_BYTES, Reading, Reason,
    StageSelector, TwinValue,
};
use latchkey_store::Change;
use percent_encoding::percent_decode_str;
use serde_json::{Value, value::RawValue};
use tokio::runtime::{Builder, Runtime};

use crate::{
    called::Called,
    json::{Texts, drop_nulls, has_null},
    records::Records,
    text,
};

/// 2026-11-25T12:00:00Z.
pub(crate) const NOON: i64 = 1_795_608_000_000_000_000;
/// The longest answer that API Gateway takes.
const MAX_ANSWER_BYTES: usize = 8 * 1024;
/// The longest ARN that it takes.
const MAX_ARN_LEN: usize = 512;

/// The generated key value in the events of tests/fixtures/events.
pub(crate) fn generated() -> KeyValue {
    KeyValue::generate(&Prefix::default(), &[0x5a; RANDOM_BYTES])
}

/// The custom key value in them.
pub(crate) fn custom() -> KeyValue {
    KeyValue::custom("an-old-key-of-a-customer").unwrap()
}

pub(crate) fn clock() -> Clock {
    Clock::new(|| Reading {
        wall: NOON,
        steady: NOON,
    })
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::from_nanosecond(NOON.into()).unwrap()
}

pub(crate) fn change(id: &str) -> Change {
    Change {
        at: noon(),
        id: id.to_owned(),
        principal: "arn:aws:iam::123456789012:user/ops".to_owned(),
        source_ip: None,
        receipt: None,
    }
}

/// Two keys on a plan that covers everything: the generated one may all, the custom one is
/// for `/orders/{id}` and one network.
pub(crate) async fn fill(records: &Records) {
    let store = records.store();
    let plan = Plan {
        stages: vec![PlanStage {
            selector: StageSelector::new("*", "*").unwrap(),
            methods: vec![],
        }],
        ..Plan::new("all".parse().unwrap(), "all".parse().unwrap(), noon())
    };
    store.create_plan(&plan, &change("plan")).await.unwrap();
    let network = AddressRules::parse_network("192.0.2.0/24").unwrap();
    let narrow = Key {
        routes: Some(vec!["GET /orders/{id}".parse().unwrap()]),
        allowed_ips: AddressRules::new(vec![network]).ok(),
        ..Key::new(&custom(), noon())
    };
    let twin = TwinValue::generate(&[7; 32]);
    for (name, key) in [("wide", Key::new(&generated(), noon())), ("narrow", narrow)] {
        let made = store.create_key(&key, &[&plan], &twin, &change(name)).await;
        made.unwrap();
    }
    records.seal();
}

/// An authorizer with some settings.
struct World {
    runtime: Runtime,
    authorizer: Authorizer,
}

impl World {
    fn new(set: &[(&str, &str)]) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let settings = Settings::read(|name| {
            let all = [("TABLE_NAME", "latchkey")]
                .into_iter()
                .chain(set.iter().copied());
            all.filter(|(own, _)| *own == name)
                .map(|(_, value)| value.to_owned())
                .next_back()
        });
        let authorizer = runtime.block_on(async {
            let records = Records::default();
            fill(&records).await;
            Authorizer::start(settings.unwrap(), records.store(), clock()).await
        });
        Self {
            runtime,
            authorizer,
        }
    }

    fn handle(&self, event: &RawValue) -> Handled {
        self.runtime.block_on(self.authorizer.handle(event.get()))
    }
}

thread_local! {
    static WORLDS: LazyLock<[World; 2]> = LazyLock::new(|| [
        World::new(&[]),
        World::new(&[
            ("KEY_SOURCES", "header:x-api-key,bearer,basic,query:key,websocket-protocol:key."),
            ("DENY_FOR", "all"),
            ("HTTP_RESPONSE", "simple"),
            ("LEASE_MAX", "1"),
        ]),
    ]);
}

/// Any JSON as an event. The answer is one that API Gateway takes and shows no key value; a
/// call passes only with the value of a key in its event; and what is null might as well be
/// left out.
pub fn event(data: &[u8]) {
    let Some(event) = text(data).and_then(|text| RawValue::from_string(text.to_owned()).ok())
    else {
        return;
    };
    WORLDS.with(|worlds| {
        for world in worlds.iter() {
            hold(&event, &world.handle(&event));
            hold_without_nulls(world, &event);
        }
    });
}

fn hold(event: &RawValue, handled: &Handled) {
    let shown = format!("{handled:?}");
    let is_allowed = handled.log.allowed;
    let answer = handled.answer.as_ref();
    if let Ok(answer) = answer {
        let text = answer.get();
        assert!(text.len() <= MAX_ANSWER_BYTES, "{} bytes", text.len());
        let answer: Value = serde_json::from_str(text).unwrap();
        assert!(!has_null(&answer), "{text}");
        let context = answer["context"].as_object();
        assert!(context.is_some_and(|context| context.values().all(Value::is_string)));
        let statements = answer["policyDocument"]["Statement"].as_array();
        let effect = match statements.map(Vec::as_slice) {
            Some([statement]) => statement["Effect"] == "Allow",
            Some(_) => false,
            None => answer["isAuthorized"] == true,
        };
        assert_eq!(effect, is_allowed, "{text}");
    } else {
        assert!(!is_allowed, "an error that is logged as allowed");
    }
    for value in [generated(), custom()] {
        if is_written_by_api_gateway(event, value.expose()) {
            continue;
        }
        let answered = answer.is_ok_and(|answer| answer.get().contains(value.expose()));
        assert!(
            !answered && !shown.contains(value.expose()),
            "a key value is told"
        );
    }
    if is_allowed {
        hold_allowed(event, handled);
    } else {
        assert!(handled.log.reason.is_some());
        // Of an ARN that is too long there is no policy.
        let is_unavailable = handled.log.reason == Some(Reason::Unavailable);
        assert!(
            !is_unavailable || event.get().len() > MAX_ARN_LEN,
            "{}",
            event.get()
        );
    }
}

/// Whether a text stands where API Gateway itself writes, before the method and the path: in an ARN's
/// Region, account, API or stage, which are told.
fn is_written_by_api_gateway(event: &RawValue, text: &str) -> bool {
    let event: Value = serde_json::from_str(event.get()).unwrap_or_default();
    ["methodArn", "routeArn"].into_iter().any(|name| {
        let arn = event[name].as_str().unwrap_or_default();
        arn.split('/').take(2).any(|part| part.contains(text))
    })
}

/// Whoever passes has sent the value of the key that passes, from where and for what it may.
fn hold_allowed(event: &RawValue, handled: &Handled) {
    let Texts(texts) = serde_json::from_str(event.get()).unwrap();
    let id = handled.log.key_id.unwrap();
    let [wide, narrow] = [generated(), custom()];
    let is_wide = wide.presented().id == id;
    let value = if is_wide { wide } else { narrow };
    assert_eq!(value.presented().id, id, "no such key");
    assert!(
        texts.iter().any(|text| is_in(text, value.expose())),
        "{id} passes without its value: {}",
        event.get()
    );
    if !is_wide {
        hold_narrow(event);
    }
}

/// `GET /orders/{id}` from 192.0.2.0/24, and from nowhere else and for nothing else.
fn hold_narrow(event: &RawValue) {
    let json: Value = serde_json::from_str(event.get()).unwrap();
    let called = Called::of(&json).unwrap();
    let is_from = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().starts_with(&[192, 0, 2]),
        IpAddr::V6(_) => false,
    };
    let is_order = |path: &String| {
        let id = path.strip_prefix("/orders/").unwrap_or_default();
        !id.is_empty() && id != ".." && !id.contains(['/', '\\'])
    };
    let may = called.address.is_some_and(is_from)
        && called.method == "GET"
        && called.paths.iter().all(is_order);
    assert!(may, "{called:?}: {}", event.get());
}

/// Whether it holds the words as they are, or coded as a query or as credentials are.
fn is_in(text: &str, words: &str) -> bool {
    let plain = text.replace('+', " ");
    let of_query = percent_decode_str(&plain).decode_utf8_lossy();
    let of_credentials = |part: &str| {
        let decoded = BASE64_STANDARD.decode(part).unwrap_or_default();
        String::from_utf8_lossy(&decoded).contains(words)
    };
    text.contains(words)
        || of_query.contains(words)
        || text.split([' ', '\t', '\r', '\n', ',']).any(of_credentials)
}

/// Null, absent and empty are the same.
fn hold_without_nulls(world: &World, event: &RawValue) {
    let Ok(mut json) = serde_json::from_str::<Value>(event.get()) else {
        return;
    };
    if !has_null(&json) || !json.is_object() {
        return;
    }
    let reason = |json: &Value| {
        let event = RawValue::from_string(json.to_string()).unwrap();
        let log = world.handle(&event).log;
        (log.reason, log.kind, log.key_id)
    };
    let with_nulls = reason(&json);
    drop_nulls(&mut json);
    assert_eq!(reason(&json), with_nulls, "{}", event.get());
}
