//! The command `load`: some minutes of calls to several processes at once, one after another and
//! many at once, as a managed instance has them. What must not grow is looked at in windows.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

mod authorizer;
mod client;
mod dev;

use std::{
    iter,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;

use self::authorizer::{Shape, loaded};
use crate::{
    budgets::Budget,
    figures::{median, micros, quantile},
    outcome::Outcome,
    report::write_load,
    rows::{self, LEASED, Row},
    run::places,
    world::World,
};

/// What `load` is told.
#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    /// In all; each kind of load has its part. Ids that no key has are remembered too: where a part
    /// is shorter than it takes to fill that memory, some 2 minutes, it is seen to grow.
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,
    /// Processes at once.
    #[arg(long, default_value_t = 3)]
    processes: usize,
    /// Calls at once in each process, in the second kind of load.
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// For how long DynamoDB's answers wait, in ms; not with more keys than are remembered.
    #[arg(long, default_value_t = 4.0)]
    delay: f64,
    /// The authorizer's binary.
    #[arg(long, default_value = "target/release/authorizer")]
    authorizer: PathBuf,
    /// The command-line tool's binary, whose `dev` is loaded too where it is there: as people build
    /// it, without optimisation.
    #[arg(long, default_value = "target/debug/latchkey")]
    dev: PathBuf,
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
    /// Calls of DynamoDB, where they are counted.
    pub(crate) dynamodb: Option<u64>,
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

/// Kinds of load.
const KINDS: f64 = 4.0;
const WINDOWS: u32 = 12;
/// Keys that are called in turn.
const KEYS: usize = 50;
/// More than a process remembers: a key's units are forgotten before it is called again, and of
/// most keys what they are.
const MANY_KEYS: usize = 12_000;
const LOOK: Duration = Duration::from_millis(20);
/// How much a process may grow in the second half of the time.
const GROWTH_KIB: u64 = 512;
/// The same for each of its calls then, in bytes. An allocator gives no less than 8, so what every
/// eighth call leaves behind is seen.
const GROWTH_A_CALL: f64 = 1.0;
/// How much slower the last windows may be than the first, noise included.
const DRIFT: f64 = 1.25;

/// Loads, prints and writes.
///
/// # Errors
/// Where a function fails.
pub(crate) fn run(arguments: &LoadArguments) -> Outcome<()> {
    let world = World::new(MANY_KEYS)?;
    let places = places(arguments.authorizer.clone());
    let rows = rows::all(&places, &world.around, &world.events);
    let row = rows.into_iter().find(|row| row.name == LEASED);
    let row = row
        .filter(Row::is_built)
        .ok_or("the authorizer is not built")?;
    let part = Duration::from_secs_f64(arguments.minutes * 60.0 / KINDS);
    let (processes, concurrency) = (arguments.processes, arguments.concurrency);
    let alone = Shape {
        processes,
        at_once: 1,
        keys: KEYS,
    };
    let together = Shape {
        at_once: concurrency,
        ..alone
    };
    let forgetting = Shape {
        processes: 1,
        keys: MANY_KEYS,
        ..alone
    };
    let of_authorizer = |what: &str, shape: Shape, delay: f64| {
        world.dynamodb.delay((delay * 1e3) as u64);
        let processes = match shape.processes {
            1 => "1 process".to_owned(),
            processes => format!("{processes} processes"),
        };
        let what = format!("{processes} of the authorizer, {what}");
        loaded(what, &row, shape, part, &world)
    };
    let many = format!("{} keys in turn, more than it remembers", MANY_KEYS);
    let at_once = format!("{concurrency} calls at once in each");
    let mut runs = vec![
        of_authorizer("one call at a time in each", alone, arguments.delay)?,
        of_authorizer(&at_once, together, arguments.delay)?,
        of_authorizer(&many, forgetting, 0.0)?,
    ];
    if arguments.dev.exists() {
        let what = format!("`latchkey dev`, {concurrency} callers");
        let output = world.output("dev");
        runs.push(dev::loaded(
            what,
            &arguments.dev,
            concurrency,
            part,
            output,
        )?);
    } else {
        println!("LEFT OUT: latchkey dev, which is not built");
    }
    let load = Load { runs };
    println!("{}", write_load(arguments.write.as_deref(), &load)?);
    // Times are a busy machine's, these are not.
    match load.runs.iter().find(|run| run.wrong > 0 || run.grows()) {
        Some(run) => Err(format!("{}: wrong answers, or memory that grows", run.what).into()),
        None => Ok(()),
    }
}

impl LoadRun {
    fn grows(&self) -> bool {
        Growth::of(&self.windows).is_too_much()
    }
}

/// What was answered so far.
#[derive(Default)]
struct Told {
    calls: u64,
    refused: u64,
    wrong: u64,
    took: Vec<f64>,
}

impl Told {
    fn add(&mut self, took: Duration, is_right: bool) {
        self.calls += 1;
        self.wrong += u64::from(!is_right);
        self.took.push(micros(took));
    }

    /// Since this was last asked.
    fn window(&mut self, begun: Instant, length: Duration, memory_kib: Vec<u64>) -> Window {
        let mut took = std::mem::take(&mut self.took);
        Window {
            until: begun.elapsed().as_secs_f64(),
            calls_a_second: took.len() as f64 / length.as_secs_f64(),
            p50: median(&mut took),
            p99: quantile(&mut took, 99),
            memory_kib,
        }
    }
}

/// Whether anything grew.
fn budgets(windows: &[Window], wrong: u64) -> Vec<Budget> {
    let third = (windows.len() / 3).max(1);
    // In the first window caches and connections are made.
    let early = windows.iter().skip(1).take(third);
    let late = windows.iter().rev().take(third);
    let middle = |windows: &mut dyn Iterator<Item = &Window>, of: fn(&Window) -> f64| {
        median(&mut windows.map(of).collect::<Vec<_>>())
    };
    let drift = |of| middle(&mut late.clone(), of) / middle(&mut early.clone(), of);
    let slower = |what: &str, drift: f64| Budget {
        what: format!("{what} of the last third of the time against the first"),
        reached: format!("{drift:.2} times"),
        bound: format!("at most {DRIFT} times"),
        met: drift <= DRIFT,
    };
    let [growth, growth_a_call] = Growth::of(windows).budgets();
    vec![
        growth,
        growth_a_call,
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

/// The most that a process has grown by in the second half of the time.
struct Growth {
    kib: u64,
    /// In bytes, for each call that a process had then on average.
    a_call: f64,
}

impl Growth {
    fn of(windows: &[Window]) -> Self {
        let (first, second) = windows.split_at(windows.len() / 2);
        let [Some(from), Some(to)] = [first.last(), second.last()] else {
            return Self {
                kib: 0,
                a_call: 0.0,
            };
        };
        let pairs = iter::zip(&from.memory_kib, &to.memory_kib);
        let grown = pairs.map(|(from, to)| to.saturating_sub(*from));
        let kib = grown.max().unwrap_or(0);
        let length = (to.until - from.until) / second.len() as f64;
        let calls: f64 = second.iter().map(|window| window.calls_a_second).sum();
        let calls = calls * length / to.memory_kib.len().max(1) as f64;
        Self {
            kib,
            a_call: kib as f64 * 1024.0 / calls.max(1.0),
        }
    }

    fn budgets(&self) -> [Budget; 2] {
        [
            Budget {
                what: "growth of a process in the second half of the time".to_owned(),
                reached: format!("{} KiB", self.kib),
                bound: format!("at most {GROWTH_KIB} KiB"),
                met: self.kib <= GROWTH_KIB,
            },
            Budget {
                what: "the same for each call that it had then".to_owned(),
                reached: format!("{:.2} bytes", self.a_call),
                bound: format!("at most {GROWTH_A_CALL} byte"),
                met: self.a_call <= GROWTH_A_CALL,
            },
        ]
    }

    fn is_too_much(&self) -> bool {
        self.budgets().iter().any(|budget| !budget.met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window with this number, of a minute and 600,000 calls.
    fn window(number: u32, p50: f64, kib: u64) -> Window {
        Window {
            until: f64::from(number) * 60.0,
            calls_a_second: 10_000.0,
            p50,
            p99: p50 * 2.0,
            memory_kib: vec![8_000, kib],
        }
    }

    #[test]
    fn what_grows_is_told_and_what_the_first_windows_need_is_not() {
        let steady = [
            window(1, 90.0, 6_000),
            window(2, 10.0, 8_000),
            window(3, 11.0, 8_100),
            window(4, 11.0, 8_200),
        ];
        assert!(budgets(&steady, 0).iter().all(|budget| budget.met));
        let grown = [
            window(1, 10.0, 8_000),
            window(2, 10.0, 8_000),
            window(3, 20.0, 9_100),
        ];
        let met: Vec<bool> = budgets(&grown, 1).iter().map(|budget| budget.met).collect();
        assert_eq!(met, [false; 5]);
    }

    #[test]
    fn growth_is_told_for_each_call_of_a_process() {
        let growth = |kib: u64| {
            Growth::of(&[
                window(1, 1.0, 8_000),
                window(2, 1.0, 8_000),
                window(3, 1.0, 8_000),
                window(4, 1.0, 8_000 + kib),
            ])
        };
        // Two windows of 600,000 calls, for two processes.
        assert_eq!(growth(300).a_call, 300.0 * 1024.0 / 600_000.0);
        assert!(!growth(300).is_too_much() && growth(600).is_too_much());
        assert_eq!(Growth::of(&[]).kib, 0);
    }
}
