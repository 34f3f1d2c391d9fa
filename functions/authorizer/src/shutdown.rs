//! The end of an instance. Lambda sends SIGTERM before it takes one away, but only where an
//! extension is registered (AWS, "Understanding the Lambda execution environment lifecycle",
//! shutdown phase); so one is, that wants to hear of nothing. Emulators of Lambda may have no
//! Extensions API: there the function serves all the same.

use std::{future::pending, time::Duration};

use lambda_runtime::Error;
use lambda_runtime_api_client::{PooledClient, body::Body, build_request};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
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
    let (answered, answer) = oneshot::channel();
    // It goes on when nobody waits any more: an extension that is registered and asks for
    // nothing would hold up the function for good.
    tokio::spawn(async move {
        match register(runtime_api, answered).await {
            Ok(None) => tracing::debug!("the Extensions API has hung up"),
            Ok(Some(NOT_FOUND)) => tracing::debug!("there is no Extensions API"),
            Ok(Some(status)) => tracing::warn!(status, "the extension was not registered"),
            Err(error) => tracing::warn!(%error, "the extension was not registered"),
        }
    });
    if timeout(PATIENCE, answer).await.is_err() {
        tracing::warn!("the Extensions API does not answer");
    }
}

/// Registers, tells `answered`, and asks for the next event, which never comes. Returns the
/// status of a refusal.
async fn register(
    runtime_api: Option<String>,
    answered: oneshot::Sender<()>,
) -> Result<Option<u16>, Error> {
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
    // Whoever waited may have gone.
    drop(answered);
    // Lambda waits for this question before it hands out the first event. It has no answer.
    client.call(next).await?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// The head of a request, and its body where it has come with it.
    async fn read(stream: &mut TcpStream) -> String {
        let mut read = Vec::new();
        while !read.windows(4).any(|end| end == b"\r\n\r\n") {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        }
        String::from_utf8(read).unwrap()
    }

    /// Lambda has registered it, whenever it says so, and waits for it to ask.
    #[tokio::test]
    async fn an_extension_that_is_registered_late_asks_for_the_next_event_all_the_same() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mut stream, ()) = tokio::join!(
            async { listener.accept().await.unwrap().0 },
            register_extension(Some(address)),
        );
        let registration = read(&mut stream).await;
        assert!(registration.starts_with("POST /2020-01-01/extension/register "));
        let answer = "HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: one\r\n\
            Connection: close\r\nContent-Length: 2\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = read(&mut stream).await;
        assert!(asked.starts_with("GET /2020-01-01/extension/event/next "));
        assert!(
            asked.contains("lambda-extension-identifier: one"),
            "{asked}"
        );
    }
}
