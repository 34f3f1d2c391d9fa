//! The command `phases`: where a start of the authorizer goes. benchmarks/parts goes through it as
//! the function does, and callgrind counts; times are those of other starts, without callgrind.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use clap::Args;
use latchkey_instructions::{Part, marked};

use crate::{
    dynamodb::DynamoDb,
    figures::{median, micros},
    outcome::Outcome,
    process::{Process, Program},
    processor,
    report::write_phases,
    rows::{self, EMPTY, LEASED},
    run::places,
    runtime_api::RuntimeApi,
    table::TABLE,
    world::World,
};

/// What `phases` is told.
#[derive(Debug, Args)]
pub(crate) struct PhasesArguments {
    /// The program of benchmarks/parts.
    #[arg(long, default_value = "target/release/parts")]
    parts: PathBuf,
    /// The authorizer's binary.
    #[arg(long, default_value = "target/release/authorizer")]
    authorizer: PathBuf,
    /// How many starts are timed.
    #[arg(long, default_value_t = 40)]
    starts: usize,
    /// Writes the table into performance/inside.md there.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Rows whose whole start is timed, and what it is called.
const WHOLE: [(&str, &str); 2] = [
    (
        LEASED,
        "a whole start, from the process to its first question for an event",
    ),
    (EMPTY, "the same of an empty function"),
];

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) name: String,
    pub(crate) over_http: Option<u64>,
    pub(crate) over_tls: Option<u64>,
    /// The p50, in µs.
    pub(crate) micros: Option<f64>,
}

/// Counts, times, prints and writes.
///
/// # Errors
/// Where a program fails or is not built.
pub(crate) fn run(arguments: &PhasesArguments) -> Outcome<()> {
    let world = World::new(0)?;
    let plain = world.without_tls()?;
    processor::keep_to_the_first()?;
    let parts = arguments.parts.to_str().ok_or("--parts is no UTF-8")?;
    let event = std::str::from_utf8(&world.events.open)?;
    let (with_tls, without) = (tls(&world, parts, event), http(&plain, parts, event));
    let counted = |program: &Program| marked(&[parts, "start"], |command| program.set_up(command));
    let (over_tls, over_http) = (counted(&with_tls)?, counted(&without)?);
    let names = |parts: &[Part]| -> Vec<String> {
        let names = parts.iter().map(|part| part.name.clone());
        names.collect()
    };
    if names(&over_tls) != names(&over_http) {
        return Err("other phases over TLS than over HTTP".into());
    }
    let times = times(&with_tls, arguments.starts)?;
    let mut rows: Vec<Phase> = over_tls
        .iter()
        .zip(&over_http)
        .map(|(tls, http)| Phase {
            name: tls.name.clone(),
            over_http: Some(http.instructions),
            over_tls: Some(tls.instructions),
            micros: times.get(&tls.name).copied(),
        })
        .collect();
    for (row, name) in WHOLE {
        rows.push(Phase {
            name: name.to_owned(),
            over_http: None,
            over_tls: None,
            micros: Some(whole(row, arguments, &world)?),
        });
    }
    println!("{}", write_phases(arguments.write.as_deref(), &rows)?);
    Ok(())
}

/// The program that goes through a start. The harness's own authority is trusted beside Amazon's.
fn tls(world: &World, parts: &str, event: &str) -> Program {
    let trusted = world.around.amazon.display().to_string();
    start(
        parts,
        event,
        &[
            ("AWS_ENDPOINT_URL_DYNAMODB", &world.dynamodb.endpoint),
            ("SSL_CERT_FILE", &trusted),
        ],
    )
}

/// As on AWS: Amazon's five authorities are trusted, though nobody shows a certificate.
fn http(plain: &DynamoDb, parts: &str, event: &str) -> Program {
    let endpoint = ("AWS_ENDPOINT_URL_DYNAMODB", plain.endpoint.as_str());
    start(parts, event, &[endpoint])
}

fn start(parts: &str, event: &str, own: &[(&str, &str)]) -> Program {
    let always = [
        ("TABLE_NAME", TABLE),
        ("LOG_ALLOWS", "0"),
        ("LOG_LEVEL", "error"),
        ("EVENT", event),
    ];
    Program::new([parts, "start"], always.iter().chain(own))
}

/// The p50 of each phase, in µs.
fn times(program: &Program, starts: usize) -> Outcome<BTreeMap<String, f64>> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..starts {
        let ran = program.command()?.output()?;
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned().into());
        }
        for line in String::from_utf8(ran.stdout)?.lines() {
            let (name, nanos) = line.split_once('\t').ok_or("a part without its time")?;
            if !nanos.is_empty() {
                let took = micros(Duration::from_nanos(nanos.parse()?));
                all.entry(name.to_owned()).or_default().push(took);
            }
        }
    }
    let p50 = |mut took: Vec<f64>| median(&mut took);
    Ok(all
        .into_iter()
        .map(|(name, took)| (name, p50(took)))
        .collect())
}

/// The p50 of a row's starts, up to the first question for an event, in µs.
fn whole(name: &str, arguments: &PhasesArguments, world: &World) -> Outcome<f64> {
    let places = places(arguments.authorizer.clone());
    let mut rows = rows::all(&places, &world.around, &world.events).into_iter();
    let row = rows.find(|row| row.name == name && row.is_built());
    let program = row.ok_or_else(|| format!("{name} is not built"))?.program;
    let mut took = Vec::with_capacity(arguments.starts);
    for _ in 0..arguments.starts {
        let api = RuntimeApi::start(world.dynamodb.calls.clone())?;
        let mut process = Process::start(&program, &api.address(), world.output("start"), None)?;
        took.push(micros(api.started(&mut process)? - process.begun));
    }
    Ok(median(&mut took))
}
