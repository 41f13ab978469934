//! Finds and digests what the manifests name.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{LOCK_FILE, Lock, LockedLibrary, relative};
use crate::error_chain::with_sources;
use crate::loader::{LibraryRef, inspect};
use crate::manifest::{Diagnostic, Entry, Manifest, Manifests};

/// Why one manifest or library cannot be locked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LockFault {
    /// The CRM and the platform, or the manifest if its CRM is not known.
    pub subject: String,
    /// What is wrong, at length: for a manifest with faults, each with its line and a caret.
    pub report: String,
}

impl fmt::Display for LockFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} cannot be locked:\n{}",
            self.subject, self.report
        )
    }
}

/// Locks what the manifests of a folder name, or says of each what is wrong with it.
pub(crate) fn take(
    folder: &Path,
    manifests: &Manifests,
    connectors: &[PathBuf],
) -> Result<Lock, Vec<LockFault>> {
    let (mut libraries, mut faults) = (Vec::new(), Vec::new());
    for entry in &manifests.entries {
        match entry {
            Entry::Ready(manifest) => {
                for locked in lock_crm(folder, manifest, connectors) {
                    match locked {
                        Ok(library) => libraries.push(library),
                        Err(fault) => faults.push(fault),
                    }
                }
            }
            Entry::Broken {
                path, diagnostics, ..
            } => faults.push(LockFault {
                subject: path.display().to_string(),
                report: rendered(diagnostics),
            }),
        }
    }
    match faults.is_empty() {
        true => Ok(Lock::new(folder.join(LOCK_FILE), libraries)),
        false => Err(faults),
    }
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    let reports: Vec<_> = diagnostics.iter().map(Diagnostic::render).collect();
    reports.join("\n\n")
}

fn lock_crm(
    folder: &Path,
    manifest: &Manifest,
    connectors: &[PathBuf],
) -> impl Iterator<Item = Result<LockedLibrary, LockFault>> {
    let crm = &manifest.crm.name;
    let named = manifest.connector.library.by_platform();
    named.map(move |(platform, reference)| {
        lock(folder, crm, platform, reference, connectors).map_err(|report| LockFault {
            subject: format!("{crm} on {platform}"),
            report,
        })
    })
}

fn lock(
    folder: &Path,
    crm: &str,
    platform: &str,
    reference: &LibraryRef,
    connectors: &[PathBuf],
) -> Result<LockedLibrary, String> {
    let found = reference.find_for(platform, connectors);
    let path = found.map_err(|error| with_sources(&error))?.path;
    let inspection = inspect(&path).map_err(|error| with_sources(&error))?;
    let file = path.display();
    let metadata = inspection.metadata.map_err(|error| {
        format!(
            "cannot read the metadata of {file}: {}",
            with_sources(&error)
        )
    })?;
    if !inspection.platform.is_meant_by(platform) {
        return Err(format!(
            "{file} was built for {}; name the library for {platform} in the manifest, or put it there",
            inspection.platform
        ));
    }
    Ok(LockedLibrary {
        crm: crm.to_owned(),
        platform: platform.to_owned(),
        file: relative::from_folder(folder, &path),
        sha256: inspection.digest,
        size: inspection.size,
        connector: metadata.name,
        connector_version: metadata.version,
        abi: metadata.abi,
        sdk: metadata.sdk,
    })
}
