//! A service of AWS's JSON protocols on this machine, as far as a test needs it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use serde_json::Value;

/// What was asked: the operation, such as `secretsmanager.GetSecretValue`, and its body.
pub(crate) type Asked = (String, Value);

/// It ends with the process.
pub(crate) struct AwsServer {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl AwsServer {
    /// Answers with what `answer` says of operation and body: a status and a body.
    pub(crate) fn start(answer: impl FnMut(&str, &Value) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (told, answer) = (Arc::clone(&asked), Arc::new(Mutex::new(answer)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (told, answer) = (Arc::clone(&told), Arc::clone(&answer));
                std::thread::spawn(move || {
                    serve(stream.unwrap(), |operation, body| {
                        told.lock()
                            .unwrap()
                            .push((operation.to_owned(), body.clone()));
                        (answer.lock().unwrap())(operation, body)
                    });
                });
            }
        });
        Self { address, asked }
    }

    /// All that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The operations that were asked for so far.
    pub(crate) fn operations(&self) -> Vec<String> {
        let name = |(operation, _): Asked| operation.rsplit('.').next().unwrap().to_owned();
        self.asked().into_iter().map(name).collect()
    }

    /// The command, with this for AWS.
    pub(crate) fn with(&self, mut command: Command) -> Command {
        command
            .env("AWS_ENDPOINT_URL", &self.address)
            .env("AWS_ACCESS_KEY_ID", "any")
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_REGION", "eu-west-1")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE");
        command
    }
}

fn serve(stream: TcpStream, mut answer: impl FnMut(&str, &Value) -> (u16, Value)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let (mut operation, mut length, mut line) = (String::new(), 0, String::new());
        while reader.read_line(&mut line).unwrap_or(0) > 0 && line.trim() != "" {
            if let Some((name, value)) = line.trim().split_once(": ") {
                match name.to_ascii_lowercase().as_str() {
                    "x-amz-target" => value.clone_into(&mut operation),
                    "content-length" => length = value.parse().unwrap(),
                    _ => {}
                }
            }
            line.clear();
        }
        if line.is_empty() {
            return;
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        // CloudFormation's bodies are forms.
        let body = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        let (status, answer) = answer(&operation, &body);
        let answer = match answer {
            Value::String(text) => text,
            json => json.to_string(),
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if writer
            .write_all(format!("{head}{answer}").as_bytes())
            .is_err()
        {
            return;
        }
    }
}
