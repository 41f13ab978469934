//! A library that has passed every check that needs nothing of it to run.

#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use super::seal::Kept;
use super::{
    Digest, Library, LoadError, Metadata, admission::admit, image::Image, metadata::MetadataText,
    platform::Machine, source::Source,
};

/// A library of which nothing has run yet. It can be loaded here, or handed over to other processes.
#[derive(Debug)]
pub(crate) struct Checked {
    path: PathBuf,
    digest: Digest,
    size: u64,
    facts: Facts,
    #[cfg(target_os = "linux")]
    kept: Kept,
}

/// What is remembered of an image that was admitted.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) metadata: MetadataText,
    pub(super) imports_network: bool,
}

impl Facts {
    /// Reads a library's bytes and judges whether this machine can load them; `path` is for messages only.
    pub(super) fn of(path: &Path, bytes: &[u8]) -> Result<Self, LoadError> {
        let image = Image::read(path, bytes)?;
        let metadata = admit(path, &image, &Machine::this())?.clone();
        Ok(Self {
            metadata,
            imports_network: !image.network_imports.is_empty(),
        })
    }
}

impl Checked {
    pub(super) fn new(path: &Path, pin: Option<&Digest>) -> Result<Self, LoadError> {
        let source = Source::open(path)?;
        source.check_writable()?;
        let bytes = source.read()?;
        let digest = Digest::of(&bytes);
        if let Some(pin) = pin.filter(|pin| **pin != digest) {
            return Err(LoadError::Digest {
                path: path.to_owned(),
                found: digest,
                expected: *pin,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            digest,
            size: bytes.len() as u64,
            facts: Facts::of(path, &bytes)?,
            #[cfg(target_os = "linux")]
            kept: Kept::new(path, &digest, &bytes)?,
        })
    }

    /// Loads the library into this process.
    ///
    /// Bytes that this process has loaded before are not loaded again, wherever they lie: one library has
    /// one set of statics.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for each reason that shows only now. After [`LoadError::Layout`], [`LoadError::Start`] and
    /// [`LoadError::MetadataDiffers`] the library has run its constructors and stays in memory.
    pub(crate) fn load(self) -> Result<Library, LoadError> {
        Library::run(self)
    }

    /// Opens the very bytes that were checked for a process that loads them by [`Library::from_descriptor`]. May be
    /// called any number of times.
    ///
    /// # Errors
    ///
    /// [`LoadError::HandOver`].
    #[cfg(target_os = "linux")]
    pub(crate) fn hand_over(&self) -> Result<OwnedFd, LoadError> {
        self.kept.open().map_err(|source| LoadError::HandOver {
            path: self.path.clone(),
            source,
        })
    }

    /// Returns where the library was found.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the digest of its bytes.
    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns how many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Returns what its author says about it.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.facts.metadata.metadata
    }

    /// Whether it imports functions that talk to the network, whatever its metadata says.
    pub(crate) fn imports_network(&self) -> bool {
        self.facts.imports_network
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the name by which the system's loader opens it.
    #[cfg(target_os = "linux")]
    pub(super) fn name(&self) -> PathBuf {
        self.kept.name()
    }

    /// Returns the name by which the system's loader opens it: there is none for bytes in memory.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn name(&self) -> PathBuf {
        self.path.clone()
    }

    /// Says that the loader has opened it by its name, for good.
    pub(super) fn leak(self) {
        #[cfg(target_os = "linux")]
        self.kept.leak();
    }
}
