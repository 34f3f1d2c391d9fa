//! The command `load`: some minutes of calls to several processes at once, one after another and
//! many at once, as a managed instance has them. What must not grow is looked at in windows.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::{
    iter,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;

use crate::{
    budgets::Budget,
    clock::now,
    figures::{micros, quantile},
    outcome::Outcome,
    process::Process,
    report::write_load,
    rows::{self, LEASED, Row},
    run::places,
    runtime_api::{Call, Event, RuntimeApi, Said},
    table::Events,
    world::World,
};

/// What `load` is told.
#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    /// In all; each kind of load has its part.
    #[arg(long, default_value_t = 6.0)]
    minutes: f64,
    /// Processes at once.
    #[arg(long, default_value_t = 3)]
    processes: usize,
    /// Calls at once in each process, in the second kind of load.
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// For how long DynamoDB's answers wait, in ms.
    #[arg(long, default_value_t = 4.0)]
    delay: f64,
    /// The authorizer's binary.
    #[arg(long, default_value = "target/release/authorizer")]
    authorizer: PathBuf,
    /// Writes its part of performance.md, performance.json and a plot there.
    #[arg(long)]
    write: Option<PathBuf>,
}

/// What was measured under load.
#[derive(Debug, Serialize)]
pub(crate) struct Load {
    pub(crate) runs: Vec<LoadRun>,
}

/// One kind of load.
#[derive(Debug, Serialize)]
pub(crate) struct LoadRun {
    pub(crate) what: String,
    pub(crate) seconds: f64,
    pub(crate) calls: u64,
    /// Answers other than they should be.
    pub(crate) wrong: u64,
    /// Calls of DynamoDB.
    pub(crate) dynamodb: u64,
    pub(crate) windows: Vec<Window>,
    pub(crate) budgets: Vec<Budget>,
}

/// A part of the time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Window {
    /// Its end, in seconds from the beginning.
    pub(crate) until: f64,
    pub(crate) calls_a_second: f64,
    /// In µs.
    pub(crate) p50: f64,
    /// In µs.
    pub(crate) p99: f64,
    /// Of each process, at its end.
    pub(crate) memory_kib: Vec<u64>,
}

const WINDOWS: u32 = 12;
/// Keys that are called in turn.
const KEYS: usize = 500;
/// Events that wait for a process, at most.
const WAITING: usize = 4_000;
const LOOK: Duration = Duration::from_millis(20);
/// Of so many calls one is of each kind that is refused.
const MIX: usize = 20;
/// How much a process may grow after the first two windows.
const GROWTH_KIB: u64 = 1_024;
/// How much slower the last windows may be than the first, noise included.
const DRIFT: f64 = 1.25;

/// Loads, prints and writes.
///
/// # Errors
/// Where a function fails.
pub(crate) fn run(arguments: &LoadArguments) -> Outcome<()> {
    let world = World::new(KEYS)?;
    world.dynamodb.delay((arguments.delay * 1e3) as u64);
    let places = places(arguments.authorizer.clone());
    let rows = rows::all(&places, &world.around, &world.events);
    let row = rows.into_iter().find(|row| row.name == LEASED);
    let row = row
        .filter(Row::is_built)
        .ok_or("the authorizer is not built")?;
    let part = Duration::from_secs_f64(arguments.minutes * 60.0 / 2.0);
    let (processes, concurrency) = (arguments.processes, arguments.concurrency);
    let one_by_one = format!("{processes} processes, one call at a time each");
    let at_once = format!("{processes} processes, {concurrency} calls at once in each");
    let load = Load {
        runs: vec![
            loaded(one_by_one, &row, (processes, 1), part, &world)?,
            loaded(at_once, &row, (processes, concurrency), part, &world)?,
        ],
    };
    println!("{}", write_load(arguments.write.as_deref(), &load)?);
    Ok(())
}

/// Calls of each kind in turn, and whether each is to be refused.
fn mixed(events: &Events) -> impl Iterator<Item = (Event, bool)> {
    let mut keys = events.fresh.iter().cycle();
    let mut unknown = events.unknown.iter().cycle();
    (0..MIX).cycle().filter_map(move |at| {
        Some(match at {
            0 => (events.malformed.clone(), true),
            1 => (events.shut.clone(), true),
            2 => (unknown.next()?.clone(), true),
            _ => (keys.next()?.clone(), false),
        })
    })
}

/// One process and what it was sent.
struct Instance {
    api: RuntimeApi,
    process: Process,
}

#[derive(Default)]
struct Told {
    calls: u64,
    refused: u64,
    errors: u64,
    took: Vec<f64>,
}

impl Told {
    fn add(&mut self, calls: Vec<Call>) {
        for call in calls {
            self.calls += 1;
            self.refused += u64::from(call.said == Said::Deny);
            self.errors += u64::from(call.said == Said::Error);
            self.took.push(micros(call.took));
        }
    }

