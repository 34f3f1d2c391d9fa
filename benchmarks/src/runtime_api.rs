//! The Lambda Runtime API, version 2018-06-01, for measuring: events stand in a queue before
//! they are asked for, so that between an answer and the next event nobody else has to wake up.
//! A call is timed from just before its event is written to just after its answer was read.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    clock::now,
    outcome::Outcome,
    process::Process,
    wire::{Connection, Request},
};

const RUNTIME: &str = "/2018-06-01/runtime/";
/// The year 2100: the harness has its own bound on each wait.
const DEADLINE: &str = "lambda-runtime-deadline-ms: 4102444800000\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:benchmark\r\n";
const EXTENSION: &str = "lambda-extension-identifier: 7f0c8f1e-0d2a-4d3c-9a57-0b6a5c2f1e11\r\n";
/// The longest wait. Python under a small share of a processor takes seconds to start.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(200);

pub(crate) type Event = Arc<[u8]>;

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// A policy that allows, or `isAuthorized`.
    Allow,
    /// A policy that denies, or the error `Unauthorized`.
    Deny,
    /// Any other error.
    Error,
}

/// One call that was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) took: Duration,
    pub(crate) said: Said,
    /// Calls of DynamoDB while it was under way.
    pub(crate) dynamodb: u64,
    pub(crate) answered: Instant,
}

/// The server for one function. It ends when this is dropped.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    session: Arc<Session>,
}

struct Session {
    state: Mutex<State>,
    changed: Condvar,
    /// Calls of DynamoDB so far, by anybody.
    dynamodb: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Event>,
    under_way: HashMap<u64, (Instant, u64)>,
    calls: Vec<Call>,
    last_id: u64,
    polled: Option<Instant>,
    extensions: u32,
    asked: u32,
    failed: bool,
    closed: bool,
}

