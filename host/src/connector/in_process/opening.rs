//! Opens a connector: its own thread, a time limit, and a host that can only log.

use std::sync::{Arc, mpsc};
use std::thread;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, RResult, RSlice, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt};
use switchboard_abi::{HostServices, HostServices_TO, RawConnectorBox, RawFault, RawMessage};
use switchboard_connector_sdk::Fault;

use super::holds::{Holds, Kind};
use super::instance::Instance;
use super::watched::Watched;
use crate::connector::opening::{OPEN_TIMEOUT, OpenError, open_input, too_slow};
use crate::connector::services::{CallLog, LogSink, now_unix_ms};
use crate::loader::Library;
use crate::secret::Secret;

/// What it takes to open a connector, any number of times.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) library: Arc<Library>,
    pub(super) crm: String,
    pub(super) settings: Secret,
    pub(super) log: LogSink,
    pub(super) holds: Arc<Holds>,
}

impl Opener {
    /// Opens an instance. Blocks, at most for [`OPEN_TIMEOUT`]; a connector that takes longer keeps its thread.
    pub(super) fn open(&self) -> Result<Instance, OpenError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let opener = self.clone();
        let started = thread::Builder::new()
            .name(format!("open-{}", self.crm))
            .spawn(move || {
                let working = opener.holds.begin(Kind::Opening);
                let _held = working.hold();
                // Nobody waits any more if the time was over.
                let _ = sender.send(opener.open_here());
            });
        if let Err(error) = started {
            return Err(self.error(format!("cannot start a thread: {error}")));
        }
        match receiver.recv_timeout(OPEN_TIMEOUT) {
            Ok(Ok(instance)) => {
                let working = self.holds.begin(Kind::Dropping);
                Ok(Instance(Watched::new(instance, working)))
            }
            Ok(Err(fault)) => Err(self.refused(&fault)),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.error(too_slow())),
            // The thread ended without an answer: a panic of a library without the SDK's fence.
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(self.refused(&Fault::panicked("it panicked across the boundary")))
            }
        }
    }

    fn open_here(&self) -> Result<RawConnectorBox, Fault> {
        let input = open_input(self.settings.expose(), &self.crm)?;
        let log = Arc::new(CallLog::new(self.log.clone(), String::new()));
        let services = OpeningServices {
            log: Arc::clone(&log),
        };
        let services = HostServices_TO::from_value(services, TD_Opaque);
        let open = self.library.module().open();
        let opened = open(services, RSlice::from_slice(&input));
        // A connector may keep the object, but not write outside its calls.
        log.close();
        opened.into_result().map_err(Fault::from)
    }

    fn refused(&self, fault: &Fault) -> OpenError {
        OpenError::refused(self.library.path(), &self.crm, fault, &self.log)
    }

    pub(super) fn error(&self, reason: String) -> OpenError {
        OpenError::new(self.library.path(), &self.crm, reason)
    }
}

/// The services while a connector opens: log and clock.
#[derive(Clone)]
struct OpeningServices {
    log: Arc<CallLog>,
}

impl OpeningServices {
    fn refuse<T: Send + 'static>(&self) -> FfiFuture<RResult<T, RawFault>> {
        let fault = Fault::unsupported(
            "while a connector opens it may log and tell the time, nothing else",
        );
        std::future::ready(RErr(fault.into())).into_ffi()
    }
}

impl HostServices for OpeningServices {
    fn http(&self, _: RawMessage) -> FfiFuture<RResult<RawMessage, RawFault>> {
        self.refuse()
    }

    fn log(&self, level: u8, message: RStr<'_>, fields: RVec<u8>) {
        self.log.write(level, &message, &fields);
    }

    fn now_unix_ms(&self) -> u64 {
        now_unix_ms()
    }

    fn call(&self, _: RStr<'_>, _: RVec<u8>) -> FfiFuture<RResult<RVec<u8>, RawFault>> {
        self.refuse()
    }
}
