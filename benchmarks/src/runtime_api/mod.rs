//! The Lambda Runtime API, version 2018-06-01, for measuring: events stand in a queue before
//! they are asked for, so that between an answer and the next event nobody else has to wake up.
//! A call is timed from just before its event is written to just after its answer was read.

mod session;

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    thread,
    time::{Duration, Instant},
};

use self::session::{Session, State};
use crate::{clock::now, outcome::Outcome, process::Process};

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

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        sync::atomic::Ordering,
    };

    use super::*;
    use crate::process::Program;

    /// What a function does: asks, works, and answers by the id that it was told.
    fn serve_one(stream: &mut TcpStream, answer: &str, work: impl FnOnce()) {
        let next = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n";
        stream.write_all(next).unwrap();
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).unwrap();
        let event = String::from_utf8_lossy(&chunk[..read]).into_owned();
        assert!(event.ends_with("{}"), "{event}");
        let (_, rest) = event.split_once("request-id: ").unwrap();
        let id = rest.lines().next().unwrap();
        let post = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        work();
        stream.write_all(post.as_bytes()).unwrap();
        let read = stream.read(&mut chunk).unwrap();
        assert!(chunk[..read].starts_with(b"HTTP/1.1 202"));
    }

    #[test]
    fn calls_are_told_with_what_was_answered_and_how_often_dynamodb_was_called() {
        let program = Program {
            command: ["sleep", "60"].map(Into::into).into(),
            environment: vec![],
        };
        let output = std::env::temp_dir().join(format!("latchkey-sleep-{}", std::process::id()));
        let mut process = Process::start(&program, "", output.clone(), None).unwrap();
        let dynamodb = Arc::new(AtomicU64::new(5));
        let api = RuntimeApi::start(dynamodb.clone()).unwrap();
        api.queue([Event::from(*b"{}"), Event::from(*b"{}")]);
        let mut stream = TcpStream::connect(api.address()).unwrap();
        let called = || _ = dynamodb.fetch_add(2, Ordering::SeqCst);
        serve_one(&mut stream, r#"{"Effect":"Allow"}"#, called);
        assert_eq!(api.queued(), 1);
        called();
        serve_one(&mut stream, r#"{"Effect":"Deny"}"#, || ());
        assert!(api.started(&mut process).unwrap() > process.begun);
        let calls = api.finished(&mut process).unwrap();
        let told: Vec<_> = calls
            .iter()
            .map(|call| (call.said, call.dynamodb))
            .collect();
        // What was called between two calls is of neither.
        assert_eq!(told, [(Said::Allow, 2), (Said::Deny, 0)]);
        std::fs::remove_file(output).unwrap();
    }

    #[test]
    fn a_function_that_ends_is_not_waited_for() {
        let program = Program {
            command: ["false"].map(Into::into).into(),
            environment: vec![],
        };
        let output = std::env::temp_dir().join(format!("latchkey-false-{}", std::process::id()));
        let mut process = Process::start(&program, "", output.clone(), None).unwrap();
        let api = RuntimeApi::start(Arc::default()).unwrap();
        let error = api.started(&mut process).unwrap_err();
        assert!(error.to_string().starts_with("it ended with"), "{error}");
        std::fs::remove_file(output).unwrap();
    }
}
