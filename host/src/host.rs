//! The host: every CRM of a folder of manifests, and the way in for calls.

mod builder;
mod reconcile;
mod release;

use std::any::Any;
use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;

use switchboard_connector_sdk::Fault;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

pub use builder::{BuildError, HostBuilder, LockError};
pub use reconcile::Reconciled;
pub use release::ReleaseError;

use crate::call_input::CallInput;
use crate::crm::{Crm, CrmInfo};
use crate::dry_run::DryRun;
use crate::egress::Writes;
use crate::ledger::Ledger;
use crate::outcome::CallOutcome;
use crate::pipeline::{self, Call, Firsts};
use crate::redact::Redactor;

/// How long a thread that polls nothing waits for connectors to be dropped.
const DROP_TIME: Duration = Duration::from_secs(1);

/// Logs calls into the CRMs of one folder of manifests.
///
/// Clones are the same host. Connectors run in processes that the host starts and ends
/// ([`serve_if_worker`](crate::serve_if_worker) makes a program able to be one), or where their manifest says so on threads
/// of the host's own. Every method may be called from any thread and any runtime.
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
    /// Every CRM, by name; two manifests may have claimed one.
    crms: Vec<Arc<Crm>>,
    by_name: BTreeMap<String, Arc<Crm>>,
    /// The names in all manifests, also of CRMs that were not asked for.
    known: Vec<String>,
    phase: watch::Sender<Phase>,
    n_calls: watch::Sender<usize>,
    /// Keeps each call from being logged twice.
    ledger: Option<Ledger>,
    /// The calls under way that equal ones wait for.
    firsts: Arc<Firsts>,
    /// Keeps time and speaks to the network. `None` only while the host is dropped.
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
#[non_exhaustive]
pub struct CallOptions {
    /// The W3C trace context of the request, passed to the connector.
    pub traceparent: Option<String>,
    /// The user's language (BCP 47), passed to the connector.
    pub locale: Option<String>,
    /// The gateway's tenant, passed to the connector.
    pub tenant: Option<String>,
    /// What the ledger knows the call by, in the place of user and session: 1 to 500 bytes. With the session of another
    /// call it is refused. A host without a ledger has no use for it.
    pub idempotency_key: Option<String>,
}

impl Host {
    /// Starts to say what a host is made of.
    pub fn builder() -> HostBuilder {
        HostBuilder::new()
    }

