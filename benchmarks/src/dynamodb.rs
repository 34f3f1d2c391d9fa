//! DynamoDB as a function meets it: the embedded engine, behind TLS where there is a certificate,
//! a thread a connection, each answer as late as is wanted. Every call is counted.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use latchkey_engine::Engine;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{outcome::Outcome, wire::Connection};

/// A server that lasts as long as the run.
pub(crate) struct DynamoDb {
    pub(crate) endpoint: String,
    /// Calls so far.
    pub(crate) calls: Arc<AtomicU64>,
    delay_us: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Served {
    engine: Engine,
    tls: Option<Arc<ServerConfig>>,
    delay_us: Arc<AtomicU64>,
    calls: Arc<AtomicU64>,
}

impl DynamoDb {
    /// Serves an engine on a port of its own.
    pub(crate) fn start(engine: Engine, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{}", listener.local_addr()?);
        let calls = Arc::new(AtomicU64::new(0));
        let delay_us = Arc::new(AtomicU64::new(0));
        let served = Served {
            engine,
            tls,
            delay_us: delay_us.clone(),
            calls: calls.clone(),
        };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let served = served.clone();
                // It fails where the function hangs up.
                thread::spawn(move || drop(served.accept(stream)));
            }
        });
        Ok(Self {
            endpoint,
            calls,
            delay_us,
        })
    }

    /// From now on each answer waits for so long first, in µs: what DynamoDB itself takes.
    pub(crate) fn delay(&self, delay_us: u64) {
        self.delay_us.store(delay_us, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Served {
    fn accept(&self, stream: TcpStream) -> Outcome<()> {
        stream.set_nodelay(true)?;
        match &self.tls {
            Some(tls) => {
                let tls = ServerConnection::new(tls.clone())?;
                self.serve(StreamOwned::new(tls, stream))
            }
            None => self.serve(stream),
        }
    }

    fn serve(&self, stream: impl Read + Write) -> Outcome<()> {
        let mut connection = Connection::new(stream);
        while let Some(request) = connection.request()? {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let target = request.target.as_deref().unwrap_or_default();
            let (_, operation) = target.split_once('.').ok_or("no operation")?;
            let (status, body) = self.engine.answer(operation, &request.body);
            let delay_us = self.delay_us.load(Ordering::SeqCst);
            if delay_us > 0 {
                thread::sleep(Duration::from_micros(delay_us));
            }
            connection.answer(status, "", body.as_bytes())?;
        }
        Ok(())
    }
}
