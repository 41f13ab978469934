//! Connections that a rule can cut.
//!
//! Every socket is wrapped where the bytes leave, below TLS, so that a cut connection sends nothing more: no
//! answer, no farewell of HTTP/2 or TLS.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A connection as the handler of a request sees it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// Counted from 1.
    pub(crate) number: u64,
    state: Arc<AtomicU8>,
}

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const RESET: u8 = 2;

impl Connection {
    fn new(number: u64) -> Self {
        Self {
            number,
            state: Arc::new(AtomicU8::new(OPEN)),
        }
    }

    /// Ends the connection at its next read or write, which the answer to the request under way causes.
    pub(crate) fn close(&self) {
        self.state.store(CLOSED, Ordering::Relaxed);
    }

    /// As [`close`](Connection::close), with a TCP RST.
    pub(crate) fn reset(&self) {
        self.state.store(RESET, Ordering::Relaxed);
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }
}

impl Connected<IncomingStream<'_, CrmListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, CrmListener>) -> Self {
        match stream.io() {
            CrmStream::Plain(wire) => wire.connection.clone(),
            CrmStream::Tls(tls) => tls.get_ref().0.connection.clone(),
        }
    }
}

/// Accepts connections; handshakes of TLS run beside each other.
pub(crate) struct CrmListener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    handshakes: JoinSet<io::Result<(TlsStream<Wire>, SocketAddr)>>,
    n_connections: u64,
}

impl CrmListener {
    pub(crate) fn new(tcp: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        Self {
            tcp,
            tls,
            handshakes: JoinSet::new(),
            n_connections: 0,
        }
    }

    fn wrap(&mut self, tcp: TcpStream) -> Wire {
        self.n_connections += 1;
        // Only slower without it.
        let _ = tcp.set_nodelay(true);
        Wire {
            tcp,
            connection: Connection::new(self.n_connections),
        }
    }
}

impl Listener for CrmListener {
    type Io = CrmStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CrmStream, SocketAddr) {
        loop {
            tokio::select! {
                (tcp, peer) = Listener::accept(&mut self.tcp) => {
                    let wire = self.wrap(tcp);
                    let Some(tls) = self.tls.clone() else {
                        return (CrmStream::Plain(wire), peer);
                    };
                    self.handshakes.spawn(async move { Ok((tls.accept(wire).await?, peer)) });
                }
                Some(handshake) = self.handshakes.join_next() => {
                    // Who fails the handshake, e.g. for not knowing the CA, has been told by TLS.
                    if let Ok(Ok((stream, peer))) = handshake {
                        return (CrmStream::Tls(Box::new(stream)), peer);
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A connection's bytes in clear.
pub(crate) enum CrmStream {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>),
}

/// A connection's bytes as they travel.
pub(crate) struct Wire {
    tcp: TcpStream,
    connection: Connection,
}

impl Wire {
    /// Returns the socket, unless a rule has cut it.
    fn uncut(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if self.connection.state() == OPEN {
            return Ok(Pin::new(&mut self.tcp));
        }
        Err(io::Error::new(
            io::ErrorKind::ConnectionAborted,
            "a rule cut this connection",
        ))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.connection.state() == RESET {
            // Without it the peer sees an ordinary end, and the test that asked for a reset fails.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.uncut()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.uncut()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.uncut()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.uncut()?.poll_shutdown(cx)
    }
}

impl AsyncRead for CrmStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(wire) => Pin::new(wire).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for CrmStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(wire) => Pin::new(wire).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(wire) => Pin::new(wire).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(wire) => Pin::new(wire).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
