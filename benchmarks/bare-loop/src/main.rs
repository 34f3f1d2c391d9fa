//! The lowest floor: what the Runtime API itself costs a process. Asks for an event over one
//! socket, looks at nothing but its id, and answers the same policy each time.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    str,
};

const ANSWER: &str = r#"{"principalId":"nobody","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow","Resource":["*"]}]},"context":{}}"#;
const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: lambda\r\n\r\n";
const ID: &str = "lambda-runtime-aws-request-id:";
const LENGTH: &str = "content-length:";

fn main() -> io::Result<()> {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(io::Error::other)?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        stream.write_all(NEXT.as_bytes())?;
        let head = answer(&mut stream, &mut buffer)?;
        let Some(id) = header(&head, ID) else {
            return Err(io::Error::other("an event without an id"));
        };
        let post = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: lambda\r\ncontent-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len(),
        );
        stream.write_all(post.as_bytes())?;
        answer(&mut stream, &mut buffer)?;
    }
}

/// Reads one answer to its end, and returns its head in small letters.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<String> {
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        let read = stream.read(room)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        let text = buffer.get(..filled).unwrap_or_default();
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = str::from_utf8(text.get(..end).unwrap_or_default()).map_err(io::Error::other)?;
        let head = head.to_ascii_lowercase();
        let length = header(&head, LENGTH).and_then(|length| length.parse().ok());
        if filled >= end + 4 + length.unwrap_or(0) {
            return Ok(head);
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines();
    lines
        .find_map(|line| line.strip_prefix(name))
        .map(str::trim)
}
