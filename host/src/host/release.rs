//! Ends the quarantine of a CRM whose connector crashed again and again.

use std::io;

use super::Host;
use crate::manifest::ReadFolderError;

/// Why a quarantine cannot be ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// There are no manifests to read.
    #[error(transparent)]
    Manifests(#[from] ReadFolderError),
    /// No manifest has that name.
    #[error("no manifest enables {crm:?}; known CRMs: {known}")]
    UnknownCrm {
        /// The name.
        crm: String,
        /// The names that there are.
        known: String,
    },
    /// A file in which it may be kept cannot be read or removed.
    #[error(
        "cannot end the quarantine of {crm}: a file crashes/{crm}-*.json in the state folder cannot be read or removed"
    )]
    File {
        /// The CRM.
        crm: String,
        /// What the system said.
        source: io::Error,
    },
}

impl ReleaseError {
    pub(super) fn unknown(crm: &str, known: &[String]) -> Self {
        Self::UnknownCrm {
            crm: crm.to_owned(),
            known: known.join(", "),
        }
    }

    pub(super) fn file(crm: &str, source: io::Error) -> Self {
        let crm = crm.to_owned();
        Self::File { crm, source }
    }
}

impl Host {
    /// Ends the quarantine of a CRM, here and in all hosts with the same state folder; whether there was one. The next
    /// call starts the connector again.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`]: the quarantine goes on.
    pub fn release(&self, crm: &str) -> Result<bool, ReleaseError> {
        let found = self.inner.by_name.get(crm);
        let found = found.ok_or_else(|| ReleaseError::unknown(crm, &self.inner.known))?;
        found
            .release()
            .map_err(|source| ReleaseError::file(crm, source))
    }
}
