//! The command `phases`: where a start of the authorizer goes. benchmarks/parts goes through it as
//! the function does, and callgrind counts; times are those of other starts, without callgrind.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use latchkey_instructions::{Part, marked};
use serde::Serialize;

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
    /// Keeps what callgrind has counted of the start over TLS in this file, for
    /// `callgrind_annotate`: function by function where the program has its names (`cargo build
    /// --profile profiling -p latchkey-parts`, `--parts target/profiling/parts`).
    #[arg(long)]
    keep: Option<PathBuf>,
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

/// Each phase, and the instructions that it may take, over HTTP and over TLS: what was counted of a
/// plain release build when this was last set, and 5 %.
const BOUNDS: [(&str, [u64; 2]); 8] = [
    ("the program loaded", [728_000, 728_000]),
    ("settings and log", [40_200, 40_200]),
    ("credentials, DynamoDB's two clients", [508_800, 508_800]),
    ("the first random numbers", [286, 286]),
    (
        "plans read, for which the connection is opened",
        [890_000, 3_410_000],
    ),
    ("plans read, the connection being open", [518_700, 531_500]),
    ("first call: one read, one write", [975_900, 988_700]),
    ("second call: one write", [478_900, 490_600]),
];

/// A line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Phase {
    pub(crate) name: String,
    pub(crate) over_http: Option<Counted>,
    pub(crate) over_tls: Option<Counted>,
    /// The p50, in µs.
    pub(crate) micros: Option<f64>,
}

/// Instructions.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Counted {
    pub(crate) instructions: u64,
    pub(crate) bound: u64,
}

impl Phase {
    fn is_too_much(&self) -> bool {
        let mut counted = [self.over_http, self.over_tls].into_iter().flatten();
        counted.any(|counted| counted.instructions > counted.bound)
    }
}

/// Counts, times, prints and writes.
///
/// # Errors
/// Where a program fails or is not built, and where a phase is beyond its bound.
pub(crate) fn run(arguments: &PhasesArguments) -> Outcome<()> {
    let world = World::new(0)?;
    let plain = world.without_tls()?;
    processor::keep_to_the_first()?;
    let parts = arguments.parts.to_str().ok_or("--parts is no UTF-8")?;
    let event = std::str::from_utf8(&world.events.open)?;
    let (with_tls, without) = (tls(&world, parts, event), http(&plain, parts, event));
    let counted = |program: &Program, keep: Option<&Path>| {
        marked(&[parts, "start"], |command| program.set_up(command), keep)
    };
    let over_tls = counted(&with_tls, arguments.keep.as_deref())?;
    let over_http = counted(&without, None)?;
    let mut rows = bounded(&over_http, &over_tls)?;
    let times = times(&with_tls, arguments.starts)?;
    for row in &mut rows {
        row.micros = times.get(&row.name).copied();
    }
    for (row, name) in WHOLE {
        rows.push(Phase {
            name: name.to_owned(),
            over_http: None,
            over_tls: None,
            micros: Some(whole(row, arguments, &world)?),
        });
    }
    println!("{}", write_phases(arguments.write.as_deref(), &rows)?);
    match rows.iter().find(|row| row.is_too_much()) {
        Some(row) => Err(format!("more than the bound: {}", row.name).into()),
        None => Ok(()),
    }
}

/// What was counted, beside its bound.
fn bounded(over_http: &[Part], over_tls: &[Part]) -> Outcome<Vec<Phase>> {
    for parts in [over_http, over_tls] {
        let names = parts.iter().map(|part| part.name.as_str());
        if !names.eq(BOUNDS.map(|(name, _)| name)) {
            return Err(format!("the program has other phases than are bounded: {parts:?}").into());
        }
    }
    let both = over_http.iter().zip(over_tls).zip(BOUNDS);
    let rows = both.map(|((http, tls), (name, bounds))| {
        let [http, tls] = [(http, bounds[0]), (tls, bounds[1])].map(|(part, bound)| Counted {
            instructions: part.instructions,
            bound,
        });
        Phase {
            name: name.to_owned(),
            over_http: Some(http),
            over_tls: Some(tls),
            micros: None,
        }
    });
    Ok(rows.collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// All phases, each with what it may take and so many more.
    fn parts(of: usize, more: u64) -> Vec<Part> {
        let part = |(name, bounds): (&str, [u64; 2])| Part {
            name: name.to_owned(),
            instructions: bounds[of] + more,
        };
        BOUNDS.map(part).into()
    }

    #[test]
    fn a_phase_beyond_its_bound_is_seen_over_http_and_over_tls() {
        let too_much = |http, tls| {
            let rows = bounded(&parts(0, http), &parts(1, tls)).unwrap();
            rows.iter().filter(|row| row.is_too_much()).count()
        };
        assert_eq!(too_much(0, 0), 0);
        assert_eq!([too_much(1, 0), too_much(0, 1)], [BOUNDS.len(); 2]);
    }

    #[test]
    fn each_phase_of_the_program_has_its_bound() {
        let mut other = parts(1, 0);
        other.pop();
        assert!(bounded(&parts(0, 0), &other).is_err());
        other.push(Part {
            name: "another".to_owned(),
            instructions: 1,
        });
        assert!(bounded(&parts(0, 0), &other).is_err());
    }
}
