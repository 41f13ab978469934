//! The host: every CRM of a folder of manifests, and the way in for calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use switchboard_connector_sdk::Fault;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use crate::crm::{Crm, CrmInfo, Surroundings};
use crate::egress::{TrustError, TrustRoots};
use crate::manifest::{Entry, ReadFolderError, read_folder};
use crate::outcome::CallOutcome;
use crate::pipeline::{self, Call};
use crate::redact::Redactor;

/// How many threads poll connectors at least: one that blocks must not hold up every other.
const MIN_THREADS: usize = 4;

/// Logs calls into the CRMs of one folder of manifests.
///
/// Clones are the same host. Connectors run on threads of the host's own; every method may be called from any thread and
/// any runtime.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use switchboard_host::{CallOptions, Host};
///
/// let host = Host::builder().manifests("manifests").connectors(["connectors"]).build()?;
/// let input = std::fs::read("call.json")?;
/// let outcome = host.create_call_log("example", input, CallOptions::default()).await;
/// println!("{}", serde_json::to_string(&outcome)?);
/// host.shutdown(std::time::Duration::from_secs(20)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    crms: BTreeMap<String, Arc<Crm>>,
    /// The names in all manifests, also of CRMs that were not asked for.
    known: Vec<String>,
    phase: watch::Sender<Phase>,
    n_calls: watch::Sender<usize>,
    /// `None` only while the host is dropped.
    runtime: Option<Runtime>,
}

/// How far a shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    /// No new calls; those under way go on.
    Draining,
    /// Calls under way end, but for writes that have left.
    Stopping,
}

/// What a gateway tells the host beside a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// The W3C trace context of the request, passed to the connector.
    pub traceparent: Option<String>,
    /// The user's language (BCP 47), passed to the connector.
    pub locale: Option<String>,
    /// The gateway's tenant, passed to the connector.
    pub tenant: Option<String>,
}

/// Why a host cannot be built. A broken manifest or library is none: it disables its own CRM.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There are no manifests to read.
    #[error(transparent)]
    Manifests(#[from] ReadFolderError),
    /// A connector folder was named that is none.
    #[error("connector folder {} is no folder that can be read; create it or correct its name", .path.display())]
    ConnectorFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The certificates of those whom TLS believes cannot be read.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The host's threads cannot be started.
    #[error("cannot start the threads of the host")]
    Runtime(#[source] std::io::Error),
}

/// Says what a host is made of.
#[derive(Debug, Clone)]
pub struct HostBuilder {
    manifests: PathBuf,
    connectors: Option<Vec<PathBuf>>,
    ca_files: Vec<PathBuf>,
    only: Option<String>,
}

impl HostBuilder {
    /// Names the folder of manifests. Default: `manifests` in the working folder.
    #[must_use]
    pub fn manifests(mut self, folder: impl Into<PathBuf>) -> Self {
        self.manifests = folder.into();
        self
    }

    /// Names the folders in which connector libraries are looked for; the first that has one wins. Default: the folder of
    /// the running program, `connectors` in it, and `connectors` beside it.
    #[must_use]
    pub fn connectors<P: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        self.connectors = Some(folders.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a PEM file of certificates that TLS believes beside the system's.
    #[must_use]
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_files.push(file.into());
        self
    }

    /// Loads the connector of one CRM only; to the others the host says that they are unknown.
    #[must_use]
    pub fn only(mut self, crm: impl Into<String>) -> Self {
        self.only = Some(crm.into());
        self
    }

    /// Reads the manifests, loads the connectors and opens them. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if no CRM could be used whatever its manifest says. What is wrong with a single CRM,
    /// [`Host::crms`] tells.
    pub fn build(self) -> Result<Host, BuildError> {
        let environment = |name: &str| std::env::var_os(name);
        let manifests = read_folder(&self.manifests, &environment)?;
        let folders = self.folders()?;
        let trust = TrustRoots::load(&self.ca_files)?;
        let runtime = runtime().map_err(BuildError::Runtime)?;
        let surroundings = Surroundings {
            folders: &folders,
            trust: &trust,
            runtime: runtime.handle(),
        };
        let entries = manifests.entries.iter().filter(|entry| self.wants(entry));
        let crms = set_up(entries, &surroundings);
        let inner = Inner {
            crms: crms
                .into_iter()
                .map(|crm| (crm.name().to_owned(), Arc::new(crm)))
                .collect(),
            known: manifests
                .entries
                .iter()
                .filter_map(name)
                .map(str::to_owned)
                .collect(),
            phase: watch::Sender::new(Phase::Running),
            n_calls: watch::Sender::new(0),
            runtime: Some(runtime),
        };
        Ok(Host {
            inner: Arc::new(inner),
        })
    }

    fn wants(&self, entry: &Entry) -> bool {
        let Some(only) = &self.only else { return true };
        match entry {
            Entry::Ready(manifest) => manifest.crm.name == *only,
            Entry::Broken { crm: Some(crm), .. } => crm == only,
            // Its name cannot be read: it may be the one that is asked for, if the file is called so.
            Entry::Broken {
                path, crm: None, ..
            } => path.file_stem().is_some_and(|stem| stem == only.as_str()),
        }
    }

    fn folders(&self) -> Result<Vec<PathBuf>, BuildError> {
        let Some(folders) = &self.connectors else {
            return Ok(default_folders());
        };
        match folders.iter().find(|folder| !folder.is_dir()) {
            Some(path) => Err(BuildError::ConnectorFolder { path: path.clone() }),
            None => Ok(folders.clone()),
        }
    }
}

fn name(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Ready(manifest) => Some(&manifest.crm.name),
        Entry::Broken { crm, .. } => crm.as_deref(),
    }
}

