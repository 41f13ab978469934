//! The crashes of a CRM's worker processes: how long a new one waits, and when there is none for a while.
//!
//! The fifth crash within a minute puts the CRM in quarantine for five minutes: calls are refused without a worker. The
//! crashes are kept in a file for each library, which all programs with the same state folder share, so that programs
//! that log a call each count together, and an operator reaches one that is running. A file that cannot be read or
//! written is told to the log and fails no call.

mod history;
mod kept;

use std::io;
use std::mem;
use std::path::{Path, PathBuf};
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
    crm: String,
    library: String,
    state_folder: Option<PathBuf>,
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
        let library = library.to_string();
        Self {
            crm: crm.to_owned(),
            state_folder: state_folder.map(Path::to_owned),
            file: state_folder.map(|folder| CrashFile::new(folder, crm, &library)),
            library,
            known: Mutex::new(Known {
                version: Version::Absent,
                history: History::default(),
            }),
        }
    }

    /// Notes that a worker has crashed, and says what follows. Waits for the disk, and up to 50 ms
    /// for programs that note one, too.
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

    /// Ends the quarantine and forgets the crashes, also those that are kept of the CRM with another library; whether
    /// there was one.
    ///
    /// # Errors
    ///
    /// A file cannot be read or removed: its quarantine goes on.
    pub(crate) fn release(&self) -> io::Result<bool> {
        let mut known = self.known();
        self.look_again(&mut known);
        let is_known = known.history.quarantine(Timestamp::now()).is_some();
        let folder = self.state_folder.as_deref();
        let is_kept = folder.map_or(Ok(false), |folder| release_kept(folder, &self.crm))?;
        if is_known {
            known.history = History::default();
        }
        Ok(is_known || is_kept)
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
            Ok(Some(kept)) if self.is_meant_by(&kept) => kept.history,
            Ok(_) => History::default(),
            Err(error) => {
                let file = file.path().display();
                warn!(%file, %error, "the file of a CRM's crashes cannot be read; they are counted anew");
                History::default()
            }
        };
    }

    fn is_meant_by(&self, kept: &Kept) -> bool {
        (&kept.crm, &kept.library) == (&self.crm, &self.library)
    }

    fn keep(&self, known: &mut Known) {
        let Some(file) = &self.file else { return };
        let kept = Kept {
            crm: self.crm.clone(),
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

/// Ends the quarantines of a CRM that are kept in a state folder, whatever the library; whether there was one.
///
/// # Errors
///
/// A file cannot be read or removed.
pub(crate) fn release_kept(state_folder: &Path, crm: &str) -> io::Result<bool> {
    let files = CrashFile::all_of(state_folder, crm)?;
    let _lock = files.first().and_then(CrashFile::lock);
    let mut has_released = false;
    for file in files {
        let kept = match file.read() {
            // A damaged file keeps nothing.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => continue,
            kept => kept?.filter(|kept| kept.crm == crm),
        };
        if kept.is_some_and(|kept| kept.history.quarantine(Timestamp::now()).is_some()) {
            file.remove()?;
            has_released = true;
        }
    }
    Ok(has_released)
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
