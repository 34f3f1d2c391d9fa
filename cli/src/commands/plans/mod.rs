//! `latchkey plans`.

mod create;
mod delete;
mod fields;
mod list;
mod show;
mod update;
mod view;

use super::{Machine, Options, Session, attachments};
use crate::failure::Failure;

/// Usage plans: how much, of which APIs, whose keys
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
    Delete(delete::Arguments),
    Attach(attachments::PlanAndKey),
    /// Take a key off a plan
    Detach(attachments::PlanAndKey),
    Keys(attachments::OfPlan),
}

/// # Errors
/// [`Failure`].
pub(super) async fn run(arguments: Arguments, machine: Machine) -> Result<(), Failure> {
    let session = Session::open(&arguments.options, machine).await?;
    match arguments.operation {
        Operation::Create(arguments) => create::run(&session, arguments).await,
        Operation::List(arguments) => list::run(&session, &arguments).await,
        Operation::Show(arguments) => show::run(&session, &arguments).await,
        Operation::Update(arguments) => update::run(&session, arguments).await,
        Operation::Delete(arguments) => delete::run(&session, arguments).await,
        Operation::Attach(pair) => attachments::attach(&session, &pair.into()).await,
        Operation::Detach(pair) => attachments::detach(&session, &pair.into()).await,
        Operation::Keys(arguments) => attachments::list(&session, &arguments).await,
    }
}
