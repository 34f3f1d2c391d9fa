//! The authorizer's Lambda function: wires settings, clock and table to the handler.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Instant, SystemTime},
};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use latchkey_authorizer::{Authorizer, settings::Settings};
use latchkey_domain::{Clock, Reading};
use latchkey_store::{Patience, Store, client_from_environment};
use serde_json::value::RawValue;
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

async fn run() -> Result<(), lambda_runtime::Error> {
    // What is no UTF-8 becomes a text that no setting allows.
    let variable = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
    let settings = Settings::read(variable);
    latchkey_telemetry::log_json(
        settings
            .as_ref()
            .map_or(Level::INFO, |settings| settings.log_level),
    );
    let settings = settings?;
    let store = Store::new(
        &client_from_environment(variable)?,
        &settings.table_name,
        Patience::Call,
    );
    let authorizer = Arc::new(Authorizer::start(settings, store, machine_clock()).await);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let authorizer = authorizer.clone();
        async move {
            authorizer
                .handle(&event.payload)
                .await
                .answer
                .map_err(Diagnostic::from)
        }
    }))
    .await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the machine is asked for the time"
)]
fn machine_clock() -> Clock {
    let start = Instant::now();
    Clock::new(move || Reading {
        wall: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
            }),
        steady: i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX),
    })
}
