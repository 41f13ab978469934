//! The open instance of a connector, and what happens after a panic.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use abi_stable::std_types::{RStr, RVec};
use futures_util::FutureExt;
use switchboard_abi::{HostServicesBox, RawConnectorBox};
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};

use super::opening::{OpenError, Opener};
use super::panics::Panics;
use super::services::LogSink;
use crate::loader::Library;

/// One CRM's connector.
pub(crate) struct Connector {
    opener: Opener,
    state: Mutex<State>,
    /// Held while a fresh instance is opened, so that calls that arrive together open one.
    reopening: tokio::sync::Mutex<()>,
    runtime: Handle,
}

struct State {
    current: Current,
    panics: Panics,
}

enum Current {
    Open(Arc<Instance>),
    /// The last instance panicked; the next call opens another.
    Retired,
    /// Given up, and why.
    Disabled(String),
}

/// An open connector. Dropping the last handle drops the connector in the library.
pub(crate) struct Instance(RawConnectorBox);

impl Connector {
    /// Opens a connector. Blocks for as long as the connector takes, at most ten seconds.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: the connector refused, panicked or took too long.
    pub(crate) fn open(
        library: Arc<Library>,
        crm: &str,
        settings: &serde_json::Value,
        log: LogSink,
        runtime: Handle,
    ) -> Result<Self, OpenError> {
        let settings = settings.to_string().into();
        let opener = Opener {
            library,
            crm: crm.to_owned(),
            settings,
            log,
        };
        let instance = Arc::new(Instance(opener.open()?));
        let state = State {
            current: Current::Open(instance),
            panics: Panics::default(),
        };
        Ok(Self {
            opener,
            state: Mutex::new(state),
            reopening: tokio::sync::Mutex::new(()),
            runtime,
        })
    }

    pub(crate) fn log(&self) -> &LogSink {
        &self.opener.log
    }

    /// Returns why the connector was given up, if it was.
    pub(crate) fn disabled(&self) -> Option<String> {
        match &self.state().current {
            Current::Disabled(reason) => Some(reason.clone()),
            Current::Open(_) | Current::Retired => None,
        }
    }

    /// Returns the instance for a new call, a fresh one after a panic.
    ///
    /// # Errors
    ///
    /// `disabled` if the connector was given up, or the fresh instance did not open.
    pub(crate) async fn instance(&self) -> Result<Arc<Instance>, Fault> {
        if let Some(decided) = self.current() {
            return decided;
        }
        let _one_at_a_time = self.reopening.lock().await;
        if let Some(decided) = self.current() {
            return decided;
        }
        let opener = self.opener.clone();
        let opened = self.runtime.spawn_blocking(move || opener.open()).await;
        let opened = opened.map_err(|error| Fault::internal(format!("cannot open: {error}")))?;
        let mut state = self.state();
        state.current = match opened {
            Ok(instance) => Current::Open(Arc::new(Instance(instance))),
            Err(error) => Current::Disabled(error.to_string()),
        };
        drop(state);
        self.current()
            .unwrap_or_else(|| Err(Fault::unavailable("the connector has just failed again")))
    }

    /// Starts an operation in a task of its own. Dropping the handle gives it up.
    pub(crate) fn call(
        self: &Arc<Self>,
        instance: Arc<Instance>,
        services: HostServicesBox,
        operation: &'static str,
        context: Vec<u8>,
        input: Vec<u8>,
    ) -> Running {
        let connector = Arc::clone(self);
        let call = async move {
            let (context, input) = (RVec::from(context), RVec::from(input));
            let answer = instance
                .0
                .call(services, RStr::from_str(operation), context, input);
            // A library without the SDK's fence may panic across the boundary.
            let answer = match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(answer) => answer.into_result().map(Vec::from).map_err(Fault::from),
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
        Running::new(self.runtime.spawn(call))
    }

    fn current(&self) -> Option<Result<Arc<Instance>, Fault>> {
        match &self.state().current {
            Current::Open(instance) => Some(Ok(Arc::clone(instance))),
            Current::Disabled(reason) => Some(Err(Fault::disabled(reason.clone()))),
            Current::Retired => None,
        }
    }

    /// Retires the instance that panicked, unless that has happened already, and gives the connector up after too many.
    pub(crate) fn note_panic(&self, instance: &Arc<Instance>) {
        let mut state = self.state();
        if state.panics.note(Instant::now()) {
            state.current = Current::Disabled(format!(
                "connector {} panicked three times within a minute; report this to its author, then restart the host",
                self.opener.library.path().display()
            ));
        } else if matches!(&state.current, Current::Open(open) if Arc::ptr_eq(open, instance)) {
            state.current = Current::Retired;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if it did, the state would still be whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running operation.
pub(crate) struct Running {
    task: JoinHandle<Result<Vec<u8>, Fault>>,
    abort: AbortHandle,
}

impl Running {
    fn new(task: JoinHandle<Result<Vec<u8>, Fault>>) -> Self {
        Self {
            abort: task.abort_handle(),
            task,
        }
    }

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
        self.abort.abort();
    }
}
