//! The commands that mirror the admin API, one file an operation. Whatever they do, any tool
//! can do by the same calls.

mod attachments;
mod audit;
pub(crate) mod completions;
mod drift;
mod export;
mod import;
mod keys;
mod options;
mod output;
mod pages;
mod parsing;
mod plans;
mod progress;
mod question;
mod session;
mod usage;
mod value;
mod verify;

use latchkey_admin::Random;
use latchkey_domain::Clock;

pub(crate) use self::{
    options::Options,
    output::{Cell, Column, Output, Printer, column, print, say},
    question::confirm,
    session::Session,
};
use crate::{client::AtApiGateway, failure::Failure};

/// What only main may ask the machine for.
pub(crate) struct Machine {
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

/// In the order in which one needs them.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Plans(plans::Arguments),
    Keys(keys::Arguments),
    Usage(usage::Arguments),
    Verify(verify::Arguments),
    Import(import::Arguments),
    Export(export::Arguments),
    Audit(audit::Arguments),
    Drift(drift::Arguments),
}

/// # Errors
/// [`Failure`]: why it did not do what it was asked, and with which status to end.
pub(crate) async fn run(command: Command, machine: Machine) -> Result<(), Failure> {
    match command {
        Command::Plans(arguments) => plans::run(arguments, machine).await,
        Command::Keys(arguments) => keys::run(arguments, machine).await,
        Command::Usage(arguments) => usage::run(arguments, machine).await,
        Command::Verify(arguments) => verify::run(arguments, machine).await,
        Command::Import(arguments) => import::run(arguments, machine).await,
        Command::Export(arguments) => export::run(arguments, machine).await,
        Command::Audit(arguments) => audit::run(arguments, machine).await,
        Command::Drift(arguments) => drift::run(arguments, machine).await,
    }
}

/// What API Gateway has of it: `inSync`, `pending`, or `failed` with its reason.
fn native(native: &AtApiGateway) -> Cell {
    let state = match &native.reason {
        Some(reason) => format!("{}: {reason}", native.state),
        None => native.state.clone(),
    };
    match native.state.as_str() {
        "inSync" => Cell::Good(state),
        "failed" => Cell::Bad(state),
        _ => Cell::Text(state),
    }
}
