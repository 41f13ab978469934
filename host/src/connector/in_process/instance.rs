//! The open instance of a connector, and what happens after a panic.

use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use abi_stable::std_types::{RStr, RVec};
use futures_util::FutureExt;
use switchboard_abi::{HostServicesBox, RawConnectorBox};
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::holds::{Holds, Kind, Piece};
use super::opening::Opener;
use super::panics::Panics;
use super::threads::Threads;
use super::watchdog::Watchdog;
use super::watched::Watched;
use crate::connector::opening::OpenError;
use crate::connector::own_words;
use crate::connector::services::LogSink;
use crate::loader::Library;
use crate::secret::Secret;

/// One CRM's connector.
pub(crate) struct Connector {
    opener: Opener,
    state: watch::Sender<State>,
    threads: Threads,
}

struct State {
    current: Current,
    panics: Panics,
}

enum Current {
    Open(Arc<Instance>),
    /// The last instance panicked; the next call has another one opened.
    Retired,
    /// Another one is being opened.
    Opening,
    /// Given up, and why.
    Disabled(String),
}

/// An open connector. Dropping the last handle drops the connector in the library.
pub(crate) struct Instance(pub(super) Watched<RawConnectorBox>);

impl Connector {
    /// Opens a connector and starts the threads that poll it. Blocks for as long as the connector takes, at most ten
    /// seconds.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: the connector refused, panicked or took too long, or its threads cannot be started.
    pub(crate) fn open(
        library: Arc<Library>,
        crm: &str,
        settings: &serde_json::Value,
        log: LogSink,
        watchdog: &Watchdog,
    ) -> Result<Self, OpenError> {
        let settings = Secret::new(settings.to_string());
        let opener = Opener {
            holds: Holds::new(crm, &library.metadata().name, watchdog),
            library,
            crm: crm.to_owned(),
            settings,
            log,
        };
        let threads = Threads::start(crm);
        let threads =
            threads.map_err(|error| opener.error(format!("cannot start its threads: {error}")))?;
        let instance = Arc::new(opener.open()?);
        let state = State {
            current: Current::Open(instance),
            panics: Panics::default(),
        };
        Ok(Self {
            opener,
            state: watch::Sender::new(state),
            threads,
        })
    }

    fn holds(&self) -> &Arc<Holds> {
        &self.opener.holds
    }

    /// Returns why no call may be made now, if that is so.
    pub(crate) fn disabled(&self) -> Option<String> {
        if let Current::Disabled(reason) = &self.state.borrow().current {
            return Some(reason.clone());
        }
        self.holds().has_lost_too_many().then(|| {
            let library = self.opener.library.path().display();
            format!("connector {library} {}", Holds::reason())
        })
    }

    /// Returns the instance for a new call, a fresh one after a panic.
    ///
    /// Callers that arrive together have one opened, and one that goes away does not stop that.
    ///
    /// # Errors
    ///
    /// `disabled` if the connector was given up, or the fresh instance did not open.
    pub(crate) async fn instance(self: &Arc<Self>) -> Result<Arc<Instance>, Fault> {
        loop {
            // It may have been given up since the call came.
            if let Some(reason) = self.disabled() {
                return Err(Fault::disabled(reason));
            }
            self.open_if_retired();
            let mut state = self.state.subscribe();
            let state = state.wait_for(|state| !matches!(state.current, Current::Opening));
            match state.await.as_deref().map(|state| &state.current) {
                Ok(Current::Open(instance)) => return Ok(Arc::clone(instance)),
                Ok(Current::Disabled(reason)) => return Err(Fault::disabled(reason.clone())),
                // It opened and panicked under another call before this one saw it. The third time disables it.
                Ok(Current::Retired) => {}
                // Waiting ends with another state; the sender is `self`.
                Ok(Current::Opening) | Err(_) => {
                    return Err(Fault::unavailable("the connector has just failed"));
                }
            }
        }
    }

