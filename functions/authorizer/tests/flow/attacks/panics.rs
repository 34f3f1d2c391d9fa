//! A panic, which no event leads to, tells nothing of the event that was being decided.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use latchkey_authorizer::{Authorizer, settings::Settings};
use latchkey_domain::{Clock, Reading};
use serde_json::{json, value::to_raw_value};

use crate::world::{NOON, TABLE, World, keyed, plan};

const BROKEN: &str = "the clock of this test is broken";

#[tokio::test]
async fn a_panic_tells_nothing_of_the_event() {
    let world = World::new(&[]).await;
    let value = keyed(&world, &plan("gold", None), 1).await;
    let broken = Arc::new(AtomicBool::new(false));
    let breaks = broken.clone();
    let clock = Clock::new(move || {
        assert!(!breaks.load(Ordering::SeqCst), "{BROKEN}");
        Reading {
            wall: NOON,
            steady: NOON,
        }
    });
    let settings = Settings::read(|name| (name == "TABLE_NAME").then(|| TABLE.to_owned()));
    let authorizer = Authorizer::start(settings.unwrap(), world.store.clone(), clock).await;
    let printed = Arc::new(Mutex::new(String::new()));
    let (before, kept) = (std::panic::take_hook(), printed.clone());
    std::panic::set_hook(Box::new(move |info| match info.to_string() {
        ours if ours.contains(BROKEN) => kept.lock().unwrap().push_str(&ours),
        _ => before(info),
    }));
    broken.store(true, Ordering::SeqCst);
    let event = to_raw_value(&json!({
        "type": "TOKEN", "authorizationToken": value.expose(),
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1/prod/GET/orders",
    }));
    let event = event.unwrap();
    let died = tokio::spawn(async move { authorizer.handle(&event).await.log });
    let died = died.await.unwrap_err();
    let told = format!("{} {died} {died:?}", printed.lock().unwrap());
    assert!(told.contains(BROKEN));
    for part in [
        value.expose(),
        &value.expose()[24..],
        "authorizationToken",
        "orders",
    ] {
        assert!(!told.contains(part), "{told}");
    }
}
