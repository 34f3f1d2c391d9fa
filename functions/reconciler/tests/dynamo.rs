//! The embedded engine behind a client that can be stopped at any call, as if the caller's
//! process had died there.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
};
use latchkey_engine::Engine;
use latchkey_fake_gateway::Moment;
use tokio::sync::watch;

/// Which calls are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    All,
    /// Those that change something.
    Writes,
    /// Those of an operation.
    Of(&'static str),
}

#[derive(Debug, Clone)]
pub(crate) struct Dynamo {
    stop: Arc<Mutex<Option<(usize, Moment, Calls)>>>,
    stopped: Arc<watch::Sender<bool>>,
    writes: Arc<AtomicUsize>,
    held: Arc<watch::Sender<bool>>,
}

impl Dynamo {
    pub(crate) fn over(engine: &Engine) -> (Self, Client) {
        let dynamo = Self {
            stop: Arc::default(),
            stopped: Arc::new(watch::Sender::new(false)),
            writes: Arc::default(),
            held: Arc::new(watch::Sender::new(false)),
        };
        let client = engine.client();
        let inner = client.config().http_client().unwrap();
        let wrapped = dynamo.clone();
        let http = http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Connector {
                inner: inner.http_connector(settings, components),
                dynamo: wrapped.clone(),
            })
        });
        // Nobody looks at a signature here, and a third of a call's work would be making it.
        let config = client.config().to_builder().http_client(http);
        let config = config
            .allow_no_auth()
            .auth_scheme_preference(["noAuth".into()]);
        (dynamo, Client::from_conf(config.build()))
    }

    /// The `n`-th call from now is never answered, before or after it is carried out.
    pub(crate) fn stop_after(&self, n: usize, moment: Moment, calls: Calls) {
        self.stopped.send_replace(false);
        *self.stop.lock().unwrap() = Some((n, moment, calls));
    }

    /// The answer to the `n`-th call from now comes when it is let go.
    pub(crate) fn hold(&self, n: usize, calls: Calls) {
        self.held.send_replace(true);
        self.stop_after(n, Moment::After, calls);
    }

    pub(crate) fn let_go(&self) {
        self.held.send_replace(false);
    }

    /// Forgets the calls so far.
    pub(crate) fn go_on(&self) {
        *self.stop.lock().unwrap() = None;
        self.writes.store(0, Ordering::SeqCst);
    }

    /// Calls that change something.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    pub(crate) async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        stopped.wait_for(|stopped| *stopped).await.unwrap();
    }

    fn fate(&self, request: &HttpRequest) -> Option<Moment> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let reads = ["GetItem", "BatchGetItem", "Query", "Scan"];
        let operation = target
            .split_once('.')
            .map_or("", |(_, operation)| operation);
        let reads = reads.contains(&operation);
        if !reads {
            self.writes.fetch_add(1, Ordering::SeqCst);
        }
        let mut stop = self.stop.lock().unwrap();
        let (left, moment, calls) = stop.as_mut()?;
        let counts = match calls {
            Calls::All => true,
            Calls::Writes => !reads,
            Calls::Of(which) => *which == operation,
        };
        if !counts {
            return None;
        }
        *left -= 1;
        let moment = (*left == 0).then_some(*moment)?;
        *stop = None;
        Some(moment)
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    dynamo: Dynamo,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fate = self.dynamo.fate(&request);
        let stopped = self.dynamo.stopped.clone();
        let mut held = self.dynamo.held.subscribe();
        let answer = (fate != Some(Moment::Before)).then(|| self.inner.call(request));
        HttpConnectorFuture::new(async move {
            let answer = match answer {
                Some(answer) => Some(answer.await),
                None => None,
            };
            match (answer, fate) {
                (Some(answer), None) => answer,
                (Some(answer), _) if *held.borrow() => {
                    stopped.send_replace(true);
                    held.wait_for(|held| !held).await.unwrap();
                    answer
                }
                _ => {
                    stopped.send_replace(true);
                    pending().await
                }
            }
        })
    }
}
