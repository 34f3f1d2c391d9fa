//! A table on whose way back an answer can be held up.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_sdk_dynamodb::{
    Client,
    config::{HttpClient as _, SharedHttpClient},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use tokio::sync::Notify;

/// The way to the table. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Gate {
    closed: Arc<AtomicBool>,
    waits: Arc<Notify>,
    opens: Arc<Notify>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl Gate {
    /// Holds up the answer to the next call, which the table has given by then.
    pub(super) fn hold_next(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Until an answer is held up.
    pub(super) async fn holds(&self) {
        self.waits.notified().await;
    }

    /// Lets it through.
    pub(super) fn open(&self) {
        self.opens.notify_one();
    }

    /// A client whose calls go through here.
    pub(super) fn to(&self, client: &Client) -> Client {
        let next: SharedHttpClient = client.config().http_client().unwrap();
        let gate = self.clone();
        let http = http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Connector {
                next: next.http_connector(settings, components),
                gate: gate.clone(),
            })
        });
        Client::from_conf(client.config().to_builder().http_client(http).build())
    }
}

#[derive(Debug)]
struct Connector {
    next: SharedHttpConnector,
    gate: Gate,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (next, gate) = (self.next.clone(), self.gate.clone());
        HttpConnectorFuture::new(async move {
            let answer = next.call(request).await;
            if gate.closed.swap(false, Ordering::SeqCst) {
                gate.waits.notify_one();
                gate.opens.notified().await;
            }
            answer
        })
    }
}
