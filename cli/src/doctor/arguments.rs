//! The flags of `latchkey doctor`.

use super::checks::Check;

/// Look whether a deployed stack and the APIs in front of it are as Latchkey needs them
///
/// Reads, and changes nothing. Credentials are those of the environment, else those that the
/// AWS CLI has for the profile. With AWS_ENDPOINT_URL it looks at an emulator.
///
/// Exit status: 0 where nothing is wrong, 1 where something is, 2 where not all could be looked at.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The stack
    #[arg(long, value_name = "NAME", default_value = "latchkey")]
    pub(super) stack: String,
    /// The Region; else AWS_REGION, AWS_DEFAULT_REGION, or the profile's
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// A profile of the AWS CLI, whose credentials are taken instead of the environment's
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// A check to leave out; may be given several times
    #[arg(long, value_name = "CHECK", value_enum)]
    pub(super) skip: Vec<Check>,
    /// How findings are written
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// Lines to read
    Text,
    /// One JSON document
    Json,
}
