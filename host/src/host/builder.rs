//! Builds a host: reads the manifests, loads the connectors, starts the threads.

mod locking;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::watch;

pub use locking::LockError;

use super::reconcile::keep_reconciling;
use super::{Host, Inner, Phase, ReleaseError};
use crate::connector::{Watchdog, own_worker_program, release_kept};
use crate::credentials::{Credentials, Source};
use crate::crm::{Crm, Surroundings};
use crate::egress::{TrustError, TrustRoots};
use crate::ledger::Ledger;
use crate::lock::Lock;
use crate::manifest::{Entry, ReadFolderError, read_folder};

/// How many threads keep time and speak to the network, at least.
const MIN_THREADS: usize = 2;

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
    Threads(#[source] std::io::Error),
}

/// Says what a host is made of.
#[derive(Clone)]
pub struct HostBuilder {
    manifests: PathBuf,
    connectors: Option<Vec<PathBuf>>,
    ca_files: Vec<PathBuf>,
    only: Option<String>,
    ledger: Option<Ledger>,
    credentials: Option<Source>,
    worker_program: Option<PathBuf>,
    state_folder: Option<PathBuf>,
    searches: Searches,
}

/// When the host looks for the entries of unclear calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Searches {
    /// When it starts and every five minutes, and when it is asked to.
    ByItself,
    /// When it is asked to.
    OnRequest,
}

impl HostBuilder {
    pub(super) fn new() -> Self {
        Self {
            manifests: PathBuf::from("manifests"),
            connectors: None,
            ca_files: Vec::new(),
            only: None,
            ledger: None,
            credentials: None,
            worker_program: None,
            state_folder: None,
            searches: Searches::ByItself,
        }
    }

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

    /// Keeps in this ledger what is logged, so that no call is logged twice, whatever crashes and whoever repeats it.
    /// Without one a repeated call is logged again.
    #[must_use]
    pub fn ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// Asks this for the right to look for the entries of unclear calls, where a manifest has no `[auth] command`.
    #[must_use]
    pub fn credentials(mut self, credentials: impl Credentials) -> Self {
        self.credentials = Some(Arc::new(credentials));
        self
    }

    /// Names the program that connectors with `isolation = "process"` run in: the `switchboard` program of this version,
    /// or any program that calls [`serve_if_worker`](crate::serve_if_worker) at its start. Default: the running program,
    /// if it does.
    #[must_use]
    pub fn worker_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.worker_program = Some(program.into());
        self
    }

    /// Keeps in this folder what outlives the host: which connectors crash again and again. Hosts and programs with the
    /// same folder count crashes together. Default: none, each host counts by itself; the program `switchboard` has
    /// [`default_state_folder`](crate::default_state_folder).
    #[must_use]
    pub fn state_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state_folder = Some(folder.into());
        self
    }

    /// Looks for the entry of an unclear call only when a request for it comes, or [`Host::reconcile`] is called; not when
    /// the host starts, and not every five minutes.
    #[must_use]
    pub fn wait_for_requests(mut self) -> Self {
        self.searches = Searches::OnRequest;
        self
    }

    /// Reads the manifests, loads the connectors and opens them. Blocks for as long as that takes.
    ///
    /// Where the folder of manifests has a [`LOCK_FILE`](crate::lock::LOCK_FILE), a library that is not locked disables
    /// its CRM, and a lock that cannot be used disables all.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if no CRM could be used whatever its manifest says. What is wrong with a single CRM,
    /// [`Host::crms`] tells.
    pub fn build(self) -> Result<Host, BuildError> {
        let environment = |name: &str| std::env::var_os(name);
        let manifests = read_folder(&self.manifests, &environment)?;
        let folders = self.folders()?;
        let lock = Lock::read(&self.manifests);
        let trust = TrustRoots::load(&self.ca_files)?;
        let runtime = runtime().map_err(BuildError::Threads)?;
        let worker_program = self.worker_program.clone().or_else(own_worker_program);
        let watchdog = Watchdog::start().map_err(BuildError::Threads)?;
        let surroundings = Surroundings {
            folders: &folders,
            trust: &trust,
            lock: lock.as_ref().map(Option::as_ref),
            runtime: runtime.handle(),
            watchdog: &watchdog,
            state_folder: self.state_folder.as_deref(),
            credentials: self.credentials.as_ref(),
            worker_program: worker_program.as_deref(),
        };
        let entries = manifests.entries.iter().filter(|entry| self.wants(entry));
        let crms = set_up(entries, &surroundings);
        let handle = runtime.handle().clone();
        let searches = self.ledger.is_some() && self.searches == Searches::ByItself;
        let inner = Arc::new(Inner {
            by_name: by_name(&crms),
            crms,
            known: names(&manifests.entries),
            phase: watch::Sender::new(Phase::Running),
            n_calls: watch::Sender::new(0),
            ledger: self.ledger,
            firsts: Arc::default(),
            runtime: Some(runtime),
        });
        if searches {
            handle.spawn(keep_reconciling(Arc::downgrade(&inner)));
        }
        Ok(Host { inner })
    }

    /// Ends the quarantine of a CRM that is kept in the state folder, also for hosts that are running; whether there was
    /// one. Loads no connector.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`]: the quarantine goes on.
    pub fn release(&self, crm: &str) -> Result<bool, ReleaseError> {
        let environment = |name: &str| std::env::var_os(name);
        let known = names(&read_folder(&self.manifests, &environment)?.entries);
        if !known.iter().any(|name| name == crm) {
            return Err(ReleaseError::unknown(crm, &known));
        }
        let folder = self.state_folder.as_deref();
        let released = folder.map_or(Ok(false), |folder| release_kept(folder, crm));
        released.map_err(|source| ReleaseError::file(crm, source))
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

/// Shows what was said, but for who knows the users' credentials.
impl fmt::Debug for HostBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HostBuilder")
            .field("manifests", &self.manifests)
            .field("connectors", &self.connectors)
            .field("ca_files", &self.ca_files)
            .field("only", &self.only)
            .field("ledger", &self.ledger)
            .field("state_folder", &self.state_folder)
            .finish_non_exhaustive()
    }
}

/// Returns the names of all manifests, each once, in order.
fn names(entries: &[Entry]) -> Vec<String> {
    let names = entries.iter().filter_map(|entry| match entry {
        Entry::Ready(manifest) => Some(manifest.crm.name.clone()),
        Entry::Broken { crm, .. } => crm.clone(),
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names.dedup();
    names
}

/// Says which CRM a call means. A manifest that is too broken to name its CRM goes by its file's name, unless another
/// one has that name by right.
fn by_name(crms: &[Arc<Crm>]) -> BTreeMap<String, Arc<Crm>> {
    let mut by_name = BTreeMap::new();
    let (guessed, named): (Vec<_>, Vec<_>) = crms.iter().partition(|crm| crm.is_name_guessed());
    for crm in named.into_iter().chain(guessed) {
        by_name
            .entry(crm.name().to_owned())
            .or_insert_with(|| Arc::clone(crm));
    }
    by_name
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
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
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
) -> Vec<Arc<Crm>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = entries
            .map(|entry| scope.spawn(|| Crm::set_up(entry, surroundings)))
            .collect();
        let crms = threads.into_iter().map(|thread| thread.join());
        let crms = crms.map(|crm| crm.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        let mut crms: Vec<_> = crms.map(Arc::new).collect();
        crms.sort_by(|left, right| left.name().cmp(right.name()));
        crms
    })
}
