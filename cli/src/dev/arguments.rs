//! The flags of `latchkey dev`.

use std::path::PathBuf;

/// Run the whole of Latchkey on this machine, with nothing else installed
///
/// Serves the admin API under /admin, a demo API under /demo (as an HTTP API) and under
/// /demo-rest (as a REST API), and a page at /. The authorizer's settings are read from the
/// environment: KEY_SOURCES, KEY_CACHE_SECONDS, DENY_FOR, HTTP_RESPONSE, LEASE_MAX, LOG_LEVEL;
/// so are the admin API's MANAGED_APIS and FLUSH_AUTHORIZER_CACHES and the reconciler's DRIFT.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Port to serve on, on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = super::USUAL_PORT)]
    pub(crate) port: u16,
    /// Port on which to serve the table `latchkey` to the AWS CLI and SDKs; 0 takes a free one
    #[arg(long, value_name = "PORT")]
    pub(crate) dynamodb_port: Option<u16>,
    /// Folder in which the data is kept
    #[arg(long, value_name = "DIR", default_value = ".latchkey")]
    pub(crate) data: PathBuf,
    /// An emulator of API Gateway's control plane, for plans that it counts: such as MiniStack
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub(crate) api_gateway_endpoint: Option<String>,
    /// Keep the data in memory only: it ends with the process
    #[arg(long, conflicts_with = "data")]
    pub(crate) in_memory: bool,
}

/// # Errors
/// What is no address of a server.
fn endpoint(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().ok();
    let address = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
    });
    if address {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err("an address such as http://127.0.0.1:4577 is expected".to_owned())
}
