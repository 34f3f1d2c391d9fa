//! HTTP/1.1 on a server's side, over whatever carries it: a thread a connection, and nothing
//! between a request and its answer that a measurement would have to be cleared of.

use std::io::{self, Read, Write};

/// The longest request, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;
const HEADERS: usize = 64;

/// A connection that is kept open.
pub(crate) struct Connection<S> {
    stream: S,
    /// What was read and belongs to no request yet.
    read: Vec<u8>,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// `x-amz-target`: DynamoDB's name of the operation.
    pub(crate) target: Option<String>,
    pub(crate) body: Vec<u8>,
}

struct Head {
    request: Request,
    /// Bytes of the head and of the body.
    sizes: (usize, usize),
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            read: Vec::with_capacity(16 * 1024),
        }
    }

    /// The next request; none where the other side has ended.
    pub(crate) fn request(&mut self) -> io::Result<Option<Request>> {
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(Head {
                mut request,
                sizes: (head, body),
            }) = head(&self.read)?
                && self.read.len() >= head + body
            {
                request.body = self.read.drain(..head + body).skip(head).collect();
                return Ok(Some(request));
            }
            let count = self.stream.read(&mut chunk)?;
            if count == 0 {
                return Ok(None);
            }
            self.read.extend_from_slice(&chunk[..count]);
            if self.read.len() > LONGEST {
                return Err(io::Error::other("a request without an end"));
            }
        }
    }

    /// Answers in one write. `headers` end their lines with CR and LF.
    pub(crate) fn answer(&mut self, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        let mut whole = head.into_bytes();
        whole.extend_from_slice(body);
        self.stream.write_all(&whole)?;
        self.stream.flush()
    }
}

/// The head of the first request, where all of it is there.
fn head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(size) = parsed.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let header = |name: &str| {
        let mut headers = parsed.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    if header("transfer-encoding").is_some() {
        return Err(io::Error::other("a body in chunks is not read here"));
    }
    let length = header("content-length").map_or(Ok(0), str::parse);
    Ok(Some(Head {
        sizes: (size, length.map_err(io::Error::other)?),
        request: Request {
            path: parsed.path.unwrap_or_default().to_owned(),
            target: header("x-amz-target").map(str::to_owned),
            body: Vec::new(),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, as a slow network might, and keeps what is written.
    struct Slow(Vec<u8>, Vec<u8>);

    impl Read for Slow {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            into[0] = self.0.remove(0);
            Ok(1)
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn requests_are_read_one_after_another_however_they_arrive() {
        let sent = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\nX-Amz-Target: T.GetItem\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n";
        let mut connection = Connection::new(Slow(sent.to_vec(), Vec::new()));
        let first = connection.request().unwrap().unwrap();
        assert_eq!(first.path, "/a");
        assert_eq!(first.target.as_deref(), Some("T.GetItem"));
        assert_eq!(first.body, b"abc");
        assert_eq!(connection.request().unwrap().unwrap().path, "/b");
        assert!(connection.request().unwrap().is_none());
    }

    #[test]
    fn an_answer_says_how_long_it_is() {
        let mut connection = Connection::new(Slow(Vec::new(), Vec::new()));
        connection.answer(202, "a: b\r\n", b"{}").unwrap();
        let written = String::from_utf8(connection.stream.1).unwrap();
        assert!(written.starts_with("HTTP/1.1 202 "), "{written}");
        assert!(written.ends_with("content-length: 2\r\na: b\r\n\r\n{}"));
    }

    #[test]
    fn a_body_in_chunks_is_refused_and_not_misread() {
        let sent = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut connection = Connection::new(Slow(sent.to_vec(), Vec::new()));
        assert!(connection.request().is_err());
    }
}