    /// Logs one call: creates one entry in the CRM.
    ///
    /// `input` is the JSON object of `createCallLog`, or a [`CallInput`] made of what App Connect sends. The outcome says
    /// whether the call is logged, and what the user reads; there is no other error. Dropping the future ends the
    /// waiting: the call goes on, and its end stands in the log and in the ledger.
    ///
    /// With a ledger a call that is logged, or is being logged, is not logged again: the outcome is that of the request
    /// that did ([`CallOutcome::is_duplicate`]).
    pub async fn create_call_log(
        &self,
        crm: &str,
        input: impl Into<CallInput>,
        options: CallOptions,
    ) -> CallOutcome {
        let id = Uuid::now_v7().to_string();
        let (call, underway) = match self.admit(&id, crm, input.into(), options, Writes::Send) {
            Ok(admitted) => admitted,
            Err(fault) => return CallOutcome::refused(id, crm, &fault),
        };
        let work = async move {
            let outcome = pipeline::run(call).await;
            drop(underway);
            outcome
        };
        self.inner
            .runtime()
            .spawn(work)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(call_id = id, crm, %error, "a call ended in a fault of the host");
                let fault =
                    Fault::unknown_outcome("a fault of the host ended the call; its log says more");
                CallOutcome::failed(id, crm, &fault)
            })
    }

    /// Takes a call as far as its first write, and says what would be sent.
    ///
    /// Reads are really done. The write is not sent, and nothing comes after it: neither the CRM nor the host keeps
    /// anything of the call. A connector that may open connections of its own is refused with `unsupported`.
    pub async fn dry_run(
        &self,
        crm: &str,
        input: impl Into<CallInput>,
        options: CallOptions,
    ) -> DryRun {
        let id = Uuid::now_v7().to_string();
        let (call, underway) = match self.admit(&id, crm, input.into(), options, Writes::Capture) {
            Ok(admitted) => admitted,
            Err(fault) => return DryRun::Ended(CallOutcome::refused(id, crm, &fault)),
        };
        let work = async move {
            let ended = pipeline::rehearse(call).await;
            drop(underway);
            ended
        };
        self.inner.runtime().spawn(work).await.unwrap_or_else(|error| {
            tracing::error!(call_id = id, crm, %error, "a dry run ended in a fault of the host");
            let fault = Fault::internal("a fault of the host ended the dry run; its log says more");
            DryRun::Ended(CallOutcome::failed(id, crm, &fault))
        })
    }

    /// Makes a call of what came in, if the host takes it.
    fn admit(
        &self,
        id: &str,
        crm: &str,
        input: CallInput,
        options: CallOptions,
        writes: Writes,
    ) -> Result<(Call, Arc<Underway>), Fault> {
        let found = self.inner.by_name.get(crm).cloned();
        let found = found.ok_or_else(|| self.unknown(crm))?;
        let underway = self.begin()?;
        let call = Call {
            id: id.to_owned(),
            redactor: Redactor::new(input.texts(), found.secrets()),
            crm: found,
            input,
            options,
            writes,
            ledger: self.inner.ledger.clone(),
            firsts: Arc::clone(&self.inner.firsts),
            underway: weak(&underway),
            stop: Stop(self.inner.phase.subscribe()),
        };
        Ok((call, underway))
    }

    /// Tells what is known of every CRM, by name.
    pub fn crms(&self) -> Vec<CrmInfo> {
        self.inner.crms.iter().map(|crm| crm.info()).collect()
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
        let host = self.clone();
        // On the host's own clock: the caller's runtime may have none.
        let drained = self
            .inner
            .runtime()
            .spawn(async move { host.drain(deadline).await });
        // It neither panics nor is aborted while `self` keeps the runtime.
        let _ = drained.await;
    }

    async fn drain(&self, deadline: Duration) {
        self.inner.advance(Phase::Draining);
        let mut n_calls = self.inner.n_calls.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let drained = timeout(deadline, n_calls.wait_for(|n_calls| *n_calls == 0))
            .await
            .is_ok();
        if !drained {
            self.inner.advance(Phase::Stopping);
            let _ = n_calls.wait_for(|n_calls| *n_calls == 0).await;
        }
    }

    fn begin(&self) -> Result<Arc<Underway>, Fault> {
        // Counted first: a shutdown that begins now either sees this call or is seen by it.
        let underway = Arc::new(Underway::new(Arc::clone(&self.inner)));
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
        let crms: Vec<_> = self.inner.by_name.keys().collect();
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
        // Dropping a connector runs its code, which may take its time, so a thread does it.
        let crms = (mem::take(&mut self.crms), mem::take(&mut self.by_name));
        let (done, dropped) = mpsc::channel::<()>();
        let dropping = std::thread::Builder::new().name("drop-connectors".to_owned());
        let started = dropping.spawn(move || {
            drop(crms);
            drop(done);
        });
        // A program may be about to end; a runtime has other things to poll.
        if started.is_ok() && tokio::runtime::Handle::try_current().is_err() {
            let _ = dropped.recv_timeout(DROP_TIME);
        }
    }
}

/// A call that is counted; holds the host, whose threads it runs on. Its task has it, and so does every request that it
/// has under way: a write outlives even a task that panics.
struct Underway(Arc<Inner>);

fn weak(underway: &Arc<Underway>) -> Weak<dyn Any + Send + Sync> {
    let weak: Weak<Underway> = Arc::downgrade(underway);
    weak
}

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
