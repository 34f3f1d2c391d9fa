//! A table that is slow, or stops answering at a call, as if the function had died there.

use std::{
    fmt,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{HttpClient as _, SharedHttpClient},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use latchkey_store::{Patience, Store};
use tokio::sync::Notify;

use crate::support::{Admin, TABLE};

/// What meets each call.
#[derive(Clone)]
pub(crate) struct Table {
    wait: Duration,
    /// Calls until the one that is not answered.
    left: Arc<AtomicUsize>,
    /// Whether none is answered from that one on.
    dead: bool,
    /// Whether transactions are carried out and never answered.
    mute: bool,
    stopped: Arc<Notify>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Table")
    }
}

impl Table {
    /// Each call takes this long.
    pub(crate) fn slow(wait: Duration) -> Self {
        Self {
            wait,
            left: Arc::new(AtomicUsize::new(usize::MAX)),
            dead: false,
            mute: false,
            stopped: Arc::default(),
        }
    }

    /// The `n`-th call, 1 being the first, is carried out and not answered. Of a call that is
    /// not carried out nobody knows more than of the answer to the one before.
    pub(crate) fn stopping(n: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(n)),
            ..Self::slow(Duration::ZERO)
        }
    }

    /// Transactions are carried out, and their answers are lost.
    pub(crate) fn losing_answers() -> Self {
        Self {
            mute: true,
            ..Self::slow(Duration::ZERO)
        }
    }

    /// From the `n`-th call on, 1 being the first, none is answered.
    pub(crate) fn dying(n: usize) -> Self {
        Self {
            dead: true,
            ..Self::stopping(n)
        }
    }

    /// Resolves when a call was stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    /// The same admin API on this table.
    pub(crate) fn under(&self, admin: &Admin) -> Admin {
        let client = admin.engine.client();
        let quick: SharedHttpClient = client.config().http_client().unwrap();
        let table = self.clone();
        let http = http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Connector {
                next: quick.http_connector(settings, components),
                table: table.clone(),
            })
        });
        let client = Client::from_conf(client.config().to_builder().http_client(http).build());
        admin.with_store(Store::new(&client, TABLE, Patience::Change))
    }
}

#[derive(Debug)]
struct Connector {
    next: SharedHttpConnector,
    table: Table,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (next, table) = (self.next.clone(), self.table.clone());
        HttpConnectorFuture::new(async move {
            if !table.wait.is_zero() {
                tokio::time::sleep(table.wait).await;
            }
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            if table.mute && target.ends_with("TransactWriteItems") {
                drop(next.call(request).await);
                return pending().await;
            }
            if table.dead && table.left.load(Ordering::SeqCst) == 1 {
                drop(next.call(request).await);
                return pending().await;
            }
            if table.left.fetch_sub(1, Ordering::SeqCst) != 1 {
                return next.call(request).await;
            }
            drop(next.call(request).await);
            table.stopped.notify_one();
            pending().await
        })
    }
}
