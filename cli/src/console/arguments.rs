//! The flags of `latchkey console`.

use crate::client::Target;

/// Look at plans, keys and calls in a browser, and change them
///
/// Serves the console on this machine alone and prints the address that opens it, which has a
/// token in it: who has the address can do what your credentials allow, until Ctrl-C ends it.
/// In `latchkey dev` the same console is the page at /.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Port to serve on, on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) target: Target,
}
