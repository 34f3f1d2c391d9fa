//! The way of one request to the engine, and of its answer back.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::CONTENT_TYPE,
    http::request::Parts,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{sync::oneshot, time::sleep};

use crate::{
    faults::{Fault, Faults},
    seen::Seen,
    written::Written,
};

type Answer = Response<Full<Bytes>>;

/// Where requests go through.
pub(crate) struct Passage {
    engine: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    faults: Mutex<Faults>,
    seen: Mutex<Seen>,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub(crate) struct Cut;

/// A request as it came.
#[derive(Clone)]
struct Sent {
    head: Parts,
    body: Bytes,
}

impl Passage {
    pub(crate) fn new(engine: SocketAddr, faults: Faults) -> Self {
        Self {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            faults: Mutex::new(faults),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap()
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(crate) async fn pass(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Cut> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        let target = head.headers.get("x-amz-target");
        let target = target.and_then(|target| target.to_str().ok());
        let (_, operation) = target
            .and_then(|target| target.split_once('.'))
            .ok_or(Cut)?;
        let (operation, sent) = (operation.to_owned(), Sent { head, body });
        let is_update = operation == "UpdateItem";
        *self.seen().operations.entry(operation).or_default() += 1;
        if is_update {
            self.pass_update(sent).await
        } else {
            self.deliver_after(Duration::ZERO, sent).await
        }
    }

    async fn pass_update(self: Arc<Self>, sent: Sent) -> Result<Answer, Cut> {
        let (fault, time) = self.faults().draw();
        match fault {
            Fault::None => self.deliver_after(Duration::ZERO, sent).await,
            Fault::Delay => self.deliver_after(time, sent).await,
            Fault::CutBefore => Err(Cut),
            Fault::CutAfter => {
                self.deliver_unheard(Duration::ZERO, sent).await?;
                Err(Cut)
            }
            Fault::Twice => {
                let answer = self
                    .clone()
                    .deliver_after(Duration::ZERO, sent.clone())
                    .await;
                tokio::spawn(self.deliver_unheard(time, sent));
                answer
            }
            Fault::Throttled => Ok(refusal(StatusCode::BAD_REQUEST, "ThrottlingException")),
            Fault::FailedBefore => Ok(failure()),
            Fault::FailedAfter => {
                self.deliver_unheard(Duration::ZERO, sent).await?;
                Ok(failure())
            }
        }
    }

    /// Delivers it even if its caller goes meanwhile, as a network does.
    async fn deliver_after(self: Arc<Self>, time: Duration, sent: Sent) -> Result<Answer, Cut> {
        let (heard, answer) = oneshot::channel();
        tokio::spawn(async move {
            sleep(time).await;
            let (answer, written) = self.deliver(&sent).await?;
            if heard.send(answer).is_err() {
                let mut seen = self.seen();
                seen.abandoned += 1;
                written.iter().for_each(|written| seen.lost(written));
            }
            Ok::<(), Cut>(())
        });
        answer.await.map_err(|_| Cut)
    }

    /// Delivers it, even if its caller goes meanwhile, and keeps the answer from everybody.
    async fn deliver_unheard(self: Arc<Self>, time: Duration, sent: Sent) -> Result<(), Cut> {
        let delivered = tokio::spawn(async move {
            sleep(time).await;
            if let Ok((_, Some(written))) = self.deliver(&sent).await {
                self.seen().lost(&written);
            }
        });
        delivered.await.map_err(|_| Cut)
    }

    /// The engine's answer, and what was written where it was applied to a meter.
    async fn deliver(&self, sent: &Sent) -> Result<(Answer, Option<Written>), Cut> {
        let path = sent.head.uri.path();
        let mut request = Request::post(format!("http://{}{path}", self.engine));
        if let Some(headers) = request.headers_mut() {
            *headers = sent.head.headers.clone();
        }
        let request = request
            .body(Full::new(sent.body.clone()))
            .map_err(|_| Cut)?;
        let answer = self.client.request(request).await.map_err(|_| Cut)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        let is_applied = head.status == StatusCode::OK;
        let written = Written::read(&sent.body).filter(|_| is_applied);
        if let Some(written) = &written {
            self.seen().applied(written);
        }
        Ok((Response::from_parts(head, Full::new(body)), written))
    }
}

fn failure() -> Answer {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
}

/// An error as DynamoDB words it.
fn refusal(status: StatusCode, error: &str) -> Answer {
    let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{error}"}}"#);
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let kind = "application/x-amz-json-1.0";
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    answer
}
