//! Functions through the Lambda Runtime API, side by side in one run: the floors, Latchkey's
//! authorizer, and what people write instead.
//!
//! `benchmarks/run` builds all of them and measures. Rows are interleaved, so that a noisy machine
//! is noisy for all; DynamoDB is the embedded engine, in this process, behind TLS.
#![expect(clippy::print_stderr, reason = "the reason of a failure is its result")]

mod bound;
mod budgets;
mod certificate;
mod clock;
mod dynamodb;
mod figures;
mod load;
mod machine;
mod measure;
mod outcome;
mod phases;
mod process;
mod processor;
mod report;
mod rows;
mod run;
mod runtime_api;
mod sdks;
mod section;
mod share;
mod table;
mod wire;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Functions through the Lambda Runtime API, side by side in one run")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures starts and calls of all rows, interleaved.
    Run(run::RunArguments),
    /// Loads several processes for some minutes, and looks for growth.
    Load(load::LoadArguments),
    /// Tells where a start of the authorizer goes, phase by phase.
    Phases(phases::PhasesArguments),
}

fn main() -> ExitCode {
    let ended = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Load(arguments) => load::run(&arguments),
        Command::Phases(arguments) => phases::run(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
