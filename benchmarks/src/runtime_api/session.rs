//! One function's connections, and what it was sent and answered on them.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::TcpStream,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use super::{Call, Event, Said};
use crate::{
    clock::now,
    wire::{Connection, Request},
};

const RUNTIME: &str = "/2018-06-01/runtime/";
/// The year 2100: the harness has its own bound on each wait.
const DEADLINE: &str = "lambda-runtime-deadline-ms: 4102444800000\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:benchmark\r\n";
const EXTENSION: &str = "lambda-extension-identifier: 7f0c8f1e-0d2a-4d3c-9a57-0b6a5c2f1e11\r\n";
pub(super) struct Session {
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
    /// Calls of DynamoDB so far, by anybody.
    pub(super) dynamodb: Arc<AtomicU64>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Event>,
    pub(super) under_way: HashMap<u64, (Instant, u64)>,
    pub(super) calls: Vec<Call>,
    pub(super) last_id: u64,
    pub(super) polled: Option<Instant>,
    pub(super) extensions: u32,
    pub(super) asked: u32,
    pub(super) failed: bool,
    pub(super) closed: bool,
}

impl Session {
    /// No code panics while it holds this.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn serve(&self, stream: TcpStream) -> io::Result<()> {
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
