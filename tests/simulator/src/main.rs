//! The simulator's command line.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use latchkey_simulator::{
    cost::command::{CostArguments, run_cost},
    run::{Proof, prove, run},
    scale::command::{FiguresArguments, ScaleArguments, ScaleError, run_figures, run_scale},
};

#[derive(Parser)]
#[command(about = "Metering in virtual time: many instances, one meter, and all that goes wrong")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs many seeds and holds every step of each against the laws of metering.
    Prove {
        /// How many seeds.
        #[arg(long, default_value_t = 1_000)]
        seeds: u64,
        /// Calls of each.
        #[arg(long, default_value_t = 10_000)]
        calls: u64,
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        first: u64,
        /// Seeds at a time.
        #[arg(long, default_value_t = 2)]
        threads: usize,
    },
    /// Runs one seed again and prints what happened last.
    Replay {
        /// The seed.
        seed: u64,
        /// Calls, as they were when it failed.
        #[arg(long, default_value_t = 10_000)]
        calls: u64,
        /// Lines to print.
        #[arg(long, default_value_t = 60)]
        lines: usize,
    },
    /// Measures what metering costs at scale, and writes docs/scale.md and docs/scale.svg.
    Scale(ScaleArguments),
    /// Measures the figures that metering is to reach, and fails where one is missed.
    Figures(FiguresArguments),
    /// Works out what a million calls cost, and prints the tables of docs/cost.md.
    Cost(CostArguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Prove {
            seeds,
            calls,
            first,
            threads,
        } => tell(&prove(first, seeds, calls, threads), calls),
        Command::Replay { seed, calls, lines } => replay(seed, calls, lines),
        Command::Scale(arguments) => ended(run_scale(&arguments)),
        Command::Figures(arguments) => ended(run_figures(&arguments)),
        Command::Cost(arguments) => ended(run_cost(&arguments).map_err(ScaleError::from)),
    }
}

fn ended(result: Result<(), ScaleError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn tell(proof: &Proof, calls: u64) -> ExitCode {
    println!("{} seeds: {:#?}", proof.runs, proof.counts);
    for report in &proof.failed {
        if let Some(broken) = &report.broken {
            println!("seed {}: {broken}", report.seed);
            println!(
                "  again: cargo run --release -p latchkey-simulator -- replay {} --calls {calls}",
                report.seed
            );
        }
    }
    println!("{} seeds failed", proof.failed.len());
    if proof.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn replay(seed: u64, calls: u64, lines: usize) -> ExitCode {
    let report = run(seed, calls, None, lines);
    for line in &report.lines {
        println!("{line}");
    }
    println!(
        "seed {seed}, digest {:016x}, {:?}",
        report.digest, report.counts
    );
    match report.broken {
        Some(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}
