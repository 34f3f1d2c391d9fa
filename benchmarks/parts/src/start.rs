//! A start of the authorizer phase by phase, as its `main` goes through it, and two calls. What
//! `main` does beside, the Runtime API and the extension, is not here.

use std::env;

use jiff::Timestamp;
use latchkey_authorizer::{Authorizer, settings::Settings};
use latchkey_domain::{Clock, Reading};
use latchkey_store::{Patience, Store};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::{Outcome, marks::Marks};

/// Of the environment: settings as the function has them, and `EVENT`, a call that passes.
///
/// # Errors
/// Where a setting is not allowed, or the call does not pass.
pub(crate) async fn phases() -> Outcome<Marks> {
    let mut marks = Marks::begin("the program loaded");
    let event = variable("EVENT").ok_or("EVENT is missing")?;
    marks.end("");
    let settings = Settings::read(variable)?;
    latchkey_telemetry::log_json(settings.log_level);
    marks.end("settings and log");
    // The function's patience is `Call`. Under callgrind, which takes fifty times as long, that is
    // over before a connection is open.
    let store = Store::from_environment(variable, &settings.table_name, Patience::Change)?;
    marks.end("credentials, DynamoDB's two clients");
    let mut random = [0; 32];
    let filled = SystemRandom::new().fill(&mut random);
    marks.end("the first random numbers");
    filled.map_err(|_| "no random numbers")?;
    let open = store.clone();
    let authorizer = Authorizer::start(settings, store, clock()).await;
    marks.end("plans read, for which the connection is opened");
    let settings = Settings::read(variable)?;
    marks.end("");
    let again = Authorizer::start(settings, open, clock()).await;
    marks.end("plans read, the connection being open");
    drop(again);
    marks.end("");
    let first = authorizer.handle(&event).await;
    marks.end("first call: one read, one write");
    let second = authorizer.handle(&event).await;
    marks.end("second call: one write");
    if first.log.allowed && second.log.allowed {
        Ok(marks)
    } else {
        Err(format!("a call did not pass: {first:?}, {second:?}").into())
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a function asks the machine for the time"
)]
fn clock() -> Clock {
    let nanos = || i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default();
    Clock::new(move || Reading {
        wall: nanos(),
        steady: nanos(),
    })
}
