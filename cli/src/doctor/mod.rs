//! `latchkey doctor`: is a deployed stack, and what stands around it in the account, as Latchkey
//! needs it? `collect` sees what there is and writes nothing; `checks` says what is wrong with
//! it, without I/O.

mod apis;
mod arguments;
mod checks;
mod collect;
mod exported;
mod facts;
mod finding;
mod report;
mod stack;

use std::io::Write;

use latchkey_domain::Clock;

pub(crate) use self::arguments::Arguments;
use self::arguments::Output;
use crate::aws::{CallError, NoCaller, Variables};

/// Why nothing could be looked at, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoctorError {
    #[error(transparent)]
    NoCaller(#[from] NoCaller),
    #[error(
        "stack {0} cannot be looked at: {1}: name another with --stack, or another Region with --region"
    )]
    NoStack(String, CallError),
    #[error("stack {0} has no table and no authorizer: it is not one of Latchkey's")]
    NoTable(String),
    #[error("{0}")]
    Client(String),
    #[error("{0}")]
    Output(#[from] std::io::Error),
}

/// What came of it, as an exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Healthy = 0,
    Findings = 1,
    /// Not all could be looked at, whatever was found in the rest.
    NotSeen = 2,
}

/// Looks, and writes what is wrong to `to`.
///
/// # Errors
/// [`DoctorError`] where nothing could be looked at.
pub(crate) async fn run(
    arguments: &Arguments,
    clock: Clock,
    to: &mut impl Write,
) -> Result<Outcome, DoctorError> {
    let (region, profile) = (arguments.region.as_deref(), arguments.profile.as_deref());
    let variables = Variables::of_this_machine(region, profile)?;
    let mut facts = collect::collect(&arguments.stack, &variables, clock).await?;
    let not_seen = checks::not_seen(&facts, &arguments.skip);
    facts.unseen.extend(not_seen);
    let findings = checks::findings(&facts, &arguments.skip);
    match arguments.output {
        Output::Text => report::text(&facts, &findings, to)?,
        Output::Json => report::json(&facts, &findings, to)?,
    }
    Ok(match (facts.unseen.is_empty(), findings.is_empty()) {
        (false, _) => Outcome::NotSeen,
        (true, false) => Outcome::Findings,
        (true, true) => Outcome::Healthy,
    })
}
