//! Locks what a host would load.

use super::{BuildError, HostBuilder};
use crate::lock::{self, Lock, LockFault};
use crate::manifest::read_folder_without_values;

/// Why the libraries cannot be locked. Nothing is written then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// There are no manifests, or no connector folders.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Manifests or libraries are not what they should be.
    #[error("{} of the manifests and libraries cannot be locked", .0.len())]
    Faults(Vec<LockFault>),
}

impl HostBuilder {
    /// Digests the library of every CRM, for every platform that its manifest names. Nothing is written before
    /// [`Lock::write`], no library is run, and variables need no value here, but those that name a CRM or a library.
    ///
    /// # Errors
    ///
    /// [`LockError`], with everything that is wrong: a manifest that cannot be read, a library that is missing or damaged.
    pub fn lock(&self) -> Result<Lock, LockError> {
        let environment = |name: &str| std::env::var_os(name);
        let manifests = read_folder_without_values(&self.manifests, &environment);
        let manifests = manifests.map_err(BuildError::from)?;
        lock::take(&self.manifests, &manifests, &self.folders()?).map_err(LockError::Faults)
    }
}
