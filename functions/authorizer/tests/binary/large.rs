//! Events of every kind as large as Lambda takes them, through the process. tests/sizes.rs has more
//! ways to be large, without it.

use std::time::Duration;

use latchkey_authorizer::event::Kind;
use latchkey_domain::Reason;
use latchkey_runtime_api::Function;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{event, support, world, world::shown};

/// The largest event of a call that is answered (AWS, "Lambda quotas"), in bytes.
const LARGEST: usize = 6 * 1024 * 1024;
/// The least memory that the template lets the authorizer have, in bytes.
const LEAST_MEMORY: u64 = 128 * 1024 * 1024;

/// Puts as much as there is room for in the place of this text.
fn filled(event: &str, place: &str) -> String {
    assert!(event.contains(place), "{place} is not in {event}");
    let times = event.matches(place).count();
    let room = LARGEST - event.len();
    event.replace(place, &"k".repeat(room / times))
}

/// What is large in events of a kind, and why each is refused; none where it passes.
fn events(kind: Kind) -> [(&'static str, String, Option<Reason>); 3] {
    let usual = event(kind.as_str());
    let key = support::generated();
    let with = |name: &str, value: Value| {
        let mut event: Value = serde_json::from_str(&usual).unwrap();
        event[name] = value;
        event.to_string()
    };
    // None of these is read where it is added.
    let unread = with("aMemberOfLater", "PLACE".into());
    let keyless = match kind {
        Kind::RestToken => json!({"aMemberOfLater": "PLACE", "authorizationToken": null}),
        _ => json!({"headers": {"cookie": "PLACE"}, "multiValueHeaders": null}),
    };
    let keyless = keyless.as_object().unwrap().iter();
    let keyless = keyless.fold(usual.clone(), |event, (name, value)| {
        let mut event: Value = serde_json::from_str(&event).unwrap();
        event[name] = value.clone();
        event.to_string()
    });
    [
        (
            "the key",
            filled(&usual, key.expose()),
            Some(Reason::MalformedKey),
        ),
        (
            "what nobody reads, without a key",
            filled(&keyless, "PLACE"),
            Some(Reason::MissingKey),
        ),
        (
            "what nobody reads, with a key",
            filled(&unread, "PLACE"),
            None,
        ),
    ]
}

/// A refusal as APIs of this kind are told it.
fn is_refused(kind: Kind, answer: &Value, reason: Reason) -> bool {
    match kind {
        Kind::HttpV1 | Kind::HttpV2 => {
            answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
                && answer["context"]["reason"] == reason.to_string()
        }
        _ => *answer == "error: Unauthorized",
    }
}

/// How often the log tells a refusal by this reason.
fn told(function: &Function, reason: Reason) -> usize {
    let told = format!("\"reason\":\"{reason}\"");
    let output = function.output();
    output.lines().filter(|line| line.contains(&told)).count()
}

#[tokio::test]
async fn the_largest_events_of_every_kind_cost_the_process_one_answer_each_and_little_memory() {
    let world = world().await;
    let function = world.function(&[]).await;
    let mut longest = Duration::ZERO;
    for kind in Kind::ALL {
        for (name, event, reason) in events(kind) {
            let bytes = event.len();
            assert!(
                (LARGEST - 1_000..=LARGEST).contains(&bytes),
                "{kind:?}, {name}: {bytes}"
            );
            let begun = Instant::now();
            let answer = shown(function.invoke(event).await);
            longest = longest.max(begun.elapsed());
            let is_right = match reason {
                Some(reason) => is_refused(kind, &answer, reason),
                None => answer["policyDocument"]["Statement"][0]["Effect"] == "Allow",
            };
            assert!(is_right, "{kind:?}, {name}: {answer}");
        }
    }
    for reason in [Reason::MalformedKey, Reason::MissingKey] {
        assert_eq!(told(&function, reason), Kind::ALL.len(), "{reason}");
    }
    let memory = function.peak_memory().unwrap();
    assert!(memory < LEAST_MEMORY, "{memory} bytes");
    println!(
        "at most {} ms at the caller, {} MiB in all",
        longest.as_millis(),
        memory >> 20
    );
}
