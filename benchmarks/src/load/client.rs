//! A client of one kept connection, for servers whose answers have their length.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
};

const HEADERS: usize = 64;

pub(super) struct Client {
    stream: TcpStream,
    address: String,
}

impl Client {
    pub(super) fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            address: address.to_owned(),
        })
    }

    /// Asks with a key, reads the answer to its end, and returns its status.
    pub(super) fn get(&mut self, path: &str, key: &str) -> io::Result<u16> {
        let host = &self.address;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nx-api-key: {key}\r\n\r\n");
        self.stream.write_all(request.as_bytes())?;
        let mut read = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            let count = self.stream.read(&mut chunk)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            read.extend_from_slice(&chunk[..count]);
            if let Some((status, length)) = head(&read)?
                && read.len() >= length
            {
                return Ok(status);
            }
        }
    }
}

/// The status, and how long all of it is; none where the head is not there yet.
fn head(read: &[u8]) -> io::Result<Option<(u16, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(size) = parsed.parse(read).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let status = parsed.code.unwrap_or_default();
    let mut headers = parsed.headers.iter();
    let length = headers.find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|length| std::str::from_utf8(length.value).ok()?.parse().ok());
    let length: usize = length.ok_or_else(|| io::Error::other("an answer without its length"))?;
    Ok(Some((status, size + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let answer = b"HTTP/1.1 429 Too Many\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(head(answer).unwrap(), Some((429, answer.len())));
        assert_eq!(head(&answer[..20]).unwrap(), None);
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
