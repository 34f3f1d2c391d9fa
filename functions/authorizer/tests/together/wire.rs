//! A wire that can break: stands before the proxy, and does to connections and bytes what a store
//! or a network in trouble does.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// What happens to each request, from one moment to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// No connection is taken, and those that are open end.
    Refused,
    /// Nothing is answered.
    Silent,
    /// Requests are delivered at once and answered after a time.
    Slow(Duration),
    /// Requests for the items of one partition are refused by this error.
    Item(&'static str, String),
    /// Each is a fault of the store's, and not delivered.
    Failed,
    /// Each write meets a transaction.
    Conflict,
    /// Each is delivered, and the connection ends without its answer.
    CutAfter,
    /// Each connection ends after its first answer, unannounced.
    IdleClosed,
    /// Each connection ends when a second request comes on it.
    CutOnReuse,
    /// Half of an answer comes, and the connection ends.
    Half,
    /// What comes back is no HTTP.
    NotHttp,
    /// What comes back is no JSON.
    NotJson,
}

/// A running wire. It ends when this is dropped.
pub(crate) struct Wire {
    pub(crate) endpoint: String,
    trouble: watch::Sender<Trouble>,
    running: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A request or an answer: its head with the empty line, and its body.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Wire {
    pub(crate) async fn to(endpoint: &str) -> Self {
        let next = endpoint.trim_start_matches("http://").parse().unwrap();
        let port = shared(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = port.local_addr().unwrap();
        let listener = shared(address).listen(64).unwrap();
        let (trouble, seen) = watch::channel(Trouble::None);
        Self {
            endpoint: format!("http://{address}"),
            trouble,
            running: tokio::spawn(run(port, listener, next, seen)),
        }
    }

    pub(crate) fn set(&self, trouble: Trouble) {
        self.trouble.send_replace(trouble);
    }
}

/// A socket on an address that others may share.
fn shared(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// `port` never listens: it keeps the port from everybody else while nothing does.
async fn run(
    port: TcpSocket,
    mut listener: TcpListener,
    next: SocketAddr,
    mut trouble: watch::Receiver<Trouble>,
) {
    let address = port.local_addr().unwrap();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => Some(accepted.unwrap().0),
            _ = trouble.wait_for(|trouble| *trouble == Trouble::Refused) => None,
        };
        if let Some(stream) = accepted {
            let trouble = trouble.clone();
            let connection = Connection {
                stream,
                next,
                trouble,
            };
            tokio::spawn(connection.serve());
            continue;
        }
        drop(listener);
        let over = trouble.wait_for(|trouble| *trouble != Trouble::Refused);
        if over.await.is_err() {
            return;
        }
        listener = shared(address).listen(64).unwrap();
    }
}

struct Connection {
    stream: TcpStream,
    next: SocketAddr,
    trouble: watch::Receiver<Trouble>,
}

impl Connection {
    async fn serve(mut self) {
        let mut trouble = self.trouble.clone();
        tokio::select! {
            _ = trouble.wait_for(|trouble| *trouble == Trouble::Refused) => {}
            _ = self.answer_all() => {}
        }
    }

    /// None where the connection ends.
    async fn answer_all(&mut self) -> Option<()> {
        let mut is_first = true;
        loop {
            let request = read(&mut self.stream).await?;
            let trouble = self.trouble.borrow().clone();
            match &trouble {
                Trouble::Refused => return None,
                Trouble::CutOnReuse if !is_first => return None,
                Trouble::Silent => std::future::pending().await,
                Trouble::Failed => {
                    self.refuse("500 Internal Server Error", "InternalServerError")
                        .await?;
                }
                Trouble::Conflict if request.head.contains(".UpdateItem") => {
                    self.refuse("400 Bad Request", "TransactionConflictException")
                        .await?;
                }
                Trouble::Item(error, partition) if request.names(partition) => {
                    self.refuse("400 Bad Request", error).await?;
                }
                delivered => {
                    let answer = deliver(self.next, &request).await?;
                    self.answer(delivered, answer).await?;
                }
            }
            is_first = false;
        }
    }

    async fn answer(&mut self, trouble: &Trouble, answer: Message) -> Option<()> {
        match trouble {
            Trouble::CutAfter => None,
            Trouble::Slow(time) => {
                sleep(*time).await;
                self.send(&answer.head, &answer.body).await
            }
            Trouble::IdleClosed => {
                self.send(&answer.head, &answer.body).await?;
                None
            }
            Trouble::Half => {
                let half = answer.body.len() / 2;
                self.send(&answer.head, &answer.body[..half]).await?;
                None
            }
            Trouble::NotHttp => {
                self.send("\u{1}\u{2}SSH-2.0-garbage\r\n\r\n", &[0xff; 64])
                    .await?;
                None
            }
            Trouble::NotJson => {
                let body = b"<html>Bad gateway</html>";
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n";
                let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
                self.send(&head, body).await
            }
            _ => self.send(&answer.head, &answer.body).await,
        }
    }

    async fn refuse(&mut self, status: &str, error: &str) -> Option<()> {
        let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{error}"}}"#);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.send(&head, body.as_bytes()).await
    }

    async fn send(&mut self, head: &str, body: &[u8]) -> Option<()> {
        self.stream.write_all(head.as_bytes()).await.ok()?;
        self.stream.write_all(body).await.ok()
    }
}

impl Message {
    fn names(&self, partition: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(partition)
    }
}

async fn deliver(next: SocketAddr, request: &Message) -> Option<Message> {
    let mut stream = TcpStream::connect(next).await.ok()?;
    stream.write_all(request.head.as_bytes()).await.ok()?;
    stream.write_all(&request.body).await.ok()?;
    read(&mut stream).await
}

/// The next message; none where the connection ends first.
async fn read(stream: &mut TcpStream) -> Option<Message> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(Message { head, body })
}
