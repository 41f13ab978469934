//! Loads a library that has passed every check.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use switchboard_abi::ConnectorModRef;

use super::{
    Digest, LoadError, Metadata,
    checked::{Checked, Facts},
    open::open,
    start::start,
};
#[cfg(target_os = "linux")]
use super::{seal, source};
use crate::hardening::loads_by_path;

/// A loaded connector library. It stays loaded until the process ends; clones share it.
#[derive(Clone)]
pub struct Library {
    path: PathBuf,
    digest: Digest,
    loaded: Arc<Loaded>,
}

/// What does not depend on where the bytes were found.
struct Loaded {
    facts: Facts,
    module: ConnectorModRef,
}

/// Every library of this process. Also makes threads load one after the other.
static LOADED: Mutex<BTreeMap<Digest, Arc<Loaded>>> = Mutex::new(BTreeMap::new());

impl Library {
    /// Checks the library at `path`, and that its bytes have the digest that `pin` names. Nothing of it runs.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for each reason.
    pub(crate) fn check(path: &Path, pin: Option<&Digest>) -> Result<Checked, LoadError> {
        Checked::new(path, pin)
    }

    /// Checks a library and loads it.
    #[cfg(test)]
    pub fn load(path: &Path, pin: Option<&Digest>) -> Result<Self, LoadError> {
        Self::check(path, pin)?.load()
    }

    pub(super) fn run(checked: Checked) -> Result<Self, LoadError> {
        let (path, digest) = (checked.path().to_owned(), *checked.digest());
        let loaded = once(&digest, || {
            let name = match loads_by_path() {
                true => path.clone(),
                false => checked.name(),
            };
            // SAFETY: a `Checked` was admitted, and its name leads to those bytes. With `SWITCHBOARD_LOAD=path`,
            // and elsewhere than on Linux, that is the file itself, which users whom the operator trusts could
            // change in between: `Source::check_writable` has seen that nobody else can.
            let header = unsafe { open(&path, &name) }?;
            let facts = checked.facts().clone();
            checked.leak();
            let module = start(&path, header, &facts.metadata)?;
            Ok(Loaded { facts, module })
        })?;
        Ok(Self {
            path,
            digest,
            loaded,
        })
    }

    /// Loads the library that another process has checked and handed over ([`Checked::hand_over`]); `path` is where
    /// that found it, for messages. Opens nothing but the descriptor, which stays open until the process ends.
    ///
    /// The library is checked again, but for its digest and for who may change it.
    ///
    /// # Errors
    ///
    /// As for [`Library::check`] and [`Checked::load`], and [`LoadError::HandOver`].
    #[cfg(target_os = "linux")]
    pub(crate) fn from_descriptor(
        descriptor: std::os::fd::OwnedFd,
        path: &Path,
    ) -> Result<Self, LoadError> {
        let file = std::fs::File::from(descriptor);
        let bytes = source::read_whole(&file).map_err(|source| LoadError::HandOver {
            path: path.to_owned(),
            source,
        })?;
        let digest = Digest::of(&bytes);
        let loaded = once(&digest, || {
            let facts = Facts::of(path, &bytes)?;
            let descriptor = file.into();
            // SAFETY: the bytes were admitted just now. The host that handed the descriptor over keeps them where
            // nobody can change them: in sealed memory, or in a copy that only its own user can change.
            let header = unsafe { open(path, &seal::name_of(&descriptor)) }?;
            seal::leak(descriptor);
            let module = start(path, header, &facts.metadata)?;
            Ok(Loaded { facts, module })
        })?;
        Ok(Self {
            path: path.to_owned(),
            digest,
            loaded,
        })
    }

    /// Returns where the library was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the digest of the bytes that run.
    #[cfg(test)]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns what its author says about it.
    pub fn metadata(&self) -> &Metadata {
        &self.loaded.facts.metadata.metadata
    }

    /// Returns its module.
    pub fn module(&self) -> ConnectorModRef {
        self.loaded.module
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Library")
            .field("path", &self.path)
            .field("digest", &self.digest)
            .field("metadata", self.metadata())
            .finish_non_exhaustive()
    }
}

/// Returns the library of these bytes, which `load` loads unless this process has.
fn once(
    digest: &Digest,
    load: impl FnOnce() -> Result<Loaded, LoadError>,
) -> Result<Arc<Loaded>, LoadError> {
    // The map is whole whenever the lock is free, also after a panic.
    let mut known = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = known.get(digest) {
        return Ok(Arc::clone(loaded));
    }
    let loaded = Arc::new(load()?);
    known.insert(*digest, Arc::clone(&loaded));
    Ok(loaded)
}
