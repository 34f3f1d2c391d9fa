//! The command lines of `latchkey apply` and `latchkey diff`.

use std::path::PathBuf;

use crate::client::Target;

/// Make plans and keys what a file describes
///
/// Running it again changes nothing. Only what the file describes is changed, and with --prune
/// what has its prefix. Values of new keys go where the file says, and are never printed.
///
/// Exit status: 0 where all is as described, 1 where a step was refused, 2 where the file is
/// wrong, 3 where there was no answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(super) described: Described,
    /// Do not ask before; without a terminal, deletions need it
    #[arg(long, short)]
    pub(super) yes: bool,
}

/// Show what `latchkey apply` would change
///
/// Exit status: 0 where all is as described, 1 where something is not, 2 where the file is wrong,
/// 3 where there was no answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    pub(super) described: Described,
}

#[derive(Debug, clap::Args)]
pub(super) struct Described {
    /// The file, in YAML or JSON
    #[arg(long, short, value_name = "FILE", default_value = "latchkey.yaml")]
    pub(super) file: PathBuf,
    /// Delete the plans and keys that have the file's prefix and are not in it
    #[arg(long)]
    pub(super) prune: bool,
    #[command(flatten)]
    pub(super) target: Target,
}
