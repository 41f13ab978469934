//! The first words between host and worker.

use serde::{Deserialize, Serialize};

use crate::connector::sandbox::Enforced;

/// What a worker is to do. Beside it comes what the connector is opened with, which may be secret.
#[derive(Serialize, Deserialize)]
pub(super) struct Hello {
    /// The version of the protocol. Read before anything else, and by every version.
    pub(super) protocol: u32,
    /// The host's process.
    pub(super) parent: i32,
    /// Where the library was found, for messages.
    pub(super) library: String,
    /// What the worker may allocate, in bytes.
    pub(super) memory: u64,
    /// Whether to do nothing without a whole sandbox.
    pub(super) sandbox_required: bool,
    /// The least important level of log lines that somebody reads, from 1 (error) to 5 (trace); 0: none.
    pub(super) log_level: u8,
}

/// A worker takes calls.
#[derive(Serialize, Deserialize)]
pub(super) struct Ready {
    pub(super) enforced: Enforced,
}

/// A worker does not take calls, and would not after another start.
#[derive(Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) by: RefusedBy,
    pub(super) code: u32,
    pub(super) message: String,
}

/// Who refuses.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RefusedBy {
    /// The worker itself.
    Worker,
    /// The connector, when it was opened.
    Connector,
}