    fn open_if_retired(self: &Arc<Self>) {
        let must_open = self.state.send_if_modified(|state| {
            let is_retired = matches!(state.current, Current::Retired);
            if is_retired {
                state.current = Current::Opening;
            }
            is_retired
        });
        if must_open {
            let connector = Arc::clone(self);
            let reopening = move || connector.reopen();
            // Detached: its end is stored, whoever still waits for it.
            drop(self.threads.handle().spawn_blocking(reopening));
        }
    }

    fn reopen(&self) {
        let opened = match self.opener.open() {
            Ok(instance) => Current::Open(Arc::new(instance)),
            Err(error) => Current::Disabled(error.to_string()),
        };
        self.replace(opened, |current| matches!(current, Current::Opening));
    }

    /// Puts `next` in the place of the current state if that is still the expected one. What is replaced, or not
    /// needed, is dropped outside the lock: dropping an instance runs code of the connector.
    fn replace(&self, next: Current, is_expected: impl FnOnce(&Current) -> bool) {
        let mut next = Some(next);
        let mut replaced = None;
        self.state
            .send_if_modified(|state| match is_expected(&state.current) {
                true => {
                    replaced = next
                        .take()
                        .map(|next| mem::replace(&mut state.current, next));
                    true
                }
                false => false,
            });
        drop((next, replaced));
    }

    /// Starts an operation in a task of its own. Dropping the handle gives it up.
    pub(crate) fn call(
        self: &Arc<Self>,
        call_id: &str,
        instance: Arc<Instance>,
        services: HostServicesBox,
        operation: &'static str,
        context: Vec<u8>,
        input: Vec<u8>,
    ) -> Running {
        let connector = Arc::clone(self);
        let working = self.holds().begin(Kind::Call(call_id.to_owned()));
        let piece = Arc::clone(working.piece());
        let work = async move {
            let (context, input) = (RVec::from(context), RVec::from(input));
            let held = working.hold();
            let answer = instance
                .0
                .call(services, RStr::from_str(operation), context, input);
            drop(held);
            let answer = Watched::new(answer, working);
            // A library without the SDK's fence may panic across the boundary.
            let answer = match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(answer) => answer.into_result().map(Vec::from).map_err(own_words),
                Err(_) => Err(unfenced()),
            };
            if answer
                .as_ref()
                .is_err_and(|fault| fault.code() == FaultCode::Panicked)
            {
                connector.note_panic(&instance);
            }
            answer
        };
        Running {
            task: self.threads.handle().spawn(work),
            piece,
        }
    }

    /// Retires the instance that panicked, unless that has happened already, and gives the connector up after too many.
    fn note_panic(&self, instance: &Arc<Instance>) {
        let mut are_too_many = false;
        self.state.send_if_modified(|state| {
            are_too_many = state.panics.note(Instant::now());
            false
        });
        if are_too_many {
            let reason = format!(
                "connector {} panicked three times within a minute; report this to its author, then restart the host",
                self.opener.library.path().display()
            );
            self.replace(Current::Disabled(reason), |_| true);
        } else {
            self.replace(
                Current::Retired,
                |current| matches!(current, Current::Open(open) if Arc::ptr_eq(open, instance)),
            );
        }
    }
}

/// A running operation.
pub(crate) struct Running {
    task: JoinHandle<Result<Vec<u8>, Fault>>,
    piece: Arc<Piece>,
}

impl Running {
    /// Waits for the answer.
    pub(crate) async fn answer(&mut self) -> Result<Vec<u8>, Fault> {
        match (&mut self.task).await {
            Ok(answer) => answer,
            Err(error) if error.is_cancelled() => Err(Fault::closed("the call was given up")),
            Err(_) => Err(unfenced()),
        }
    }
}

fn unfenced() -> Fault {
    Fault::panicked("the connector panicked across the boundary")
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.task.is_finished() {
            return;
        }
        self.piece.give_up();
        self.task.abort();
    }
}
