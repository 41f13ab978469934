//! What opening a connector takes, wherever it runs.

use std::path::Path;
use std::time::Duration;

use serde_json::value::RawValue;
use switchboard_connector_sdk::wire::{HostInfo, OpenInput};
use switchboard_connector_sdk::{Fault, FaultCode};
use zeroize::Zeroizing;

use super::services::{LogSink, cut};
use crate::loader::printable;

/// How long a connector may take to open.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// So much is shown of why a connector refuses to open.
const MAX_WORDS_BYTES: usize = 2 * 1024;

/// A connector could not be opened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("connector {library} did not open for {crm}: {reason}")]
pub(crate) struct OpenError {
    library: String,
    crm: String,
    reason: String,
}

impl OpenError {
    pub(super) fn new(library: &Path, crm: &str, reason: String) -> Self {
        Self {
            library: library.display().to_string(),
            crm: crm.to_owned(),
            reason,
        }
    }

    /// The connector refused to open, or panicked.
    pub(super) fn refused(library: &Path, crm: &str, fault: &Fault, log: &LogSink) -> Self {
        let message = shown(fault.message(), log);
        let reason = match fault.code() {
            FaultCode::Panicked => format!("{message}; report this to its author"),
            _ => format!("{message}; correct [settings] in the manifest, or ask its author"),
        };
        Self::new(library, crm, reason)
    }
}

/// Makes words of a connector fit for a list: on one line, cut, without secrets.
pub(super) fn shown(words: &str, log: &LogSink) -> String {
    let words = printable(&log.redact(words));
    cut(&words, MAX_WORDS_BYTES).to_owned()
}

/// Says that a connector took longer than [`OPEN_TIMEOUT`].
pub(super) fn too_slow() -> String {
    format!(
        "it took more than {} s; opening must not wait for anything, report this to its author",
        OPEN_TIMEOUT.as_secs()
    )
}

/// Writes the JSON that a connector is opened with. It holds the secrets of the settings.
pub(super) fn open_input(settings: &str, crm: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let settings = RawValue::from_string(settings.to_owned())
        .map_err(|error| Fault::internal(format!("the settings are no JSON: {error}")))?;
    // This version has no services beside HTTP, log and clock.
    let host = HostInfo::new("switchboard", env!("CARGO_PKG_VERSION"));
    serde_json::to_vec(&OpenInput::new(settings, crm, host))
        .map(Zeroizing::new)
        .map_err(|error| Fault::internal(format!("cannot write the settings: {error}")))
}
