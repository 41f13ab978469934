//! A connector that runs in a process of its own, a *worker*.
//!
//! The worker is this program, started anew, in a sandbox. It knows one connector, its settings and the calls that it
//! works on; everything else (requests, log lines) it asks the host for, in frames over a socket pair. Whatever ends it
//! ends its calls with `crashed`, or as unclear by what egress saw, and nothing else: another worker is started for the
//! next call, later the more often it happens.
//!
//! A call whose time is over is settled at once. A worker that does not end it within a second has a
//! connector that blocks: it gets no new calls, and is ended when the others that it works on are done or out of time.
//!
//! ```text
//! host                                    worker
//! Workers --- starts, watches ----------> serve: sandbox, library, connector
//!    |                                      |
//!   Link <--- calls, requests, log lines --> poll threads, a thread for frames
//! ```

mod calls;
mod frame;
mod hello;
mod link;
mod outbox;
mod process;
mod requests;
mod serve;
mod start;
mod stderr;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use switchboard_connector_sdk::Fault;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

pub(super) use link::{Place, Running};
pub(super) use start::Recipe;

use super::crashes::{Crashes, Quarantine};
use super::opening::OpenError;
use super::sandbox::Enforced;
use link::{Broken, Link, Retirement};
use process::Process;
use start::{StartError, Started};

pub(super) use serve::is_worker_program;
pub use serve::serve_if_worker;

/// How long what a worker wrote before its end is read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long the host waits when it cannot start a worker by its own fault, such as too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// The workers of one CRM: one that takes calls, and those that are on their way out.
pub(super) struct Workers {
    recipe: Recipe,
    crashes: Crashes,
    runtime: Handle,
    state: watch::Sender<State>,
    /// What the last worker said; nothing before the first one.
    enforced: Mutex<Option<Enforced>>,
}

enum State {
    /// Calls go there.
    Running(Arc<Worker>),
    /// The next call has one started.
    None,
    Starting,
    /// The connector or the sandbox refused: a start would end in the same way.
    Disabled(String),
}

/// A worker that takes calls.
struct Worker {
    link: Arc<Link>,
    process: Arc<Process>,
}

/// How a worker came to its end.
enum End {
    /// It broke off, or broke a rule.
    Broken(Broken),
    /// It was retired, and its last call has ended.
    Drained,
}

impl Workers {
    /// Starts the first worker, unless the connector is in quarantine. Blocks until the connector is open, at most ten
    /// seconds.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: there is no worker, or the connector refused.
    pub(super) fn open(
        recipe: Recipe,
        crashes: Crashes,
        runtime: Handle,
    ) -> Result<Arc<Self>, OpenError> {
        let workers = Arc::new(Self {
            recipe,
            crashes,
            state: watch::Sender::new(State::None),
            enforced: Mutex::default(),
            runtime,
        });
        if workers.quarantine().is_some() {
            return Ok(workers);
        }
        match workers.runtime.block_on(workers.recipe.start_in_time()) {
            Ok(started) => workers.run(started),
            Err(StartError::Refused(error) | StartError::Unready(error)) => return Err(error),
            Err(StartError::Unable(reason)) => return Err(workers.recipe.error(reason)),
            Err(StartError::Failed(reason)) => {
                workers.note_crash(&reason);
                return Err(workers.recipe.error(reason));
            }
        }
        Ok(workers)
    }

