//! `latchkey doctor`: is a deployed stack, and what stands around it in the account, as Latchkey
//! needs it? `collect` sees what there is and writes nothing; `checks` says what is wrong with
//! it, without I/O.

mod arguments;
mod aws;
mod checks;
mod collect;
mod credentials;
mod facts;
mod finding;
mod report;
mod stack;

use std::{io::Write, process::Command};

use latchkey_domain::Clock;

pub(crate) use self::arguments::Arguments;
use self::{arguments::Output, credentials::Variables};

/// Why nothing could be looked at, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoctorError {
    #[error(
        "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or install the AWS CLI and sign in with it (aws configure, aws sso login), with --profile for another profile than its default"
    )]
    NoCredentials,
    #[error("no Region is set: name it with --region, or set AWS_REGION")]
    NoRegion,
    #[error(
        "stack {0} cannot be looked at: {1}: name another with --stack, or another Region with --region"
    )]
    NoStack(String, aws::CallError),
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
    let variable = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
    let (region, profile) = (arguments.region.as_deref(), arguments.profile.as_deref());
    let variables = Variables::find(region, profile, variable, aws_cli)?;
    let facts = collect::collect(&arguments.stack, &variables, clock).await?;
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

/// What the AWS CLI prints, if it is there and succeeds; what it complains of is the user's to read.
fn aws_cli(words: &[&str]) -> Option<String> {
    let mut command = Command::new("aws");
    let output = command
        .args(words)
        .stderr(std::process::Stdio::inherit())
        .output()
        .ok()?;
    let printed = output.status.success().then_some(output.stdout)?;
    String::from_utf8(printed).ok()
}
