//! One CRM's connector, as the pipeline calls it, wherever it runs.
//!
//! In a *worker*, a process of its own in a sandbox, or in this process, by one line of the manifest. Whoever calls it
//! sees no difference but in what a connector that misbehaves does to others.

mod crashes;
mod in_process;
mod opening;
mod sandbox;
mod services;
#[cfg(target_os = "linux")]
mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use switchboard_abi::RawFault;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::runtime::Handle;
#[cfg(target_os = "linux")]
use zeroize::Zeroizing;

pub(crate) use crashes::{Crashes, Quarantine, release_kept};
pub(crate) use in_process::Watchdog;
pub(crate) use opening::OpenError;
pub use sandbox::{Enforced, Guard, NotEnforced};
pub(crate) use services::{CallLog, CallServices, Closing, LogSink};
#[cfg(target_os = "linux")]
pub use worker::serve_if_worker;

use crate::loader::{Checked, LoadError};

/// The operation that every connector must know: it creates the entry of a call.
pub(crate) const CREATE_CALL_LOG: &str = "createCallLog";

/// The operation by which a connector finds the entry of a call; it need not know it.
pub(crate) const FIND_CALL_LOG: &str = "findCallLog";

/// One CRM's connector.
pub(crate) struct Connector {
    log: LogSink,
    place: Place,
}

enum Place {
    InProcess(Arc<in_process::Connector>),
    #[cfg(target_os = "linux")]
    Worker(Arc<worker::Workers>),
}

/// What a call runs on: one opening of the connector.
pub(crate) enum Instance {
    InProcess(Arc<in_process::Connector>, Arc<in_process::Instance>),
    #[cfg(target_os = "linux")]
    Worker(worker::Place),
}

/// A running operation. Dropping it gives it up.
pub(crate) enum Running {
    InProcess(in_process::Running),
    #[cfg(target_os = "linux")]
    Worker(worker::Running),
}

/// What it takes to open a connector.
pub(crate) struct Recipe<'a> {
    pub(crate) library: Checked,
    pub(crate) crm: &'a str,
    pub(crate) settings: &'a Value,
    pub(crate) log: LogSink,
    /// Where it runs.
    pub(crate) site: Site<'a>,
}

/// Where a connector runs.
pub(crate) enum Site<'a> {
    /// In this process; the watchdog notices when it blocks.
    InProcess(&'a Watchdog),
    Worker(Box<WorkerRecipe<'a>>),
}

/// What it takes to run a connector in a worker.
pub(crate) struct WorkerRecipe<'a> {
    /// What it may allocate, in bytes.
    pub(crate) memory: u64,
    /// Whether it may only run in a whole sandbox.
    pub(crate) sandbox_required: bool,
    /// The program that is started; none if there is none.
    pub(crate) program: Option<&'a Path>,
    pub(crate) crashes: Crashes,
    /// Where its frames are read.
    pub(crate) runtime: &'a Handle,
}

/// Why a connector does not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectorError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Connector {
    /// Opens a connector. Blocks for as long as it takes, at most ten seconds.
    ///
    /// # Errors
    ///
    /// [`ConnectorError`]: the library does not load, or the connector does not open.
    pub(crate) fn open(recipe: Recipe<'_>) -> Result<Self, ConnectorError> {
        let Recipe {
            library,
            crm,
            settings,
            log,
            site,
        } = recipe;
        let place = match site {
            Site::InProcess(watchdog) => {
                let library = Arc::new(library.load()?);
                let connector =
                    in_process::Connector::open(library, crm, settings, log.clone(), watchdog)?;
                Place::InProcess(Arc::new(connector))
            }
            Site::Worker(worker) => open_in_worker(library, crm, settings, log.clone(), *worker)?,
        };
        Ok(Self { log, place })
    }

    pub(crate) fn log(&self) -> &LogSink {
        &self.log
    }

    /// Returns why no call may be made until somebody does something about it, if that is so.
    pub(crate) fn disabled(&self) -> Option<String> {
        match &self.place {
            Place::InProcess(connector) => connector.disabled(),
            #[cfg(target_os = "linux")]
            Place::Worker(workers) => workers.disabled(),
        }
    }

    /// Returns the quarantine, if there is one now. A connector in process is never in one.
    pub(crate) fn quarantine(&self) -> Option<Quarantine> {
        match &self.place {
            Place::InProcess(_) => None,
            #[cfg(target_os = "linux")]
            Place::Worker(workers) => workers.quarantine(),
        }
    }

    /// Ends the quarantine; whether there was one.
    ///
    /// # Errors
    ///
    /// What is kept of it cannot be removed: it goes on.
    pub(crate) fn release(&self) -> io::Result<bool> {
        match &self.place {
            Place::InProcess(_) => Ok(false),
            #[cfg(target_os = "linux")]
            Place::Worker(workers) => workers.release(),
        }
    }

    /// Returns what is denied to the connector's worker; nothing for one in process.
    pub(crate) fn enforced(&self) -> Option<Enforced> {
        match &self.place {
            Place::InProcess(_) => None,
            #[cfg(target_os = "linux")]
            Place::Worker(workers) => workers.enforced(),
        }
    }

    /// Returns what a new call runs on; after a failure of the connector a fresh one.
    ///
    /// # Errors
    ///
    /// `disabled` or `unavailable`: there is none.
    pub(crate) async fn instance(&self) -> Result<Instance, Fault> {
        Ok(match &self.place {
            Place::InProcess(connector) => {
                Instance::InProcess(Arc::clone(connector), connector.instance().await?)
            }
            #[cfg(target_os = "linux")]
            Place::Worker(workers) => Instance::Worker(workers.place().await?),
        })
    }
}

