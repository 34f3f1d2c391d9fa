//! The command `cost`.
#![expect(clippy::print_stdout, reason = "what it prints is its result")]

use clap::Args;
use latchkey_domain::Invalid;

use super::page::tables;

/// What `cost` is told.
#[derive(Debug, Args)]
pub struct CostArguments {
    /// Runs at a time.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// Works the tables of docs/cost.md out and prints them.
///
/// # Errors
/// [`Invalid`] for traffic that no plan may have.
pub fn run_cost(arguments: &CostArguments) -> Result<(), Invalid> {
    for (name, table) in tables(arguments.threads)? {
        println!("{name}\n\n{table}");
    }
    Ok(())
}
