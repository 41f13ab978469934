//! Locked libraries: which bytes may be loaded for which CRM.
//!
//! `switchboard lock` digests the library of every CRM, for every platform that its manifest names, and writes what it
//! found into [`LOCK_FILE`] beside the manifests. Where that file is, no other library is loaded: what is compared are the
//! bytes that are about to run. A CRM without an entry is disabled, and so is every CRM if the file cannot be used:
//! whoever asks for a lock does not want to run without it.
//!
//! The file says what may run, not who may change it: it stands in the folder of the manifests, and whoever can write
//! there can name other libraries anyway.

mod difference;
mod file;
mod relative;
mod take;

use std::path::{Path, PathBuf};

pub use difference::Difference;
pub use file::ReadLockError;
pub use take::LockFault;
pub(crate) use take::take;

use crate::loader::{Checked, Digest};
use crate::manifest::LibraryByPlatform;

/// The name of the lock file, in the folder of the manifests.
pub const LOCK_FILE: &str = "switchboard.lock";

/// The libraries that may be loaded.
#[derive(Debug, Clone)]
pub struct Lock {
    path: PathBuf,
    /// By CRM and platform; no two are of the same.
    libraries: Vec<LockedLibrary>,
}

/// A library that may be loaded for one CRM on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockedLibrary {
    /// The CRM's name.
    pub crm: String,
    /// The platform for which the manifest names it; `any` if it names one library for all.
    pub platform: String,
    /// Where it was found, from the folder of the manifests on; for people only.
    pub file: String,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// The connector's name.
    pub connector: String,
    /// The connector's version.
    pub connector_version: String,
    /// The version of the boundary that it speaks.
    pub abi: String,
    /// The version of the SDK that it was built with; empty if its author did not say.
    pub sdk: String,
}

/// Why a library must not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLocked {
    #[error(
        "connector library {} is not locked: {} has no entry for {crm} on {platform}; if you trust this library, run \
         `switchboard lock`",
        .library.display(), .lock.display()
    )]
    Missing {
        library: PathBuf,
        lock: PathBuf,
        crm: String,
        platform: String,
    },
    #[error(
        "connector library {} is not the one that is locked: it is {found}, {} expects {expected}; put the locked file \
         back, or run `switchboard lock` if you trust this one",
        .library.display(), .lock.display()
    )]
    Changed {
        library: PathBuf,
        lock: PathBuf,
        found: String,
        expected: String,
    },
}

impl Lock {
    pub(super) fn new(path: PathBuf, mut libraries: Vec<LockedLibrary>) -> Self {
        libraries.sort_by(|left, right| left.key().cmp(&right.key()));
        Self { path, libraries }
    }

    /// Returns the lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the libraries, by CRM and platform.
    pub fn libraries(&self) -> &[LockedLibrary] {
        &self.libraries
    }

    /// Compares what is locked with what was found now. That a library was moved is no difference.
    pub fn differences(&self, found: &Lock) -> Vec<Difference> {
        difference::between(self, found)
    }

    /// Refuses a library that is not locked for this CRM, which names it so.
    pub(crate) fn admit(
        &self,
        crm: &str,
        named: &LibraryByPlatform,
        library: &Checked,
    ) -> Result<(), NotLocked> {
        let platform = named.key_of_host();
        let path = library.path().to_owned();
        let lock = self.path.clone();
        let Some(locked) = self.find((crm, &platform)) else {
            return Err(NotLocked::Missing {
                library: path,
                lock,
                crm: crm.to_owned(),
                platform,
            });
        };
        let (sha256, size) = (*library.digest(), library.size());
        if (sha256, size) != (locked.sha256, locked.size) {
            return Err(NotLocked::Changed {
                library: path,
                lock,
                found: bytes(sha256, size),
                expected: bytes(locked.sha256, locked.size),
            });
        }
        Ok(())
    }

    fn find(&self, key: (&str, &str)) -> Option<&LockedLibrary> {
        let found = self
            .libraries
            .binary_search_by(|library| library.key().cmp(&key));
        found.ok().map(|idx| &self.libraries[idx])
    }
}

impl LockedLibrary {
    /// Returns what an entry is found by: the CRM and the platform.
    fn key(&self) -> (&str, &str) {
        (&self.crm, &self.platform)
    }
}

/// Names a library by its bytes.
fn bytes(sha256: Digest, size: u64) -> String {
    format!("SHA-256 {sha256} ({size} bytes)")
}

#[cfg(test)]
mod tests;