    /// Since this was last asked.
    fn window(
        &mut self,
        begun: Instant,
        length: Duration,
        instances: &[Instance],
    ) -> Outcome<Window> {
        let mut took = std::mem::take(&mut self.took);
        Ok(Window {
            until: begun.elapsed().as_secs_f64(),
            calls_a_second: took.len() as f64 / length.as_secs_f64(),
            p50: quantile(&mut took, 50),
            p99: quantile(&mut took, 99),
            memory_kib: instances
                .iter()
                .map(|instance| instance.process.memory_kib())
                .collect::<Outcome<_>>()?,
        })
    }
}

fn loaded(
    what: String,
    row: &Row,
    (processes, at_once): (usize, usize),
    time: Duration,
    world: &World,
) -> Outcome<LoadRun> {
    let mut row = row.clone();
    if at_once > 1 {
        let concurrency = ("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), at_once.to_string());
        row.program.environment.push(concurrency);
    }
    let start = |number: usize| -> Outcome<Instance> {
        let api = RuntimeApi::start(world.dynamodb.calls.clone())?;
        let output = world.output(&format!("instance-{number}"));
        let mut process = Process::start(&row.program, &api.address(), output, None)?;
        api.started(&mut process)?;
        Ok(Instance { api, process })
    };
    let mut instances = (0..processes).map(start).collect::<Outcome<Vec<_>>>()?;
    let mut events = mixed(&world.events);
    let (mut told, mut windows, mut to_refuse) = (Told::default(), Vec::new(), 0);
    let (begun, before) = (now(), world.dynamodb.count());
    let length = time / WINDOWS;
    for number in 1..=WINDOWS {
        while begun.elapsed() < length * number {
            for instance in &instances {
                let room = WAITING.saturating_sub(instance.api.queued());
                let next: Vec<_> = events.by_ref().take(room).collect();
                to_refuse += next.iter().filter(|(_, refused)| *refused).count() as u64;
                instance.api.queue(next.into_iter().map(|(event, _)| event));
                told.add(instance.api.taken());
            }
            sleep(LOOK);
        }
        windows.push(told.window(begun, length, &instances)?);
    }
    for Instance { api, process } in &mut instances {
        told.add(api.finished(process)?);
    }
    let wrong = told.errors + told.refused.abs_diff(to_refuse);
    Ok(LoadRun {
        budgets: budgets(&windows, wrong),
        what,
        seconds: begun.elapsed().as_secs_f64(),
        calls: told.calls,
        wrong,
        dynamodb: world.dynamodb.count() - before,
        windows,
    })
}

/// Whether anything grew.
fn budgets(windows: &[Window], wrong: u64) -> Vec<Budget> {
    let third = (windows.len() / 3).max(1);
    // In the first window caches and connections are made.
    let early = windows.iter().skip(1).take(third);
    let late = windows.iter().rev().take(third);
    let middle = |windows: &mut dyn Iterator<Item = &Window>, of: fn(&Window) -> f64| {
        quantile(&mut windows.map(of).collect::<Vec<_>>(), 50)
    };
    let drift = |of| middle(&mut late.clone(), of) / middle(&mut early.clone(), of);
    let grown = windows.get(1).zip(windows.last()).map_or(0, |(from, to)| {
        let pairs = iter::zip(&from.memory_kib, &to.memory_kib);
        let grown = pairs.map(|(from, to)| to.saturating_sub(*from));
        grown.max().unwrap_or(0)
    });
    let slower = |what: &str, drift: f64| Budget {
        what: format!("{what} of the last third of the time against the first"),
        reached: format!("{drift:.2} times"),
        bound: format!("at most {DRIFT} times"),
        met: drift <= DRIFT,
    };
    vec![
        Budget {
            what: "growth of a process from the second window to the last".to_owned(),
            reached: format!("{grown} KiB"),
            bound: format!("at most {GROWTH_KIB} KiB"),
            met: grown <= GROWTH_KIB,
        },
        slower("p50", drift(|window| window.p50)),
        slower("p99", drift(|window| window.p99)),
        Budget {
            what: "answers other than they should be".to_owned(),
            reached: wrong.to_string(),
            bound: "none".to_owned(),
            met: wrong == 0,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(p50: f64, kib: u64) -> Window {
        Window {
            until: 1.0,
            calls_a_second: 1.0,
            p50,
            p99: p50 * 2.0,
            memory_kib: vec![8_000, kib],
        }
    }

    #[test]
    fn what_grows_is_told_and_what_the_first_window_needs_is_not() {
        let steady = [
            window(90.0, 6_000),
            window(10.0, 8_000),
            window(11.0, 8_100),
            window(11.0, 8_200),
        ];
        assert!(budgets(&steady, 0).iter().all(|budget| budget.met));
        let grown = [
            window(10.0, 8_000),
            window(10.0, 8_000),
            window(20.0, 9_100),
        ];
        let met: Vec<bool> = budgets(&grown, 1).iter().map(|budget| budget.met).collect();
        assert_eq!(met, [false; 4]);
    }
}
