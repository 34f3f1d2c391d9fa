//! The admin API's Lambda function: wires settings, clock, chance and table to the router.

use std::{
    process::ExitCode,
    time::{Duration, Instant, SystemTime},
};

use latchkey_admin::{AdminState, ApiGateway, NoRandomness, Random, router, settings::Settings};
use latchkey_domain::{Clock, Reading};
use latchkey_gateway::Gateway;
use latchkey_store::{Patience, Store, client_from_environment};
use latchkey_sync::Sync;
use tracing::Level;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), lambda_http::Error> {
    // What is no UTF-8 becomes a text that no setting allows.
    let variable = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
    let settings = Settings::read(variable);
    let level = settings
        .as_ref()
        .map_or(Level::INFO, |settings| settings.log_level);
    latchkey_telemetry::log_json(level);
    let settings = settings?;
    let client = client_from_environment(variable)?;
    let store = Store::new(&client, &settings.table_name, Patience::Change);
    let gateway = Gateway::new(&latchkey_gateway::client_from_environment(variable)?);
    let (clock, random) = machine();
    let sync = Sync::new(store.clone(), gateway, clock.clone(), settings.key_cache);
    let (flush_caches, managed_apis) = (settings.flush_authorizer_caches, settings.managed_apis);
    lambda_http::run(router(AdminState {
        store,
        clock,
        random,
        api_gateway: Some(ApiGateway::new(sync, flush_caches, managed_apis)),
    }))
    .await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the machine is asked for time and chance"
)]
fn machine() -> (Clock, Random) {
    let start = Instant::now();
    let nanos = |since: Duration| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    let clock = Clock::new(move || Reading {
        wall: nanos(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()),
        steady: nanos(start.elapsed()),
    });
    let random = Random::new(|bytes| getrandom::fill(bytes).map_err(|_| NoRandomness));
    (clock, random)
}
