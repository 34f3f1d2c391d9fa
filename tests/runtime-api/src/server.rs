//! The Runtime API, version 2018-06-01 (AWS, "Using the Lambda runtime API for custom
//! runtimes"): the function asks for the next event and posts what came of it.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
};

use crate::extensions::{self, Extension, ExtensionsApi};

/// What a function made of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It returned something.
    Response(Value),
    /// It returned an error.
    Error {
        /// `errorType`.
        error_type: String,
        /// `errorMessage`: API Gateway looks at this.
        error_message: String,
    },
}

/// Events that may wait to be asked for.
const WAITING: usize = 1024;
/// Until when a function may work on an event, in ms since 1970: the year 2100. Tests have
/// their own bound on each wait.
const DEADLINE_MS: &str = "4102444800000";
const FUNCTION_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:under-test";

/// The server's side that a test holds. The server ends when it is dropped.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::Sender<Event>,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

struct Event {
    request_id: String,
    payload: Vec<u8>,
}

pub(crate) struct Shared {
    events: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    last_id: AtomicU64,
    pub(crate) seen: watch::Sender<Seen>,
    init_error: Mutex<Option<Answer>>,
}

/// What the function has done so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Whether it has asked for an event yet.
    pub(crate) polled: bool,
    /// How many of its questions for an event wait for one.
    polls: usize,
    pub(crate) extensions: Vec<Extension>,
}

impl Seen {
    /// Lambda ends the start when the function and each extension have asked for what comes
    /// next (AWS, "Understanding the Lambda execution environment lifecycle").
    fn is_started(&self) -> bool {
        self.polled && self.extensions.iter().all(|extension| extension.asked)
    }
}

/// A question for an event, from its coming to its end: it is also dropped where the function
/// hangs up.
struct Poll(Arc<Shared>);

impl Poll {
    fn begin(shared: &Arc<Shared>) -> Self {
        shared.seen.send_modify(|seen| {
            seen.polled = true;
            seen.polls += 1;
        });
        Self(shared.clone())
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        self.0.seen.send_modify(|seen| seen.polls -= 1);
    }
}

impl RuntimeApi {
    pub(crate) async fn start(extensions_api: ExtensionsApi) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (events, waiting) = mpsc::channel(WAITING);
        let shared = Arc::new(Shared {
            events: tokio::sync::Mutex::new(waiting),
            answers: Mutex::default(),
            last_id: AtomicU64::new(0),
            seen: watch::Sender::default(),
            init_error: Mutex::default(),
        });
        let mut router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error));
        if extensions_api == ExtensionsApi::Served {
            router = router.merge(extensions::routes());
        }
        let router = router.with_state(shared.clone());
        let serving = tokio::spawn(async move {
            // It ends only when the task does.
            drop(axum::serve(listener, router).await);
        });
        Ok(Self {
            address,
            events,
            shared,
            serving,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resolves when the function, and each extension, has asked for what comes next.
    pub(crate) async fn started(&self) {
        let mut seen = self.shared.seen.subscribe();
        // The sender lives as long as `self`.
        drop(seen.wait_for(Seen::is_started).await);
    }

    /// Resolves when this many of the function's questions for an event wait for one.
    pub(crate) async fn polls(&self, count: usize) {
        let mut seen = self.shared.seen.subscribe();
        drop(seen.wait_for(|seen| seen.polls == count).await);
    }

    /// The extensions that are registered.
    pub(crate) fn extensions(&self) -> Vec<Extension> {
        self.shared.seen.borrow().extensions.clone()
    }

    /// Puts an event where the function finds it. The receiver fails where the function
    /// never answers it.
    pub(crate) async fn send(&self, payload: Vec<u8>) -> oneshot::Receiver<Answer> {
        let id = self.shared.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let request_id = format!("00000000-0000-4000-8000-{id:012}");
        let (sender, receiver) = oneshot::channel();
        self.shared.answers().insert(request_id.clone(), sender);
        let event = Event {
            request_id,
            payload,
        };
        // The other end lives as long as `self`.
        drop(self.events.send(event).await);
        receiver
    }

    /// What the function said of a failed start, where it said anything.
    pub(crate) fn init_error(&self) -> Option<Answer> {
        lock(&self.shared.init_error).clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl fmt::Debug for RuntimeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RuntimeApi({})", self.address)
    }
}

impl Shared {
    fn answers(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Answer>>> {
        lock(&self.answers)
    }

    /// Hands an answer to whoever waits for it. An id that nobody waits for is refused, as
    /// Lambda does.
    fn deliver(&self, request_id: &str, answer: Option<Answer>) -> StatusCode {
        let waiting = self.answers().remove(request_id);
        let delivered = waiting
            .zip(answer)
            .map(|(waiting, answer)| waiting.send(answer));
        match delivered {
            Some(Ok(())) => StatusCode::ACCEPTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// No code panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let poll = Poll::begin(&shared);
    let event = shared.events.lock().await.recv().await;
    drop(poll);
    match event {
        Some(event) => (
            [
                ("content-type", "application/json"),
                ("lambda-runtime-aws-request-id", event.request_id.as_str()),
                ("lambda-runtime-deadline-ms", DEADLINE_MS),
                ("lambda-runtime-invoked-function-arn", FUNCTION_ARN),
            ],
            event.payload,
        )
            .into_response(),
        None => StatusCode::GONE.into_response(),
    }
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    let answer = serde_json::from_slice(&body).map(Answer::Response);
    shared.deliver(&id, answer.ok())
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.deliver(&id, error_in(&body))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    *lock(&shared.init_error) = error_in(&body);
    StatusCode::ACCEPTED
}

fn error_in(body: &[u8]) -> Option<Answer> {
    let error: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| error.get(name)?.as_str().map(str::to_owned);
    Some(Answer::Error {
        error_type: text("errorType")?,
        error_message: text("errorMessage")?,
    })
}
