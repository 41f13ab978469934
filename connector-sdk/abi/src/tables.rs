//! The two traits that cross the boundary as tables of functions.
//!
//! `#[sabi_trait]` expands to unsafe impls and to impls inside functions, which is why exactly this module may
//! hold them. It contains nothing else.
#![allow(unsafe_code, non_local_definitions, clippy::undocumented_unsafe_blocks)]
#![allow(
    missing_docs,
    reason = "generated items cannot carry docs; the traits themselves do"
)]

use abi_stable::{
    sabi_trait,
    std_types::{RResult, RStr, RVec},
};
use async_ffi::FfiFuture;

use crate::{HostServicesBox, RawFault, RawMessage};

/// What the host does for a connector during one call.
///
/// The object is the call's identity: what is sent, logged or asked through it belongs to that call. When the call
/// is settled the host revokes it. A request under way then ends with the fault `closed`, and so does every later one;
/// clones included. Every method may be called from any thread.
#[sabi_trait]
pub trait HostServices: Send + Sync + Clone + 'static {
    /// Sends an HTTP request and yields the answer, whatever its status.
    fn http(&self, request: RawMessage) -> FfiFuture<RResult<RawMessage, RawFault>>;
    /// Writes a log line. `level` is 1 (error) to 5 (trace), `fields` a JSON object or empty.
    fn log(&self, level: u8, message: RStr<'_>, fields: RVec<u8>);
    /// Tells the host's time in milliseconds since the Unix epoch.
    fn now_unix_ms(&self) -> u64;
    /// Runs a service of the host by name. A host that does not know the name answers `unsupported`.
    #[sabi(last_prefix_field)]
    fn call(&self, operation: RStr<'_>, input: RVec<u8>) -> FfiFuture<RResult<RVec<u8>, RawFault>>;
}

/// An open connector.
///
/// Every method may be called from any thread and while other calls run.
#[sabi_trait]
pub trait RawConnector: Send + Sync + 'static {
    /// Runs an operation by name. A connector that does not know the name answers `unsupported`.
    ///
    /// `context` and `input` are JSON, and so is the answer. Of the context: `call_id`, `traceparent`, `remaining_ms`
    /// (absent: no limit), `attempt` (from 1), `dry_run`, `locale`, `tenant`; each may be absent, unknown members are
    /// ignored. What input and answer hold, the operation says. The future may be polled on any thread and dropped at
    /// any time; dropping it ends the call.
    #[sabi(last_prefix_field)]
    fn call(
        &self,
        host: HostServicesBox,
        operation: RStr<'_>,
        context: RVec<u8>,
        input: RVec<u8>,
    ) -> FfiFuture<RResult<RVec<u8>, RawFault>>;
}
