//! Stands between functions and the engine: what it does to a charge is drawn by a seed, and
//! it counts what it did.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};

use crate::{
    faults::{Fault, Faults},
    passage::{Cut, Passage},
    seen::Seen,
};

/// A running proxy. It ends when this is dropped.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    passage: Arc<Passage>,
    serving: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Proxy {
    pub(crate) async fn start(engine: SocketAddr, faults: Faults) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let passage = Arc::new(Passage::new(engine, faults));
        let serving = tokio::spawn(accept(listener, passage.clone()));
        Self {
            endpoint,
            passage,
            serving,
        }
    }

    /// From now on these faults happen.
    pub(crate) fn set(&self, faults: Faults) {
        *self.passage.faults() = faults;
    }

    /// How often each fault happened since they were set.
    pub(crate) fn done(&self) -> BTreeMap<Fault, u64> {
        self.passage.faults().done()
    }

    pub(crate) fn seen(&self) -> Seen {
        self.passage.seen().clone()
    }

    /// Waits until nothing is on its way: each request under way holds a share of the passage,
    /// as the proxy and its listener do.
    pub(crate) async fn quiet(&self) {
        while Arc::strong_count(&self.passage) > 2 {
            sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn accept(listener: TcpListener, passage: Arc<Passage>) {
    while let Ok((stream, _)) = listener.accept().await {
        let passage = Arc::downgrade(&passage);
        let service = service_fn(move |request| {
            let passage = passage.upgrade();
            async move { passage.ok_or(Cut)?.pass(request).await }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // It fails where it is cut.
        tokio::spawn(async move { drop(connection.await) });
    }
}
