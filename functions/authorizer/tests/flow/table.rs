//! A table whose calls are counted, and that does not answer, or its history does not, where a test
//! wants that.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use aws_sdk_dynamodb::{
    Client,
    config::{HttpClient as _, SharedHttpClient},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
    result::ConnectorError,
};

/// What goes through.
#[derive(Clone, Default)]
pub(crate) struct Passage {
    calls: Arc<AtomicUsize>,
    of_history: Arc<AtomicUsize>,
    history_fails: Arc<AtomicBool>,
    history_hangs: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
    debts_fail: Arc<AtomicBool>,
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passage")
    }
}

impl Passage {
    /// Calls since the last time, and those of them that were for the history.
    pub(crate) fn taken(&self) -> (usize, usize) {
        let taken = |count: &AtomicUsize| count.swap(0, Ordering::SeqCst);
        (taken(&self.calls), taken(&self.of_history))
    }

    pub(crate) fn history_fails(&self, fails: bool) {
        self.history_fails.store(fails, Ordering::SeqCst);
    }

    pub(crate) fn history_hangs(&self, hangs: bool) {
        self.history_hangs.store(hangs, Ordering::SeqCst);
    }

    /// From now on no call of any kind gets through, or each does.
    pub(crate) fn fails(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// From now on no charge of what is owed gets through, or each does.
    pub(crate) fn debts_fail(&self, fail: bool) {
        self.debts_fail.store(fail, Ordering::SeqCst);
    }

    /// A client whose calls go through here.
    pub(crate) fn to(&self, client: &Client) -> Client {
        let next: SharedHttpClient = client.config().http_client().unwrap();
        let passage = self.clone();
        let http = http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Connector {
                next: next.http_connector(settings, components),
                passage: passage.clone(),
            })
        });
        Client::from_conf(client.config().to_builder().http_client(http).build())
    }
}

#[derive(Debug)]
struct Connector {
    next: SharedHttpConnector,
    passage: Passage,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (next, passage) = (self.next.clone(), self.passage.clone());
        let body = request.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body);
        let of_history = body.contains("HISTORY#");
        let is_debt = body.contains(r#""UpdateExpression":"ADD #d :n"#);
        HttpConnectorFuture::new(async move {
            passage.calls.fetch_add(1, Ordering::SeqCst);
            let debt_fails = is_debt && passage.debts_fail.load(Ordering::SeqCst);
            if debt_fails || passage.fails.load(Ordering::SeqCst) {
                return Err(ConnectorError::io("the connection broke".into()));
            }
            if of_history {
                passage.of_history.fetch_add(1, Ordering::SeqCst);
                if passage.history_fails.load(Ordering::SeqCst) {
                    return Err(ConnectorError::io("the connection broke".into()));
                }
                if passage.history_hangs.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
            }
            next.call(request).await
        })
    }
}
