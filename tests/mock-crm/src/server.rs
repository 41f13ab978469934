//! The CRM as a test holds it.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use axum::Router;
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::{self, Runtime},
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    journal::{Entry, Event, Journal, Observer, Request},
    listener::{Connection, CrmListener},
    play::{self, Crm},
    script::{Rule, Script},
    tls::Identity,
};

/// As many callers may knock at once; more than any test starts.
const BACKLOG: u32 = 4096;

/// A running mock CRM. It stops when it is dropped, with every connection that it has.
pub struct MockCrm {
    crm: Arc<Crm>,
    address: SocketAddr,
    ca_pem: Option<String>,
    // Taken when dropped: the sender first, which ends the thread that is joined then.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How a mock CRM is to be started.
pub struct Builder {
    port: u16,
    tls: bool,
    observer: Observer,
}

impl MockCrm {
    /// Starts a CRM that speaks plain HTTP on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port or thread can be had.
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// Starts with plain HTTP on a free port and nobody who observes.
    pub fn builder() -> Builder {
        Builder {
            port: 0,
            tls: false,
            observer: Box::new(|_| ()),
        }
    }

    /// Returns its URL without a trailing slash: `http://127.0.0.1:PORT` or `https://localhost:PORT`.
    pub fn url(&self) -> String {
        match self.ca_pem {
            None => format!("http://{}", self.address),
            Some(_) => format!("https://{}", self.authority()),
        }
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns `localhost:PORT`.
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.port())
    }

    /// Returns the certificate of the authority that callers have to trust, if it speaks TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Writes that certificate to `mock-crm-ca.pem` in `folder` and returns its path.
    ///
    /// # Errors
    ///
    /// It does not speak TLS, or the file cannot be written.
    pub fn write_ca(&self, folder: &Path) -> Result<PathBuf> {
        let pem = self
            .ca_pem()
            .context("a mock CRM without TLS has no certificate authority")?;
        let path = folder.join("mock-crm-ca.pem");
        fs::write(&path, pem).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Adds a rule. Of the rules that match a request and are not used up the oldest wins.
    pub fn script(&self, rule: Rule) {
        self.crm.script.add([rule]);
    }

    /// Adds rules, as [`script`](MockCrm::script) does with each.
    pub fn script_all(&self, rules: impl IntoIterator<Item = Rule>) {
        self.crm.script.add(rules);
    }

    /// Drops all rules. Requests that are under way go on by the rule they met.
    pub fn clear_script(&self) {
        self.crm.script.clear();
    }

    /// Returns every entry that is really stored, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.crm.journal.entries()
    }

    /// Returns how many entries are really stored.
    pub fn n_entries(&self) -> usize {
        self.crm.journal.n_entries()
    }

    /// Returns every request that was received, in the order in which they were read.
    pub fn requests(&self) -> Vec<Request> {
        self.crm.journal.requests()
    }

    /// Waits until at least `n` requests were received since the start, and returns all of them.
    ///
    /// Blocks the thread: an async test calls it where blocking is allowed.
    ///
    /// # Errors
    ///
    /// `timeout` is over; the message says how many there are.
    pub fn wait_for_requests(&self, n: usize, timeout: Duration) -> Result<Vec<Request>> {
        self.crm.journal.wait_for_requests(n, timeout)
    }

    /// Waits until at least `n` entries were stored since the start, and returns all of them.
    ///
    /// # Errors
    ///
    /// As in [`wait_for_requests`](MockCrm::wait_for_requests).
    pub fn wait_for_entries(&self, n: usize, timeout: Duration) -> Result<Vec<Entry>> {
        self.crm.journal.wait_for_entries(n, timeout)
    }
}

impl Drop for MockCrm {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic over there has been printed already; a second one here would abort the test.
            let _ = thread.join();
        }
    }
}

impl Builder {
    /// Takes this port; 0 is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Speaks TLS, with a certificate for `localhost` and `127.0.0.1`.
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Tells `observer` everything that happens, on the thread that serves.
    pub fn observer(mut self, observer: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// Starts the CRM; it accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// The port is taken, or no thread or certificate can be had.
    pub fn start(self) -> Result<MockCrm> {
        let identity = if self.tls {
            Some(Identity::new()?)
        } else {
            None
        };
        let (acceptor, ca_pem) = identity.map(|made| (made.acceptor, made.ca_pem)).unzip();
        let crm = Arc::new(Crm {
            journal: Journal::new(self.observer),
            script: Script::default(),
        });
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot make the mock CRM's runtime")?;
        let tcp = match listen(&runtime, self.port) {
            Ok(tcp) => tcp,
            Err(error) => {
                // The caller may be on a runtime of its own, where a plain drop of this one panics.
                runtime.shutdown_background();
                let port = self.port;
                return Err(error.context(format!(
                    "cannot listen on 127.0.0.1:{port}; choose another port, or 0 for a free one"
                )));
            }
        };
        let address = tcp.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&crm);
        let thread = thread::Builder::new()
            .name("mock-crm".to_owned())
            .spawn(move || run(&runtime, tcp, acceptor, served, stopped))
            .context("cannot start the mock CRM's thread")?;
        Ok(MockCrm {
            crm,
            address,
            ca_pem,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

fn listen(runtime: &Runtime, port: u16) -> Result<TcpListener> {
    let _inside = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    // So that a port given by hand can be taken again at once.
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket.listen(BACKLOG)?)
}

fn run(
    runtime: &Runtime,
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    crm: Arc<Crm>,
    stopped: oneshot::Receiver<()>,
) {
    let app = Router::new().fallback(play::serve).with_state(crm);
    let service = app.into_make_service_with_connect_info::<Connection>();
    runtime.block_on(async {
        tokio::select! {
            _ = axum::serve(CrmListener::new(tcp, tls), service).into_future() => (),
            _ = stopped => (),
        }
    });
}
