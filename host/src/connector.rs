//! One CRM's connector, as the pipeline calls it.

#[cfg_attr(
    not(test),
    expect(dead_code, reason = "worker processes note their crashes")
)]
mod crashes;
mod in_process;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "nothing starts a worker yet")
)]
mod sandbox;
mod services;

#[expect(unused_imports, reason = "worker processes note their crashes")]
pub(crate) use crashes::{After, Crashes, Quarantine, release_kept};
pub(crate) use in_process::{Connector, Instance, Running};
pub use sandbox::{Enforced, Guard, NotEnforced};
pub(crate) use services::{CallLog, CallServices, Closing, LogSink};

/// The operation that every connector must know: it creates the entry of a call.
pub(crate) const CREATE_CALL_LOG: &str = "createCallLog";

/// The operation by which a connector finds the entry of a call; it need not know it.
pub(crate) const FIND_CALL_LOG: &str = "findCallLog";
