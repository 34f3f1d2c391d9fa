//! Flags that the commands have in common.

use super::Output;
use crate::client::Target;

/// How the answer is printed, and where it comes from.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// How it is printed
    #[arg(
        long,
        short,
        value_enum,
        value_name = "FORM",
        default_value_t,
        global = true,
        help_heading = "Output"
    )]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) target: Target,
}

/// How much of a list.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Listing {
    /// At most so many; all unless given
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

/// A change on a condition.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Condition {
    /// Only if it is still as it was read: what `show --etag` printed
    #[arg(long, value_name = "ETAG")]
    pub(crate) if_match: Option<String>,
}

/// Consent, given beforehand.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask first; needed where nobody can be asked
    #[arg(long, short)]
    pub(crate) yes: bool,
}
