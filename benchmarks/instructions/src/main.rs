//! Instructions of the authorizer beside an empty function's, through the Runtime API.
//!
//! ```text
//! cargo build --release -p latchkey-authorizer -p latchkey-empty-function
//! cargo run -p latchkey-instructions -- target/release/empty-function target/release/authorizer
//! ```
//!
//! prints a table, and fails where a count is beyond its bound. Times differ from machine to
//! machine and from minute to minute; instructions do so by less than a hundredth. Callgrind counts
//! what the process itself executes, on a processor without instructions for SHA-256: what the
//! kernel does for it is not in it.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(
    clippy::disallowed_methods,
    reason = "a key under measurement is made at the time of day"
)]

mod callgrind;
mod world;

use std::{path::PathBuf, process::ExitCode};

use latchkey_runtime_api::Answer;

use crate::{
    callgrind::{Subject, count},
    world::{World, event},
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Calls of a run; those of its second half are looked at.
const CALLS: usize = 60;
/// A call asks for an event and answers it.
const SENDS: usize = 2;
/// Of a leased call, in parts of the empty function's: what it was when this was last set, and 5 %.
/// docs/performance/inside.md tells what it is made of.
const LEASED_AT_MOST: f64 = 1.57;
/// Of a start: with the system's authorities read it would be 28.
const START_AT_MOST: f64 = 5.0;

/// One line of the table.
struct Row {
    name: &'static str,
    empty: u64,
    authorizer: u64,
    /// What the authorizer's may be in parts of the empty function's, where it is bounded.
    at_most: Option<f64>,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.authorizer as f64 / self.empty as f64
    }

    fn is_too_much(&self) -> bool {
        self.at_most.is_some_and(|most| self.ratio() > most)
    }
}

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let mut binaries = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(empty), Some(authorizer), None) = (binaries.next(), binaries.next(), binaries.next())
    else {
        return Err("two binaries are needed: the empty function's and the authorizer's".into());
    };
    let world = World::new().await?;
    let subject = |binary| Subject {
        binary,
        endpoint: &world.endpoint,
        settings: &[],
    };
    let rows = rows(&world, subject(&empty), subject(&authorizer)).await?;
    println!("instructions | empty function | authorizer | more | ratio | at most");
    println!("--- | --- | --- | --- | --- | ---");
    for row in &rows {
        let Row {
            name,
            empty,
            authorizer,
            at_most,
        } = row;
        let more = authorizer.saturating_sub(*empty);
        let at_most = at_most.map_or(String::new(), |most| most.to_string());
        println!(
            "{name} | {empty} | {authorizer} | {more} | {:.3} | {at_most}",
            row.ratio()
        );
    }
    let is_too_much = rows.iter().any(Row::is_too_much);
    if is_too_much {
        println!("\nmore than the bound");
    }
    Ok(ExitCode::from(u8::from(is_too_much)))
}

async fn rows(world: &World, empty: Subject<'_>, authorizer: Subject<'_>) -> Outcome<Vec<Row>> {
    let good = event(world.good.expose());
    let mut rows = vec![];
    let (starts, firsts) = (
        starts(empty, &good).await?,
        starts(authorizer, &good).await?,
    );
    let names = [
        (
            "start, up to the first question for an event",
            Some(START_AT_MOST),
        ),
        ("first call", None),
    ];
    for (((name, at_most), empty), authorizer) in names.into_iter().zip(starts).zip(firsts) {
        rows.push(Row {
            name,
            empty,
            authorizer,
            at_most,
        });
    }
    let empty = call(empty, &good, (SENDS, true)).await?;
    let each_charged = Subject {
        settings: &[("LEASE_MAX", "1")],
        ..authorizer
    };
    let used_up = event(world.used_up.expose());
    let unknown = event(world.unknown.expose());
    let malformed = event("no-key");
    for (name, subject, event, call_is, at_most) in [
        (
            "call on a lease",
            authorizer,
            &good,
            (SENDS, true),
            Some(LEASED_AT_MOST),
        ),
        (
            "call that is charged by itself",
            each_charged,
            &good,
            (SENDS + 1, true),
            None,
        ),
        (
            "call over its quota",
            authorizer,
            &used_up,
            (SENDS, false),
            None,
        ),
        (
            "call with an unknown key",
            authorizer,
            &unknown,
            (SENDS, false),
            None,
        ),
        (
            "call with a malformed key",
            authorizer,
            &malformed,
            (SENDS, false),
            None,
        ),
    ] {
        let authorizer = call(subject, event, call_is).await?;
        rows.push(Row {
            name,
            empty,
            authorizer,
            at_most,
        });
    }
    Ok(rows)
}

/// Instructions of the start, and of the first call.
async fn starts(subject: Subject<'_>, event: &str) -> Outcome<[u64; 2]> {
    let start = count(subject, event, 0).await?.to_the_last_poll();
    let with_a_call = count(subject, event, 1).await?.to_the_last_poll();
    Ok([start, with_a_call.saturating_sub(start)])
}

/// Instructions of a call that sends `sends` things and passes, or not.
async fn call(subject: Subject<'_>, event: &str, (sends, passes): (usize, bool)) -> Outcome<u64> {
    let counted = count(subject, event, CALLS).await?;
    match &counted.last {
        Some(Answer::Response(answer))
            if (answer["policyDocument"]["Statement"][0]["Effect"] == "Allow") == passes =>
        {
            Ok(counted.call(sends))
        }
        other => Err(format!("not as expected: {other:?}").into()),
    }
}
