//! `latchkey completions`.

use clap_complete::{Shell, generate};

use super::print;
use crate::failure::Failure;

/// Print what completes the command in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  latchkey completions bash > ~/.local/share/bash-completion/completions/latchkey
  latchkey completions fish > ~/.config/fish/completions/latchkey.fish")]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// # Errors
/// Where it cannot be printed.
pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "latchkey", &mut script);
    print(&String::from_utf8_lossy(&script))
}
