//! The command line of `latchkey try`.

use crate::client::Target;

/// Ask why a call is refused, or whether it would pass: every check in its order, charging nothing
///
/// Exit status: 0 where the call would pass, 1 where it would be refused, 2 where it cannot be
/// asked about, 3 where there was no answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The key's value; `-` reads it from standard input, so that no shell keeps it
    #[arg(value_name = "KEY")]
    pub(super) key: Secret,
    /// The method, such as GET
    #[arg(value_name = "METHOD")]
    pub(super) method: Secret,
    /// The path, such as /orders/42, without the stage
    #[arg(value_name = "PATH")]
    pub(super) path: Secret,
    /// The API's id; `latchkey dev` has demorest and demohttp
    #[arg(long, value_name = "ID")]
    pub(super) api: Option<String>,
    /// The API's stage, such as prod; $default where an HTTP API has no other
    #[arg(long, value_name = "NAME")]
    pub(super) stage: Option<String>,
    /// The address that the call comes from, for keys that are bound to some
    #[arg(long, value_name = "ADDRESS")]
    pub(super) ip: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) target: Target,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// Lines to read
    Text,
    /// The admin API's answer as it came
    Json,
}

/// A word that may be a key's value, if only because words were given in another order.
#[derive(Clone)]
pub(super) struct Secret(pub(super) String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
