//! `latchkey keys`.

mod create;
mod delete;
mod fields;
mod list;
mod move_to_plan;
mod rotate;
mod show;
mod shown;
mod update;
mod view;

use super::{Machine, Options, Session, attachments};
use crate::failure::Failure;

/// API keys: whose they are, until when, from where, for what
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    operation: Operation,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Subcommand)]
enum Operation {
    Create(create::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    Update(update::Arguments),
    Rotate(rotate::Arguments),
    Attach(attachments::KeyAndPlan),
    /// Take a key off a plan
    Detach(attachments::KeyAndPlan),
    Move(move_to_plan::Arguments),
    Delete(delete::Arguments),
}

/// # Errors
/// [`Failure`].
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let session = Session::open(&arguments.options, machine).await?;
    match arguments.operation {
        Operation::Create(arguments) => create::run(&session, arguments).await,
        Operation::List(arguments) => list::run(&session, arguments).await,
        Operation::Show(arguments) => show::run(&session, &arguments).await,
        Operation::Update(arguments) => update::run(&session, arguments).await,
        Operation::Rotate(arguments) => rotate::run(&session, &arguments).await,
        Operation::Attach(pair) => attachments::attach(&session, &pair.into()).await,
        Operation::Detach(pair) => attachments::detach(&session, &pair.into()).await,
        Operation::Move(arguments) => move_to_plan::run(&session, arguments).await,
        Operation::Delete(arguments) => delete::run(&session, arguments).await,
    }
}
