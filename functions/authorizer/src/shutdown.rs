//! The end of an instance. Lambda sends SIGTERM before it takes one away, but only where an
//! extension is registered (AWS, "Understanding the Lambda execution environment lifecycle",
//! shutdown phase); so one is, that wants to hear of nothing. Emulators of Lambda may have no
//! Extensions API: there the function serves all the same.

use std::{future::pending, time::Duration};

use lambda_runtime::Error;
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

/// What the last work may take of the 500 ms after which Lambda kills the process.
pub(crate) const GRACE: Duration = Duration::from_millis(400);
/// Extensions of a function have names of their own.
const NAME: &str = "latchkey-authorizer";
/// Lambda answers within a millisecond; nobody else may hold up the start for longer.
const PATIENCE: Duration = Duration::from_millis(500);
/// The answer where there is no Extensions API.
const NOT_FOUND: u16 = 404;

/// SIGTERM, caught.
#[derive(Debug)]
pub(crate) struct Sigterm(Option<Signal>);

impl Sigterm {
    /// Catches it from now on: it no longer ends the process by itself.
    pub(crate) fn catch() -> Self {
        let caught = signal(SignalKind::terminate());
        Self(
            caught
                .inspect_err(|error| tracing::warn!(%error, "SIGTERM cannot be caught"))
                .ok(),
        )
    }

    /// Resolves when it has come.
    pub(crate) async fn received(&mut self) {
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        pending().await
    }
}

/// Registers the extension with `AWS_LAMBDA_RUNTIME_API`, before the first event is asked for:
/// later ones are refused. Without it the instance ends without notice.
pub(crate) async fn register_extension(runtime_api: Option<String>) {
    match timeout(PATIENCE, register(runtime_api)).await {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(NOT_FOUND))) => tracing::debug!("there is no Extensions API"),
        Ok(Ok(Some(status))) => tracing::warn!(status, "the extension was not registered"),
        Ok(Err(error)) => tracing::warn!(%error, "the extension was not registered"),
        Err(_) => tracing::warn!("the Extensions API does not answer"),
    }
}

/// Returns the status of a refusal.
async fn register(runtime_api: Option<String>) -> Result<Option<u16>, Error> {
    let Some(runtime_api) = runtime_api else {
        return Ok(Some(NOT_FOUND));
    };
    let client = PooledClient::builder()
        .with_endpoint(runtime_api.parse()?)
        .build();
    let request = build_request()
        .method("POST")
        .uri("/2020-01-01/extension/register")
        .header("Lambda-Extension-Name", NAME)
        .body(Body::from(r#"{"events":[]}"#))?;
    let answer = client.call(request).await?;
    let Some(identifier) = answer.headers().get("Lambda-Extension-Identifier") else {
        return Ok(Some(answer.status().as_u16()));
    };
    let next = build_request()
        .uri("/2020-01-01/extension/event/next")
        .header("Lambda-Extension-Identifier", identifier)
        .body(Body::empty())?;
    tokio::spawn(async move {
        // Lambda waits for this question before it hands out the first event. It has no answer.
        if let Err(error) = client.call(next).await {
            tracing::debug!(%error, "the Extensions API has hung up");
        }
    });
    Ok(None)
}
