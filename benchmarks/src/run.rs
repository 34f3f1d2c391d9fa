//! The command `run`: all rows, interleaved.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::path::PathBuf;

use clap::Args;
use fastrand::Rng;

use crate::{
    budgets::Measured,
    figures::Figures,
    measure::{Amount, Came, Round, round},
    outcome::Outcome,
    processor,
    report::write_rows,
    rows::{self, FIRST_SIGHT, Places, Row, Side},
    section::Section,
    world::World,
};

/// What `run` is told.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Whose rows.
    #[arg(long, value_delimiter = ',', default_values = ["floor", "latchkey", "peer"])]
    sides: Vec<Side>,
    /// Only rows whose name has one of these texts in it.
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Conditions: `loopback`, `delayed`, or Lambda's memory in MB, also as `128-after-start`.
    #[arg(long, value_delimiter = ',', default_values = ["loopback", "delayed", "128", "128-after-start", "512", "1769"])]
    sections: Vec<Section>,
    /// For how long DynamoDB's answers wait, in ms, but in `loopback`.
    #[arg(long, default_value_t = 4.0)]
    delay: f64,
    /// Rounds in `loopback`; half of them in the others, at least 3.
    #[arg(long, default_value_t = 17)]
    rounds: usize,
    /// Calls in each round that count; 60 at most but in `loopback`.
    #[arg(long, default_value_t = 400)]
    calls: usize,
    /// Keys that are seen once by one process, for its memory, in `loopback`; 0 leaves it out. No
    /// more than 10,000 are remembered, and `benchmarks/run` has as many.
    #[arg(long, default_value_t = 0)]
    remembered: usize,
    /// Fails where a figure is missed.
    #[arg(long)]
    enforce: bool,
    /// The authorizer's binary.
    #[arg(long, default_value = "target/release/authorizer")]
    authorizer: PathBuf,
    /// Writes performance.md, performance.json and the plots there.
    #[arg(long)]
    write: Option<PathBuf>,
}

const WARM: usize = 100;
/// Of the orders of rows, which are those of the next run too.
const ORDERS: u64 = 14;
const REPEATS: usize = 2;
/// Under a share of a processor.
const FEW: Amount = Amount {
    rounds: 0,
    warm: 20,
    calls: 60,
};

impl RunArguments {
    fn amount(&self, section: Section) -> Amount {
        let others = (self.rounds / 2).max(3);
        match section {
            Section::Loopback => Amount {
                rounds: self.rounds,
                warm: WARM.min(self.calls),
                calls: self.calls,
            },
            Section::Delayed | Section::Memory(_) | Section::MemoryAfterStart(_) => Amount {
                rounds: others,
                warm: FEW.warm.min(self.calls),
                calls: FEW.calls.min(self.calls),
            },
        }
    }

    fn keys(&self) -> usize {
        1 + WARM + self.calls
    }
}

/// Where `benchmarks/run` builds them.
pub(crate) fn places(authorizer: PathBuf) -> Places {
    Places {
        authorizer,
        floors: "target/release".into(),
        peers: "target/peers".into(),
        python: ".venv-benchmarks".into(),
    }
}

/// Measures, prints and writes.
///
/// # Errors
/// Where a function fails or calls DynamoDB more often than it may, and where nothing is built.
pub(crate) fn run(arguments: &RunArguments) -> Outcome<()> {
    let world = World::new(arguments.keys())?;
    processor::keep_to_the_first()?;
    let places = places(arguments.authorizer.clone());
    let wanted: Vec<Row> = rows::all(&places, &world.around, &world.events)
        .into_iter()
        .filter(|row| arguments.wants(row))
        .collect();
    let (built, absent): (Vec<Row>, Vec<Row>) = wanted.into_iter().partition(Row::is_built);
    for row in absent {
        if row.side != Side::Peer {
            return Err(format!("{} is not built: see benchmarks/run", row.name).into());
        }
        println!("LEFT OUT: {}, which is not built", row.name);
    }
    let mut sections = Vec::new();
    for section in &arguments.sections {
        sections.extend(measure(arguments, *section, &built, &world)?);
    }
    let remembered = remembered(arguments, &built, &world)?;
    let (text, budgets) = write_rows(arguments.write.as_deref(), &sections, remembered.as_ref())?;
    println!("{text}");
    let missed = budgets.iter().filter(|budget| !budget.met).count();
    if arguments.enforce && missed > 0 {
        return Err(format!("{missed} of {} figures are missed", budgets.len()).into());
    }
    Ok(())
}

