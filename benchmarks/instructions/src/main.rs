//! Instructions of the authorizer beside an empty function's, through the Runtime API.
//!
//! ```text
//! cargo build --release -p latchkey-empty-function
//! cargo build --release -p latchkey-authorizer
//! cargo build --release -p latchkey-parts
//! cargo run -p latchkey-instructions -- target/release/empty-function target/release/authorizer target/release/parts
//! ```
//!
//! prints two tables, and fails where a count is beyond its bound; with `--write` it writes them
//! into docs/performance/inside.md too, with `--deployed` a leased call is held to its budget, and
//! with `--profile` a third table is made instead, of where a leased call goes, for which the first
//! two binaries are built with `--profile profiling`. Each binary is built by itself: features of
//! one must not become the other's. Times differ from machine to machine and from minute to minute; instructions
//! do so by less than a hundredth. Callgrind counts what the process itself executes, on a
//! processor without instructions for SHA-256: what the kernel does for it is not in it.

#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(
    clippy::disallowed_methods,
    reason = "a key under measurement is made at the time of day"
)]

mod callgrind;
mod memory;
mod profile;
mod world;

use std::{fmt::Write as _, fs, path::Path, process::ExitCode};

use latchkey_instructions::{
    Outcome,
    fixtures::{event, whole_http_event, whole_rest_event},
    in_thousands,
    page::between_marks,
};
use latchkey_runtime_api::Answer;

use crate::{
    callgrind::{Subject, count},
    world::World,
};

/// Calls of a run; those of its second half are looked at.
const CALLS: usize = 60;
/// A call asks for an event and answers it.
const SENDS: usize = 2;
/// Writes the tables into the page.
const WRITE: &str = "--write";
/// The authorizer is the one that `sam build` has built: the budget holds for it.
const DEPLOYED: &str = "--deployed";
/// Tells where a leased call goes, and nothing else; of binaries that have their names.
const PROFILE: &str = "--profile";
const OPTIONS: [&str; 3] = [WRITE, DEPLOYED, PROFILE];
/// What a leased call of the deployed authorizer may take, in parts of the empty function's.
const BUDGET: f64 = 1.15;
/// The same of a plain release build: what was counted, and 2 %.
const PLAIN: f64 = 1.19;
/// Where the tables stand.
const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/performance/inside.md"
);

/// One line of the table.
struct Row {
    name: &'static str,
    empty: u64,
    authorizer: u64,
    /// What the authorizer's may be in parts of the empty function's: what it was when this was
    /// last set, and 2 %, and a little more than was ever counted of a start and a first call.
    at_most: f64,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.authorizer as f64 / self.empty as f64
    }

    fn is_too_much(&self) -> bool {
        self.ratio() > self.at_most
    }
}

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let (options, binaries): (Vec<_>, Vec<_>) = std::env::args_os()
        .skip(1)
        .partition(|argument| OPTIONS.iter().any(|option| argument == option));
    let has = |option: &str| options.iter().any(|given| given == option);
    let [empty, authorizer, parts] = binaries.as_slice() else {
        return Err(
            "three binaries are needed: the empty function's, the authorizer's, and latchkey-parts'"
                .into(),
        );
    };
    let world = World::new().await?;
    let subject = |binary| Subject {
        binary: Path::new(binary),
        endpoint: &world.endpoint,
        settings: &[],
    };
    if has(PROFILE) {
        let event = event(world.good.expose())?;
        let empty = count(subject(empty), &event, CALLS).await?;
        let authorizer = count(subject(authorizer), &event, CALLS).await?;
        let table = profile::table(&empty, &authorizer, SENDS)?;
        println!("{table}");
        if has(WRITE) {
            write("profile", &table)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let leased = if has(DEPLOYED) { BUDGET } else { PLAIN };
    let rows = rows(&world, subject(empty), subject(authorizer), leased).await?;
    let table = table(&rows)?;
    let (in_memory, memory_is_too_much) = memory::table(Path::new(parts))?;
    println!("{table}\n{in_memory}");
    if has(WRITE) {
        write("instructions", &table)?;
        write("in memory", &in_memory)?;
    }
    let is_too_much = memory_is_too_much || rows.iter().any(Row::is_too_much);
    if is_too_much {
        println!("more than the bound");
    }
    Ok(ExitCode::from(u8::from(is_too_much)))
}

fn table(rows: &[Row]) -> Result<String, std::fmt::Error> {
    let mut table = String::new();
    writeln!(
        table,
        "| instructions | empty function | authorizer | more | ratio | bound |"
    )?;
    writeln!(table, "| --- | --- | --- | --- | --- | --- |")?;
    for row in rows {
        let more = row.authorizer.saturating_sub(row.empty);
        let (name, ratio, at_most) = (row.name, row.ratio(), row.at_most);
        let [empty, authorizer, more] = [row.empty, row.authorizer, more].map(in_thousands);
        writeln!(
            table,
            "| {name} | {empty} | {authorizer} | {more} | {ratio:.2} | {at_most} |"
        )?;
    }
    Ok(table)
}

/// Puts a table between its marks on the page.
fn write(part: &str, table: &str) -> Outcome<()> {
    let page = fs::read_to_string(PAGE)?;
    let page = between_marks(&page, part, table).ok_or("the page has no such marks")?;
    Ok(fs::write(PAGE, page)?)
}

/// What is counted of calls: with what settings, of which event, and what comes of it.
struct Case<'a> {
    name: &'static str,
    settings: &'a [(&'a str, &'a str)],
    event: &'a str,
    /// How often it sends something.
    sends: usize,
    passes: bool,
    at_most: f64,
}

