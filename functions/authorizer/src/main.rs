//! The authorizer's Lambda function: wires settings, clock and table to the handler.

mod shutdown;
mod unread;

use std::{
    io::{Write as _, stdout},
    process::ExitCode,
    sync::Arc,
};

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, layers::TracingLayer, service_fn};
use latchkey_authorizer::{Authorizer, settings::Settings};
use latchkey_domain::{Clock, Nanos, Reading};
use latchkey_store::{Patience, Store};
use mimalloc::MiMalloc;
use tracing::Level;

use crate::{
    shutdown::{GRACE, Sigterm, register_extension},
    unread::{SetAside, Unread},
};

/// Most of what a call asks memory for is the runtime's and its HTTP client's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
    let store = Store::from_environment(variable, &settings.table_name, Patience::Call)?;
    let mut sigterm = Sigterm::catch();
    let (authorizer, ()) = tokio::join!(
        Authorizer::start(settings, store, machine_clock()),
        register_extension(variable("AWS_LAMBDA_RUNTIME_API")),
    );
    let authorizer = Arc::new(authorizer);
    let at_the_end = authorizer.clone();
    // As many calls at once as AWS_LAMBDA_MAX_CONCURRENCY says: one, but on managed instances.
    let handler = service_fn(move |_: LambdaEvent<Unread>| {
        let authorizer = authorizer.clone();
        async move {
            write(&authorizer.metrics_due());
            // What is no UTF-8 is no event.
            let event = Unread::event();
            let event = str::from_utf8(&event).unwrap_or_default();
            let handled = authorizer.handle(event).await;
            write(&authorizer.metrics_due());
            handled.answer.map_err(Diagnostic::from)
        }
    });
    let runtime = Runtime::new(handler)
        .layer(SetAside)
        .layer(TracingLayer::new());
    tokio::select! {
        ended = runtime.run_concurrent() => ended,
        () = async {
            sigterm.received().await;
            at_the_end.give_back(GRACE).await;
            write(&at_the_end.metrics_left());
        } => Ok(()),
    }
}

/// Metrics are read from the log, as lines of their own.
fn write(lines: &str) {
    if lines.is_empty() {
        return;
    }
    if let Err(error) = stdout().write_all(lines.as_bytes()) {
        tracing::warn!(%error, "metrics were not written");
    }
}

/// Lambda suspends instances between calls: a steady clock that stood still meanwhile would keep
/// what is remembered young.
#[cfg(target_os = "linux")]
fn machine_clock() -> Clock {
    use rustix::time::{ClockId, clock_gettime};
    let nanos = |clock| -> Nanos {
        let time = clock_gettime(clock);
        let seconds: Nanos = time.tv_sec.saturating_mul(1_000_000_000);
        seconds.saturating_add(time.tv_nsec)
    };
    Clock::new(move || Reading {
        wall: nanos(ClockId::Realtime),
        steady: nanos(ClockId::Boottime),
    })
}

/// For development: the steady clock may stand still while the machine is suspended.
#[cfg(not(target_os = "linux"))]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the machine is asked for the time"
)]
fn machine_clock() -> Clock {
    use std::time::{Duration, Instant, SystemTime};
    let nanos = |time: Duration| Nanos::try_from(time.as_nanos()).unwrap_or(Nanos::MAX);
    let start = Instant::now();
    Clock::new(move || Reading {
        wall: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, nanos),
        steady: nanos(start.elapsed()),
    })
}