impl Instance {
    /// Starts an operation.
    pub(crate) fn call(
        self,
        services: &CallServices,
        operation: &'static str,
        context: Vec<u8>,
        input: Vec<u8>,
    ) -> Running {
        match self {
            Self::InProcess(connector, instance) => {
                let (call_id, services) = (services.call_id(), services.to_raw());
                let running =
                    connector.call(call_id, instance, services, operation, context, input);
                Running::InProcess(running)
            }
            #[cfg(target_os = "linux")]
            Self::Worker(place) => {
                Running::Worker(place.call(services.clone(), operation, context, input))
            }
        }
    }
}

impl Running {
    /// Waits for the answer.
    pub(crate) async fn answer(&mut self) -> Result<Vec<u8>, Fault> {
        match self {
            Self::InProcess(running) => running.answer().await,
            #[cfg(target_os = "linux")]
            Self::Worker(running) => running.answer().await,
        }
    }
}

/// Reads a fault in a connector's own words. That a process ended is for the host to say: whatever claims that is a
/// fault like any other.
fn own_words(mut fault: RawFault) -> Fault {
    if FaultCode::from_number(fault.code) == FaultCode::Crashed {
        fault.code = FaultCode::Internal.number();
    }
    fault.into()
}

#[cfg(target_os = "linux")]
fn open_in_worker(
    library: Checked,
    crm: &str,
    settings: &Value,
    log: LogSink,
    worker: WorkerRecipe<'_>,
) -> Result<Place, ConnectorError> {
    let error = |reason| OpenError::new(library.path(), crm, reason);
    let program = worker.program.ok_or_else(|| error(NO_PROGRAM.to_owned()))?;
    let open_input = opening::open_input(&Zeroizing::new(settings.to_string()), crm);
    let recipe = worker::Recipe {
        program: program.to_owned(),
        open_input: open_input.map_err(|fault| error(fault.message().to_owned()))?,
        crm: crm.to_owned(),
        memory: worker.memory,
        sandbox_required: worker.sandbox_required,
        library,
        log,
    };
    let workers = worker::Workers::open(recipe, worker.crashes, worker.runtime.clone())?;
    Ok(Place::Worker(workers))
}

/// There are workers on Linux only.
#[cfg(not(target_os = "linux"))]
fn open_in_worker(
    library: Checked,
    crm: &str,
    _: &Value,
    _: LogSink,
    _: WorkerRecipe<'_>,
) -> Result<Place, ConnectorError> {
    let reason = "there are no workers on this system; write `isolation = \"in-process\"` under [connector] if you \
                  trust the connector";
    Err(OpenError::new(library.path(), crm, reason.to_owned()).into())
}

/// Returns the program that a host starts as a worker if it is told none: its own, if that serves as one.
#[cfg(target_os = "linux")]
pub(crate) fn own_worker_program() -> Option<PathBuf> {
    // Also the program that was replaced by a newer one meanwhile: both sides have to be of one version.
    worker::is_worker_program().then(|| PathBuf::from("/proc/self/exe"))
}

/// There are workers on Linux only.
#[cfg(not(target_os = "linux"))]
pub(crate) fn own_worker_program() -> Option<PathBuf> {
    None
}

/// There are workers on Linux only: elsewhere this does nothing.
#[cfg(not(target_os = "linux"))]
pub fn serve_if_worker() {}

/// Why a host has no worker program.
#[cfg(target_os = "linux")]
const NO_PROGRAM: &str = "this program starts no workers: it has to call `serve_if_worker` at the start of its `main`, \
                          or to name a worker program; or write `isolation = \"in-process\"` under [connector] if you \
                          trust the connector";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_cannot_say_that_its_process_ended() {
        let words = |fault: Fault| own_words(RawFault::from(fault.with_log_id("7")));
        let crashed = words(Fault::crashed("x"));
        assert_eq!(crashed, Fault::internal("x").with_log_id("7"));
        let panicked = words(Fault::panicked("x"));
        assert_eq!(panicked, Fault::panicked("x").with_log_id("7"));
    }
}
