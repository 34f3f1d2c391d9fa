//! Counts the calls of the table, and the items that it reads for them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
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
use latchkey_store::{Patience, Store};
use serde_json::Value;

use crate::support::{Admin, TABLE};

/// What was counted.
#[derive(Clone, Default)]
pub(crate) struct Count {
    calls: Arc<AtomicUsize>,
    items: Arc<AtomicUsize>,
}

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Count")
    }
}

impl Count {
    /// Calls and items since the last time.
    pub(crate) fn taken(&self) -> (usize, usize) {
        let taken = |count: &AtomicUsize| count.swap(0, Ordering::SeqCst);
        (taken(&self.calls), taken(&self.items))
    }

    /// The same admin API on a table whose calls are counted.
    pub(crate) fn under(&self, admin: &Admin) -> Admin {
        let client = admin.engine.client();
        let next: SharedHttpClient = client.config().http_client().unwrap();
        let count = self.clone();
        let http = http_client_fn(move |settings, components| {
            SharedHttpConnector::new(Connector {
                next: next.http_connector(settings, components),
                count: count.clone(),
            })
        });
        let client = Client::from_conf(client.config().to_builder().http_client(http).build());
        admin.with_store(Store::new(&client, TABLE, Patience::Change))
    }
}

#[derive(Debug)]
struct Connector {
    next: SharedHttpConnector,
    count: Count,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (next, count) = (self.next.clone(), self.count.clone());
        HttpConnectorFuture::new(async move {
            let answer = next.call(request).await?;
            let body: Value = serde_json::from_slice(answer.body().bytes().unwrap()).unwrap();
            count.calls.fetch_add(1, Ordering::SeqCst);
            count.items.fetch_add(items(&body), Ordering::SeqCst);
            Ok(answer)
        })
    }
}

/// Items that were read for an answer, those that a filter of the table's dropped among them.
fn items(body: &Value) -> usize {
    if let Some(scanned) = body["ScannedCount"].as_u64() {
        return scanned as usize;
    }
    let batches = body["Responses"].as_object().into_iter().flatten();
    let batched = batches
        .filter_map(|(_, items)| items.as_array())
        .map(Vec::len);
    batched.sum::<usize>() + usize::from(body.get("Item").is_some())
}
