//! A server that keeps what it is sent, and answers always the same.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use super::run::{Ran, command, run_with};

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Such as `POST /admin/v1/keys HTTP/1.1`.
    pub(super) line: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The server; it ends with the tests.
pub(super) struct Recorder {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Recorder {
    pub(super) fn answering(status: u16, body: &str) -> Self {
        Self::losing(0, status, body)
    }

    /// One whose first `lost` answers are lost: it ends those connections instead.
    pub(super) fn losing(lost: usize, status: u16, body: &str) -> Self {
        Self::first(lost, "", status, body)
    }

    /// One that answers 50x to the first `lost` requests, as what stands before an API does.
    pub(super) fn failing(lost: usize, fault: u16, status: u16, body: &str) -> Self {
        let fault = format!("HTTP/1.1 {fault} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        Self::first(lost, &fault, status, body)
    }

    fn first(lost: usize, fault: &str, status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let (kept, fault) = (Arc::clone(&requests), fault.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut kept = kept.lock().unwrap();
                kept.push(read(&stream));
                let is_lost = kept.len() <= lost;
                let answer = if is_lost { &fault } else { &answer };
                drop(stream.write_all(answer.as_bytes()));
            }
        });
        Self { port, requests }
    }

    /// The command with these words, sent here.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = command(words);
        let url = format!("http://127.0.0.1:{}/admin", self.port);
        command.env("LATCHKEY_URL", url);
        command
    }

    pub(super) fn run(&self, words: &[&str]) -> Ran {
        run_with(self.command(words), "")
    }

    /// What came until now.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Request {
    let mut lines = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let line = next();
    let mut headers = Vec::new();
    loop {
        let header = next();
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request {
        line,
        headers,
        body: String::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    request.body = String::from_utf8(body).unwrap();
    request
}