    /// Returns what is denied to the connector, if a worker has been started.
    pub(super) fn enforced(&self) -> Option<Enforced> {
        let enforced = self.enforced.lock();
        enforced.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns why no call may be made until somebody does something about it.
    pub(super) fn disabled(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Disabled(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    pub(super) fn quarantine(&self) -> Option<Quarantine> {
        self.crashes.quarantine(Timestamp::now())
    }

    /// Ends the quarantine; whether there was one.
    pub(super) fn release(&self) -> io::Result<bool> {
        self.crashes.release()
    }

    /// Returns a place for a new call; starts a worker if there is none.
    ///
    /// # Errors
    ///
    /// `disabled`: the connector does not open any more. `unavailable`: it crashed too often.
    pub(super) async fn place(self: &Arc<Self>) -> Result<Place, Fault> {
        loop {
            if let Some(quarantine) = self.quarantine() {
                return Err(quarantine.fault(&self.recipe.crm));
            }
            self.start_if_none();
            let mut state = self.state.subscribe();
            let state = state.wait_for(|state| !matches!(state, State::Starting));
            let worker = match state.await.as_deref() {
                Ok(State::Running(worker)) => Arc::clone(worker),
                Ok(State::Disabled(reason)) => return Err(Fault::disabled(reason.clone())),
                // It ended under another call before this one saw it, or did not start.
                Ok(State::None) => continue,
                // Waiting ends with another state; the sender is `self`.
                Ok(State::Starting) | Err(_) => {
                    return Err(Fault::unavailable("the connector's process has just ended"));
                }
            };
            if let Some(place) = worker.link.place().await {
                return Ok(place);
            }
            self.forget(&worker.link);
        }
    }

    fn start_if_none(self: &Arc<Self>) {
        let must_start = self.state.send_if_modified(|state| {
            let is_none = matches!(state, State::None);
            if is_none {
                *state = State::Starting;
            }
            is_none
        });
        if must_start {
            let workers = Arc::clone(self);
            // Detached: its end is stored, whoever still waits for it.
            drop(self.runtime.spawn(async move { workers.start().await }));
        }
    }

    async fn start(self: Arc<Self>) {
        sleep(self.crashes.wait_before_restart(Timestamp::now())).await;
        match self.recipe.start_in_time().await {
            Ok(started) => self.run(started),
            Err(StartError::Refused(error)) => {
                self.state.send_replace(State::Disabled(error.to_string()));
            }
            Err(StartError::Unready(error)) => {
                tracing::error!(crm = self.recipe.crm, %error, "a connector's process does not serve");
                self.note_crash("its process refused to serve");
                self.state.send_replace(State::None);
            }
            Err(StartError::Failed(reason)) => {
                self.note_crash(&reason);
                self.state.send_replace(State::None);
            }
            Err(StartError::Unable(reason)) => {
                let crm = &self.recipe.crm;
                tracing::error!(crm, reason, "a connector's process cannot be started");
                sleep(PAUSE).await;
                self.state.send_replace(State::None);
            }
        }
    }

    /// Sends calls to a worker from here on, and watches it.
    fn run(self: &Arc<Self>, started: Started) {
        let enforced = Some(started.enforced.clone());
        *self.enforced.lock().unwrap_or_else(PoisonError::into_inner) = enforced;
        let worker = Worker {
            link: Arc::clone(&started.link),
            process: Arc::clone(&started.process),
        };
        self.state.send_replace(State::Running(Arc::new(worker)));
        let watching = watch_over(Arc::downgrade(self), started);
        // Detached: it ends with the worker.
        drop(self.runtime.spawn(watching));
    }

    /// Sends no more calls to a worker.
    fn forget(&self, link: &Arc<Link>) {
        self.state.send_if_modified(|state| match state {
            State::Running(worker) if Arc::ptr_eq(&worker.link, link) => {
                *state = State::None;
                true
            }
            _ => false,
        });
    }

    fn note_crash(&self, reason: &str) {
        let crm = &self.recipe.crm;
        tracing::error!(crm, reason, "a connector's process failed");
        self.crashes.note(reason, Timestamp::now());
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let State::Running(worker) = &*self.state.borrow() {
            // Waited for by the last who holds it.
            worker.process.kill();
        }
    }
}

/// Reads what a worker says until it ends, and settles what it leaves behind.
async fn watch_over(workers: Weak<Workers>, started: Started) {
    let Started {
        link,
        process,
        socket,
        incoming,
        ..
    } = started;
    // One worker is one failure, however many follow from it.
    let is_noted = AtomicBool::new(false);
    let end = {
        let reading = link.keep_reading(socket, incoming);
        tokio::pin!(reading);
        // Reading comes last: a worker that sends without end must not keep the others from their turn.
        tokio::select! {
            biased;
            () = leave(&workers, &link, &is_noted) => End::Drained,
            () = process.exited() => {
                // Who was started by it may hold its socket open.
                process.kill();
                let broken = timeout(LAST_WORDS, reading).await;
                End::Broken(broken.unwrap_or(Broken::Closed))
            }
            () = link.keep_writing() => End::Broken(Broken::Closed),
            () = link.keep_forgetting() => End::Drained,
            broken = &mut reading => End::Broken(broken),
        }
    };
    // A process that ends closes its socket first.
    let ended_itself = match end {
        End::Broken(Broken::Closed) => timeout(LAST_WORDS, process.exited()).await.is_ok(),
        _ => false,
    };
    process.kill();
    let ended = process.ended().await.unwrap_or_default();
    let reason = match &end {
        End::Broken(Broken::Closed) if ended_itself => format!("its process {ended}"),
        End::Broken(broken) => format!("{broken}, so its process was ended"),
        End::Drained => "its process was replaced".to_owned(),
    };
    // Before the calls end: a program that logs one call ends with it, and the crash has to be kept by then.
    if let Some(workers) = workers.upgrade() {
        workers.forget(&link);
        if !is_noted.into_inner() {
            workers.note_crash(&reason);
        }
    }
    let fault = Fault::crashed(format!("the connector failed: {reason}"));
    link.end(&fault);
}

/// Waits until a worker is to be replaced, and then until its last call has ended.
async fn leave(workers: &Weak<Workers>, link: &Arc<Link>, is_noted: &AtomicBool) {
    let Some(why) = link.retired().await else {
        return std::future::pending().await;
    };
    if let Some(workers) = workers.upgrade() {
        workers.forget(link);
        workers.note_crash(match why {
            Retirement::Blocked => "it did not end a call whose time was over",
            Retirement::Panicked => "it panicked",
        });
        is_noted.store(true, Ordering::Relaxed);
    }
    link.drained().await;
}