impl RuntimeApi {
    pub(crate) fn start(dynamodb: Arc<AtomicU64>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let session = Arc::new(Session {
            state: Mutex::default(),
            changed: Condvar::new(),
            dynamodb,
        });
        let accepting = session.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                if accepting.state().closed {
                    break;
                }
                let session = accepting.clone();
                // It fails where the function hangs up.
                thread::spawn(move || drop(session.serve(stream)));
            }
        });
        Ok(Self { address, session })
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Puts events where the function finds them.
    pub(crate) fn queue(&self, events: impl IntoIterator<Item = Event>) {
        self.session.state().queue.extend(events);
        self.session.changed.notify_all();
    }

    /// Waits until the function, and each extension, has asked for what comes next: when that
    /// was.
    pub(crate) fn started(&self, process: &mut Process) -> Outcome<Instant> {
        let state = self.wait(process, "the start", |state| {
            state.polled.is_some() && state.asked >= state.extensions
        })?;
        state.polled.ok_or_else(|| "no question was seen".into())
    }

    /// Waits until all events are answered, and takes what came of them.
    pub(crate) fn finished(&self, process: &mut Process) -> Outcome<Vec<Call>> {
        let mut state = self.wait(process, "the answers", |state| {
            state.queue.is_empty() && state.under_way.is_empty()
        })?;
        Ok(std::mem::take(&mut state.calls))
    }

    /// What was answered since this was last asked.
    pub(crate) fn taken(&self) -> Vec<Call> {
        std::mem::take(&mut self.session.state().calls)
    }

    /// How many events nobody has asked for yet.
    pub(crate) fn queued(&self) -> usize {
        self.session.state().queue.len()
    }

    fn wait(
        &self,
        process: &mut Process,
        what: &str,
        is_there: impl Fn(&State) -> bool,
    ) -> Outcome<MutexGuard<'_, State>> {
        let begun = now();
        let mut state = self.session.state();
        while !is_there(&state) {
            if state.failed {
                return Err(format!("the start failed:\n{}", process.output()).into());
            }
            let waited = self.session.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if let Some(status) = process.ended()? {
                return Err(format!("it ended with {status}:\n{}", process.output()).into());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{what} took too long:\n{}", process.output()).into());
            }
        }
        Ok(state)
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.session.state().closed = true;
        self.session.changed.notify_all();
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl Session {
    /// No code panics while it holds this.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut connection = Connection::new(stream);
        while let Some(request) = connection.request()? {
            let arrived = now();
            let path = request.path.as_str();
            match path.strip_prefix(RUNTIME) {
                Some("invocation/next") => {
                    let Some((id, event)) = self.next(arrived) else {
                        return Ok(());
                    };
                    let headers = format!(
                        "lambda-runtime-aws-request-id: 00000000-0000-4000-8000-{id:012}\r\n{DEADLINE}"
                    );
                    self.sent(id);
                    connection.answer(200, &headers, &event)?;
                }
                Some("init/error") => {
                    self.state().failed = true;
                    self.changed.notify_all();
                    connection.answer(202, "", b"{}")?;
                }
                Some(answer) => {
                    let known = self.answered(answer, &request, arrived);
                    connection.answer(if known { 202 } else { 400 }, "", b"{}")?;
                }
                None if path.ends_with("/extension/register") => {
                    self.state().extensions += 1;
                    connection.answer(200, EXTENSION, b"{}")?;
                }
                None => {
                    self.ask_as_extension();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The next event, and its number; none where the server ends.
    fn next(&self, arrived: Instant) -> Option<(u64, Event)> {
        let mut state = self.state();
        if state.polled.is_none() {
            state.polled = Some(arrived);
            self.changed.notify_all();
        }
        loop {
            if state.closed {
                return None;
            }
            if let Some(event) = state.queue.pop_front() {
                state.last_id += 1;
                let id = state.last_id;
                // The clock is read last, just before it is written.
                state.under_way.insert(id, (arrived, 0));
                return Some((id, event));
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn sent(&self, id: u64) {
        let dynamodb = self.dynamodb.load(Ordering::SeqCst);
        self.state().under_way.insert(id, (now(), dynamodb));
    }

    /// Whether it is an answer to something.
    fn answered(&self, answer: &str, request: &Request, arrived: Instant) -> bool {
        let dynamodb = self.dynamodb.load(Ordering::SeqCst);
        let mut parts = answer.split('/').skip(1);
        let (id, kind) = (parts.next(), parts.next());
        let number = id.and_then(|id| id.rsplit('-').next()?.parse().ok());
        let mut state = self.state();
        let Some((sent, before)) = number.and_then(|id: u64| state.under_way.remove(&id)) else {
            return false;
        };
        state.calls.push(Call {
            took: arrived.duration_since(sent),
            said: said(kind, &request.body),
            dynamodb: dynamodb - before,
            answered: arrived,
        });
        if state.queue.is_empty() && state.under_way.is_empty() {
            self.changed.notify_all();
        }
        true
    }

    /// No event ever comes for an extension.
    fn ask_as_extension(&self) {
        let mut state = self.state();
        state.asked += 1;
        self.changed.notify_all();
        while !state.closed {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn said(kind: Option<&str>, body: &[u8]) -> Said {
    let has = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    match kind {
        Some("response") if has("\"Allow\"") => Said::Allow,
        Some("response") if has("\"Deny\"") => Said::Deny,
        Some("error") if has("Unauthorized") => Said::Deny,
        _ => Said::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_by_its_policy_and_an_error_by_its_message() {
        assert_eq!(
            said(Some("response"), br#"{"Effect":"Allow"}"#),
            Said::Allow
        );
        assert_eq!(said(Some("response"), br#"{"Effect": "Deny"}"#), Said::Deny);
        let refused = br#"{"errorMessage":"Unauthorized"}"#;
        assert_eq!(said(Some("error"), refused), Said::Deny);
        assert_eq!(said(Some("error"), br#"{"errorMessage":"x"}"#), Said::Error);
        assert_eq!(said(Some("response"), b"null"), Said::Error);
    }
}
