//! The crashes of a CRM's worker processes: how long a new one waits, and when there is none for a while.
//!
//! The fifth crash within a minute puts the CRM in quarantine for five minutes: calls are refused without a worker. The
//! crashes are kept in a file, which all programs with the same state folder share, so that programs that log a call
//! each count together, and an operator reaches one that is running. A file that cannot be read or written is told to
//! the log and fails no call.

mod history;
mod kept;

use std::io;
use std::mem;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use switchboard_connector_sdk::Fault;
use tracing::warn;

use crate::loader::{Digest, printable};
use history::History;
use kept::{CrashFile, Kept, Version};

pub(crate) use history::{After, Quarantine};

/// How much of a reason is kept.
const MAX_REASON_BYTES: usize = 300;

/// The crashes of one CRM, with one library: another one begins anew.
pub(crate) struct Crashes {
    library: String,
    file: Option<CrashFile>,
    known: Mutex<Known>,
}

/// What was last seen of the file, or is known without one.
struct Known {
    version: Version,
    history: History,
}

impl Crashes {
    /// Takes up the crashes that are kept in a state folder. Without one they are known to this object only.
    pub(crate) fn new(state_folder: Option<&Path>, crm: &str, library: Digest) -> Self {
        Self {
            library: library.to_string(),
            file: state_folder.map(|folder| CrashFile::new(folder, crm)),
            known: Mutex::new(Known {
                version: Version::Absent,
                history: History::default(),
            }),
        }
    }

    /// Notes that a worker has crashed, and says what follows. Waits for the disk, a few milliseconds at most.
    ///
    /// `reason` is a short text of the host; it is shown to operators and must hold no word of the connector's.
    pub(crate) fn note(&self, reason: &str, now: Timestamp) -> After {
        let mut known = self.known();
        let _lock = self.file.as_ref().and_then(CrashFile::lock_made);
        self.look_again(&mut known);
        let after = known.history.note(short(reason), now);
        self.keep(&mut known);
        after
    }

    /// Returns the quarantine, if there is one now. Looks at the file again if it has changed.
    pub(crate) fn quarantine(&self, now: Timestamp) -> Option<Quarantine> {
        let mut known = self.known();
        self.look_again(&mut known);
        known.history.quarantine(now).cloned()
    }

    /// Returns how long a worker that is started now has to wait.
    pub(crate) fn wait_before_restart(&self, now: Timestamp) -> Duration {
        let mut known = self.known();
        self.look_again(&mut known);
        known.history.wait_before_restart(now)
    }

    /// Ends the quarantine and forgets the crashes; whether there was one.
    ///
    /// # Errors
    ///
    /// The file cannot be removed: the quarantine goes on.
    pub(crate) fn release(&self) -> io::Result<bool> {
        let mut known = self.known();
        let _lock = self.file.as_ref().and_then(CrashFile::lock);
        self.look_again(&mut known);
        if known.history.quarantine(Timestamp::now()).is_none() {
            return Ok(false);
        }
        if let Some(file) = &self.file {
            file.remove()?;
        }
        known.version = Version::Absent;
        known.history = History::default();
        Ok(true)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it holds the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the file if it is another than the one that was last seen.
    fn look_again(&self, known: &mut Known) {
        let Some(file) = &self.file else { return };
        let version = file.version();
        if version == known.version {
            return;
        }
        known.version = version;
        known.history = match file.read() {
            Ok(Some(kept)) if kept.library == self.library => kept.history,
            Ok(_) => History::default(),
            Err(error) => {
                let file = file.path().display();
                warn!(%file, %error, "the file of a CRM's crashes cannot be read; they are counted anew");
                History::default()
            }
        };
    }

    fn keep(&self, known: &mut Known) {
        let Some(file) = &self.file else { return };
        let kept = Kept {
            library: self.library.clone(),
            history: mem::take(&mut known.history),
        };
        match file.write(&kept) {
            Ok(()) => known.version = file.version(),
            Err(error) => {
                let file = file.path().display();
                warn!(%file, %error, "a CRM's crashes cannot be kept; only this program counts them");
            }
        }
        known.history = kept.history;
    }
}

/// Ends the quarantine that is kept in a state folder, whatever the library; whether there was one.
///
/// # Errors
///
/// The file cannot be read or removed.
pub(crate) fn release_kept(state_folder: &Path, crm: &str) -> io::Result<bool> {
    let file = CrashFile::new(state_folder, crm);
    let _lock = file.lock();
    let kept = file.read()?;
    let quarantine = kept
        .as_ref()
        .and_then(|kept| kept.history.quarantine(Timestamp::now()));
    match quarantine {
        Some(_) => file.remove().map(|()| true),
        None => Ok(false),
    }
}

impl Quarantine {
    /// Returns the fault of a call that comes meanwhile.
    pub(crate) fn fault(&self, crm: &str) -> Fault {
        let Self {
            until,
            reason,
            n_crashes,
            ..
        } = self;
        let fault = Fault::unavailable(format!(
            "the connector failed {n_crashes} times within a minute, the last time because {reason}; calls are refused \
             until {until}: tell its author, and when it is repaired end this with `switchboard release --crm {crm}`"
        ));
        fault.with_retry_after(self.rest(Timestamp::now()))
    }
}

/// Makes a reason one short line, whoever wrote it.
fn short(reason: &str) -> String {
    let end = reason.floor_char_boundary(MAX_REASON_BYTES);
    printable(&reason[..end])
}

#[cfg(test)]
mod tests;
