//! Loads a library: every check, in their order.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use switchboard_abi::ConnectorModRef;

use super::{
    Digest, LoadError, Metadata, admission::admit, image::Image, open::open, platform::Machine,
    source::Source, start::start,
};

/// A loaded connector library. It stays loaded until the process ends; clones share it.
#[derive(Clone)]
pub struct Library {
    path: PathBuf,
    digest: Digest,
    loaded: Arc<Loaded>,
}

/// What does not depend on where the bytes were found.
struct Loaded {
    metadata: Metadata,
    imports_network: bool,
    module: ConnectorModRef,
}

/// Every library of this process. Also makes threads load one after the other.
static LOADED: Mutex<BTreeMap<Digest, Arc<Loaded>>> = Mutex::new(BTreeMap::new());

impl Library {
    /// Loads the library at `path`, if its bytes have the digest that `pin` names.
    ///
    /// Bytes that this process has loaded before are not loaded again, wherever they lie: one library has
    /// one set of statics.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for each reason. What concerns the file is found before anything of it runs. After
    /// [`LoadError::Layout`], [`LoadError::Start`] and [`LoadError::MetadataDiffers`] the library has run
    /// its constructors and stays in memory.
    pub fn load(path: &Path, pin: Option<&Digest>) -> Result<Self, LoadError> {
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
            loaded: load_once(path, &digest, &bytes)?,
        })
    }

    /// Returns where the library was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the digest of the bytes that run.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns what its author says about it.
    pub fn metadata(&self) -> &Metadata {
        &self.loaded.metadata
    }

    /// Whether it imports functions that talk to the network, whatever its metadata says.
    pub fn imports_network(&self) -> bool {
        self.loaded.imports_network
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
            .field("metadata", &self.loaded.metadata)
            .finish_non_exhaustive()
    }
}

fn load_once(path: &Path, digest: &Digest, bytes: &[u8]) -> Result<Arc<Loaded>, LoadError> {
    // The map is whole whenever the lock is free, also after a panic.
    let mut known = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = known.get(digest) {
        return Ok(Arc::clone(loaded));
    }
    let image = Image::read(path, bytes)?;
    let metadata = admit(path, &image, &Machine::this())?;
    // SAFETY: these are the bytes whose tables were read and whose image was admitted just now;
    // `Library::load` read them from this path and has checked who may change it.
    let header = unsafe { open(path, digest, bytes) }?;
    let loaded = Arc::new(Loaded {
        module: start(path, header, metadata)?,
        metadata: metadata.metadata.clone(),
        imports_network: image.imports_network,
    });
    known.insert(*digest, Arc::clone(&loaded));
    Ok(loaded)
}
