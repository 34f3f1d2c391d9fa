//! The reconciler's Lambda function: wires settings, clock, table and API Gateway to a run.

use std::{
    io::stdout,
    process::ExitCode,
    time::{Duration, Instant, SystemTime},
};

use lambda_runtime::{LambdaEvent, service_fn};
use latchkey_domain::{Clock, Reading};
use latchkey_gateway::Gateway;
use latchkey_reconciler::{GRACE, Reconciler, settings::Settings, write_metrics};
use latchkey_store::{Patience, Store, client_from_environment};
use serde::de::IgnoredAny;
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
    let level = settings
        .as_ref()
        .map_or(Level::INFO, |settings| settings.log_level);
    latchkey_telemetry::log_json(level);
    let (
        Settings {
            table_name, rules, ..
        },
        clock,
    ) = (settings?, machine_clock());
    let client = client_from_environment(variable)?;
    let store = Store::new(&client, &table_name, Patience::Change);
    let gateway = Gateway::new(&latchkey_gateway::client_from_environment(variable)?);
    let instance = getrandom::u64()?;
    let reconciler = Reconciler::new(store, gateway, clock.clone(), rules, instance);
    let run = async |event: LambdaEvent<IgnoredAny>| {
        let now = clock.now().timestamp();
        let ends = Duration::from_millis(event.context.deadline);
        let now_since_1970 = Duration::try_from(now.as_duration()).unwrap_or_default();
        let left = ends.saturating_sub(now_since_1970);
        let deadline = tokio::time::Instant::now() + left.saturating_sub(GRACE);
        let outcome = reconciler.run(deadline).await?;
        write_metrics(&outcome, &table_name, now, &mut stdout().lock())?;
        Ok::<(), lambda_runtime::Error>(())
    };
    lambda_runtime::run(service_fn(async |event| {
        let ended = run(event).await;
        ended.inspect_err(|error| tracing::error!(%error, "the run failed"))
    }))
    .await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the machine is asked for the time"
)]
fn machine_clock() -> Clock {
    let start = Instant::now();
    let nanos = |since: Duration| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    Clock::new(move || Reading {
        wall: nanos(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()),
        steady: nanos(start.elapsed()),
    })
}