fn default_folders() -> Vec<PathBuf> {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new("."));
    let beside = folder.parent().map(|parent| parent.join("connectors"));
    [
        Some(folder.to_owned()),
        Some(folder.join("connectors")),
        beside,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn runtime() -> std::io::Result<Runtime> {
    let n_cores = std::thread::available_parallelism().map_or(MIN_THREADS, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(n_cores.max(MIN_THREADS))
        .thread_name("switchboard")
        .enable_all()
        .build()
}

/// Sets CRMs up beside each other: each may take ten seconds to open.
fn set_up<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    surroundings: &Surroundings<'_>,
) -> Vec<Crm> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = entries
            .map(|entry| scope.spawn(|| Crm::set_up(entry, surroundings)))
            .collect();
        let crms = threads.into_iter().map(|thread| thread.join());
        crms.map(|crm| crm.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

impl Host {
    /// Starts to say what a host is made of.
    pub fn builder() -> HostBuilder {
        HostBuilder {
            manifests: PathBuf::from("manifests"),
            connectors: None,
            ca_files: Vec::new(),
            only: None,
        }
    }

    /// Logs one call: creates one entry in the CRM.
    ///
    /// `input` is the JSON object of `createCallLog`. The outcome says whether the call is logged, and what the user reads;
    /// there is no other error. Dropping the future ends the waiting: the call goes on, and its end stands in the log.
    pub async fn create_call_log(
        &self,
        crm: &str,
        input: impl Into<Vec<u8>>,
        options: CallOptions,
    ) -> CallOutcome {
        let id = Uuid::now_v7().to_string();
        let found = self.inner.crms.get(crm).cloned();
        let begun = found
            .ok_or_else(|| self.unknown(crm))
            .and_then(|crm| Ok((crm, self.begin()?)));
        let (found, guard) = match begun {
            Ok(begun) => begun,
            Err(fault) => return CallOutcome::refused(id, crm, &fault),
        };
        let input: Arc<[u8]> = input.into().into();
        let call = Call {
            id: id.clone(),
            redactor: Redactor::new(Arc::clone(&input), found.secrets()),
            crm: found,
            input,
            options,
            stop: Stop(self.inner.phase.subscribe()),
        };
        let task = self.inner.runtime().spawn(async move {
            let outcome = pipeline::run(call).await;
            drop(guard);
            outcome
        });
        task.await.unwrap_or_else(|error| {
            tracing::error!(call_id = id, crm, %error, "a call ended in a fault of the host");
            let fault =
                Fault::unknown_outcome("a fault of the host ended the call; its log says more");
            CallOutcome::failed(id, crm, &fault)
        })
    }

    /// Tells what is known of every CRM, by name.
    pub fn crms(&self) -> Vec<CrmInfo> {
        self.inner.crms.values().map(|crm| crm.info()).collect()
    }

    /// Returns how many calls are under way.
    pub fn n_calls(&self) -> usize {
        *self.inner.n_calls.borrow()
    }

    /// Takes no more calls, and returns when those under way have ended.
    ///
    /// Calls that take longer than `deadline` are ended; a write that has left is waited for even then, up to its own
    /// time limit of at most 15 s.
    pub async fn shutdown(&self, deadline: Duration) {
        self.inner.advance(Phase::Draining);
        let mut n_calls = self.inner.n_calls.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        if timeout(deadline, n_calls.wait_for(|n_calls| *n_calls == 0))
            .await
            .is_err()
        {
            self.inner.advance(Phase::Stopping);
            let _ = n_calls.wait_for(|n_calls| *n_calls == 0).await;
        }
    }

    fn begin(&self) -> Result<Underway, Fault> {
        // Counted first: a shutdown that begins now either sees this call or is seen by it.
        let underway = Underway::new(Arc::clone(&self.inner));
        match *self.inner.phase.borrow() {
            Phase::Running => Ok(underway),
            Phase::Draining | Phase::Stopping => Err(Fault::unavailable(
                "the host is shutting down and takes no more calls",
            )),
        }
    }

    fn unknown(&self, crm: &str) -> Fault {
        let known = self.inner.known.join(", ");
        Fault::unknown_crm(format!("no manifest enables {crm:?}; known CRMs: {known}"))
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let crms: Vec<_> = self.inner.crms.keys().collect();
        formatter
            .debug_struct("Host")
            .field("crms", &crms)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("the runtime lives until the host is dropped")
    }

    fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let later = phase > *current;
            *current = phase.max(*current);
            later
        });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Every call holds the host, so none is under way. A plain drop would block, which a runtime forbids.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A call that is counted; holds the host, whose threads it runs on.
struct Underway(Arc<Inner>);

impl Underway {
    fn new(inner: Arc<Inner>) -> Self {
        inner.n_calls.send_modify(|n_calls| *n_calls += 1);
        Self(inner)
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.n_calls.send_modify(|n_calls| *n_calls -= 1);
    }
}

/// Tells a call that the host is stopping.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<Phase>);

impl Stop {
    /// Waits until calls under way are to end.
    pub(crate) async fn now(&self) {
        let mut phase = self.0.clone();
        if phase
            .wait_for(|phase| *phase == Phase::Stopping)
            .await
            .is_err()
        {
            // The host is gone, which a call under way rules out.
            std::future::pending::<()>().await;
        }
    }
}