impl RunArguments {
    fn wants(&self, row: &Row) -> bool {
        let is_named = |part: &String| row.name.contains(part.as_str());
        self.sides.contains(&row.side) && (self.rows.is_empty() || self.rows.iter().any(is_named))
    }
}

/// None where this machine lets nobody give a share of a processor.
fn measure(
    arguments: &RunArguments,
    section: Section,
    rows: &[Row],
    world: &World,
) -> Outcome<Option<Measured>> {
    let heading = section.heading(arguments.delay);
    if let Err(error) = section.share() {
        println!("LEFT OUT: {heading}: no group can be made: {error}");
        return Ok(None);
    }
    let delay_us = if section.is_delayed() {
        arguments.delay * 1e3
    } else {
        0.0
    };
    world.dynamodb.delay(delay_us as u64);
    let amount = arguments.amount(section);
    let mut rounds: Vec<Vec<Round>> = rows.iter().map(|_| Vec::new()).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut random = Rng::with_seed(ORDERS);
    for _ in 0..amount.rounds {
        // Another order each time: what a row leaves behind, as its program in the processor's
        // caches, hits each other one alike.
        random.shuffle(&mut order);
        for at in order.iter().copied() {
            let (Some(row), Some(rounds)) = (rows.get(at), rounds.get_mut(at)) else {
                continue;
            };
            rounds.push(patiently(|| {
                let (share, output) = (section.share()?, world.output("function"));
                round(row, amount, &world.dynamodb, share.as_ref(), output)
            })?);
        }
    }
    let rows = rows.iter().zip(&rounds);
    Ok(Some(Measured {
        section,
        heading,
        figures: rows
            .map(|(row, rounds)| Figures::of(row, rounds))
            .collect::<Outcome<_>>()?,
    }))
}

/// One process that sees each of many keys once, in one round; none where first sights are not
/// measured.
fn remembered(arguments: &RunArguments, rows: &[Row], world: &World) -> Outcome<Option<Figures>> {
    let row = rows.iter().find(|row| row.name == FIRST_SIGHT);
    let keys = arguments.remembered;
    let is_wanted = arguments.sections.contains(&Section::Loopback) && keys > 2;
    let Some(row) = row.filter(|_| is_wanted) else {
        return Ok(None);
    };
    let row = row.clone().remembering(world.more_keys(keys)?);
    let amount = Amount {
        rounds: 1,
        warm: 1,
        calls: keys - 2,
    };
    world.dynamodb.delay(0);
    let rounds = [patiently(|| {
        round(
            &row,
            amount,
            &world.dynamodb,
            None,
            world.output("function"),
        )
    })?];
    Figures::of(&row, &rounds).map(Some)
}

/// A round in which a call was answered by an error is measured again, twice at most, and the page
/// tells of it. What a function may not do ends the run.
fn patiently(mut round: impl FnMut() -> Outcome<Came>) -> Outcome<Round> {
    let mut repeated = 0;
    loop {
        match round()? {
            Came::Figures(round) => return Ok(Round { repeated, ..round }),
            Came::Error(error) if repeated < REPEATS => println!("REPEATED: {error}"),
            Came::Error(error) => return Err(error.into()),
        }
        repeated += 1;
    }
}