/// All rows; a leased call may take `leased` times what the empty function takes.
async fn rows(
    world: &World,
    empty: Subject<'_>,
    authorizer: Subject<'_>,
    leased: f64,
) -> Outcome<Vec<Row>> {
    let good = event(world.good.expose())?;
    let of_rest = whole_rest_event(world.good.expose())?;
    let of_http = whole_http_event(world.good.expose())?;
    let (used_up, unknown) = (
        event(world.used_up.expose())?,
        event(world.unknown.expose())?,
    );
    let malformed = event("no-key")?;
    let case = |name, event, at_most| Case {
        name,
        settings: &[],
        event,
        sends: SENDS,
        passes: true,
        at_most,
    };
    let cases = [
        case("call on a lease", &good, leased),
        Case {
            settings: &[("LOG_LEVEL", "info"), ("LOG_ALLOWS", "1")],
            ..case("call on a lease, and its line in the log", &good, 1.48)
        },
        case(
            "call on a lease, a whole event of an HTTP API",
            &of_http,
            1.2,
        ),
        case(
            "call on a lease, a whole event of a REST API",
            &of_rest,
            1.28,
        ),
        Case {
            settings: &[("LEASE_MAX", "1")],
            sends: SENDS + 1,
            ..case("call that is charged by itself: one write", &good, 6.56)
        },
        Case {
            passes: false,
            ..case("call over its quota, from memory", &used_up, 1.26)
        },
        Case {
            passes: false,
            ..case("call with an unknown key, from memory", &unknown, 1.16)
        },
        Case {
            passes: false,
            ..case("call with a malformed key", &malformed, 1.1)
        },
    ];
    let mut rows = starts_of_both(empty, authorizer, &good).await?;
    for case in cases {
        let authorizer = Subject {
            settings: case.settings,
            ..authorizer
        };
        rows.push(Row {
            name: case.name,
            empty: call(empty, case.event, SENDS, true).await?,
            authorizer: call(authorizer, case.event, case.sends, case.passes).await?,
            at_most: case.at_most,
        });
    }
    Ok(rows)
}

/// The start, the first call, and both together: some half a million instructions fall into the one
/// or the other, as the function's connections come to be served. With the system's authorities
/// read a start would be 28 times an empty function's.
async fn starts_of_both(
    empty: Subject<'_>,
    authorizer: Subject<'_>,
    event: &str,
) -> Outcome<Vec<Row>> {
    let [start, first] = starts(empty, event).await?;
    let [own_start, own_first] = starts(authorizer, event).await?;
    let row = |name, empty, authorizer, at_most| Row {
        name,
        empty,
        authorizer,
        at_most,
    };
    let both = "start and first call: two reads, one write";
    Ok(vec![
        row(
            "start, up to the first question for an event",
            start,
            own_start,
            6.8,
        ),
        row("first call", first, own_first, 28.0),
        row(both, start + first, own_start + own_first, 8.2),
    ])
}

/// Instructions of the start, and of the first call, which must pass: on a machine that is so busy
/// that the engine answers too late, another thing would be counted.
async fn starts(subject: Subject<'_>, event: &str) -> Outcome<[u64; 2]> {
    let start = count(subject, event, 0).await?.to_the_last_poll();
    let counted = count(subject, event, 1).await?;
    if !is_answered(&counted.last, true) {
        return Err(format!("not as expected: {:?}", counted.last).into());
    }
    Ok([start, counted.to_the_last_poll().saturating_sub(start)])
}

/// Whether there is an answer that lets the call pass, or does not.
fn is_answered(answer: &Option<Answer>, passes: bool) -> bool {
    let Some(Answer::Response(answer)) = answer else {
        return false;
    };
    (answer["policyDocument"]["Statement"][0]["Effect"] == "Allow") == passes
}

/// Instructions of a call that sends `sends` things and passes, or not.
async fn call(subject: Subject<'_>, event: &str, sends: usize, passes: bool) -> Outcome<u64> {
    let counted = count(subject, event, CALLS).await?;
    if !is_answered(&counted.last, passes) {
        return Err(format!("not as expected: {:?}", counted.last).into());
    }
    Ok(counted.call(sends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_what_is_more_and_whether_it_is_too_much() {
        let row = |authorizer| Row {
            name: "a call",
            empty: 1_000,
            authorizer,
            at_most: 1.5,
        };
        assert!(!row(1_500).is_too_much() && row(1_501).is_too_much());
        let table = table(&[row(1_234_567)]).unwrap();
        let line = table.lines().last().unwrap();
        assert_eq!(
            line,
            "| a call | 1,000 | 1,234,567 | 1,233,567 | 1234.57 | 1.5 |"
        );
    }
}
