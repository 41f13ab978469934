//! The calls that a worker works on.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use abi_stable::std_types::{RStr, RVec};
use futures_util::FutureExt;
use switchboard_abi::RawConnectorBox;
use switchboard_connector_sdk::Fault;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::proxy::{Proxy, Requests};
use crate::connector::worker::frame::ToWorker;

/// A connector and what it works on.
pub(super) struct Calls {
    connector: Arc<RawConnectorBox>,
    requests: Arc<Requests>,
    /// Where the connector is polled.
    threads: Handle,
    running: Arc<Running>,
}

#[derive(Default)]
struct Running(Mutex<HashMap<u64, AbortHandle>>);

/// The host has sent what a host does not send.
#[derive(Debug)]
pub(super) struct Misplaced;

impl Calls {
    pub(super) fn new(
        connector: RawConnectorBox,
        requests: Arc<Requests>,
        threads: Handle,
    ) -> Self {
        Self {
            connector: Arc::new(connector),
            requests,
            threads,
            running: Arc::default(),
        }
    }

    /// Does what a frame says. Never blocks.
    pub(super) fn take(&self, frame: ToWorker) -> Result<(), Misplaced> {
        match frame {
            ToWorker::Hello { .. } => return Err(Misplaced),
            ToWorker::Call {
                call,
                operation,
                context,
                input,
            } => self.begin(call, operation, context, input),
            ToWorker::Cancel { call } => {
                // One that is not there has been answered.
                if let Some(work) = self.running.calls().remove(&call) {
                    work.abort();
                }
            }
            ToWorker::Reply { request, reply, .. } => self.requests.replied(request, reply),
        }
        Ok(())
    }

    fn begin(&self, call: u64, operation: String, context: Vec<u8>, input: Vec<u8>) {
        let ending = Ending {
            services: Proxy::new(&self.requests, call),
            running: Arc::clone(&self.running),
            call,
        };
        let connector = Arc::clone(&self.connector);
        let work = async move {
            // Ended last: with it the host learns that the call holds nothing any more.
            let ending = ending;
            let (context, input) = (RVec::from(context), RVec::from(input));
            let services = ending.services.to_raw();
            let answer = connector.call(services, RStr::from_str(&operation), context, input);
            // A library without the SDK's fence may panic across the boundary.
            let answer = match AssertUnwindSafe(answer).catch_unwind().await {
                Ok(answer) => answer.into_result().map(Vec::from),
                Err(_) => Err(Fault::panicked("the connector panicked across the boundary").into()),
            };
            ending.services.answer(answer);
        };
        let mut running = self.running.calls();
        let work = self.threads.spawn(work);
        running.insert(call, work.abort_handle());
    }
}

impl Running {
    fn calls(&self) -> MutexGuard<'_, HashMap<u64, AbortHandle>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way. However it ends, the host hears of it.
struct Ending {
    services: Proxy,
    running: Arc<Running>,
    call: u64,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.running.calls().remove(&self.call);
        // Has no effect after an answer.
        let closed = Fault::closed("the call was given up");
        self.services.answer(Err(closed.into()));
    }
}
