//! A server that answers byte by byte as a test tells it to, and notes what it was sent.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
};

/// What the server does with a request. The last step of a script is for all that follow.
#[derive(Clone)]
pub(super) enum Step {
    /// Answers and keeps the connection.
    Send(Vec<u8>),
    /// Answers and closes the connection without having announced it.
    SendAndClose(Vec<u8>),
    /// Waits until told, then answers.
    SendAfter(Arc<Notify>, Vec<u8>),
    /// Resets the connection.
    Reset,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Request line and headers, in lower case.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct Server {
    pub(super) port: u16,
    state: Arc<State>,
}

struct State {
    steps: Mutex<VecDeque<Step>>,
    seen: watch::Sender<Vec<Seen>>,
    n_closed: watch::Sender<usize>,
    n_accepted: watch::Sender<usize>,
}

impl Server {
    /// Listens on this machine; answers the n-th request with the n-th step.
    pub(super) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            steps: Mutex::new(steps.into_iter().collect()),
            seen: watch::Sender::default(),
            n_closed: watch::Sender::default(),
            n_accepted: watch::Sender::default(),
        });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { port, state }
    }

    /// Listens and resets every connection before reading from it.
    pub(super) async fn resetting() -> Self {
        let server = Self::start([]).await;
        server.state.steps.lock().unwrap().clear();
        server
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.state.seen.borrow().clone()
    }

    pub(super) fn n_connections(&self) -> usize {
        *self.state.n_accepted.borrow()
    }

    /// Waits until so many requests have come in.
    pub(super) async fn saw(&self, n_requests: usize) {
        let mut seen = self.state.seen.subscribe();
        seen.wait_for(|seen| seen.len() >= n_requests)
            .await
            .unwrap();
    }

    /// Waits until the server has closed so many connections.
    pub(super) async fn closed(&self, n_connections: usize) {
        let mut closed = self.state.n_closed.subscribe();
        closed.wait_for(|n| *n >= n_connections).await.unwrap();
    }
}

/// A port of this machine where nobody listens.
pub(super) async fn refusing_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// A whole answer.
pub(super) fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let n_bytes = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {n_bytes}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(super) fn ok() -> Step {
    Step::Send(answer(200, "", b"{\"id\":7}"))
}

pub(super) fn status(status: u16) -> Step {
    Step::Send(answer(status, "", b"no"))
}

/// An answer that announces more than it brings.
pub(super) fn truncated(status: u16) -> Step {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 100\r\n\r\n{{\"id\"");
    Step::SendAndClose(head.into_bytes())
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        state.n_accepted.send_modify(|n| *n += 1);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            serve(stream, &state).await;
            state.n_closed.send_modify(|n| *n += 1);
        });
    }
}

async fn serve(stream: TcpStream, state: &State) {
    let mut stream = BufReader::new(stream);
    loop {
        if state.steps.lock().unwrap().is_empty() {
            stream.get_ref().set_zero_linger().unwrap();
            return;
        }
        let Some(seen) = read_request(&mut stream).await else {
            return;
        };
        let step = state.next_step();
        state.seen.send_modify(|all| all.push(seen));
        let bytes = match step.clone() {
            Step::Send(bytes) | Step::SendAndClose(bytes) => bytes,
            Step::SendAfter(release, bytes) => {
                release.notified().await;
                bytes
            }
            Step::Reset => {
                stream.get_ref().set_zero_linger().unwrap();
                return;
            }
        };
        // The client may have gone by then.
        let _ = stream.get_mut().write_all(&bytes).await;
        if let Step::SendAndClose(_) = step {
            return;
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1);
    let length = length.map_or(0, |it| it.lines().next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Seen { head, body })
}

impl State {
    fn next_step(&self) -> Step {
        let mut steps = self.steps.lock().unwrap();
        match steps.len() {
            1 => steps[0].clone(),
            _ => steps.pop_front().unwrap(),
        }
    }
}
