//! Reads what a library says about itself and needs, without running an instruction of it.

use std::path::{Path, PathBuf};

use super::{
    Digest, GlibcVersion, LoadError, Metadata, MetadataError, Platform, admission::admit,
    image::Image, platform::Machine, source::Source,
};

/// What can be said about a library by looking at its file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of its bytes, as a manifest pins it.
    pub digest: Digest,
    /// What it was built for. Of a universal binary: the part that fits this host, or its first.
    pub platform: Platform,
    /// The libraries that the system's loader will look for, in the order of the file.
    pub needed_libraries: Vec<String>,
    /// The oldest glibc that it works with; none if it does not use glibc.
    pub needs_glibc: Option<GlibcVersion>,
    /// What it imports to talk to the network by itself: functions that connect, send, resolve names or start programs,
    /// and libraries that have the network as their purpose. No proof: a hostile library needs none of them.
    pub network_imports: Vec<String>,
    /// What its author says, or why that cannot be read.
    pub metadata: Result<Metadata, MetadataError>,
    /// Why this host would not load it. None is no promise: only loading runs the last checks.
    pub refusal: Option<LoadError>,
}

/// Inspects the library at `path`. It may be one for another platform.
///
/// # Errors
///
/// The file cannot be read, or is no shared library whose tables make sense. Everything that only keeps
/// this host from loading it is [`Inspection::refusal`].
pub fn inspect(path: &Path) -> Result<Inspection, LoadError> {
    let source = Source::open(path)?;
    let writable = source.check_writable();
    let bytes = source.read()?;
    let image = Image::read(path, &bytes)?;
    let refusal = writable.and_then(|()| admit(path, &image, &Machine::this()).map(|_| ()));
    Ok(Inspection {
        path: path.to_owned(),
        size: bytes.len() as u64,
        digest: Digest::of(&bytes),
        refusal: refusal.err(),
        platform: image.platform,
        needed_libraries: image.needed_libraries,
        needs_glibc: image.needs_glibc,
        network_imports: image.network_imports,
        metadata: image.metadata.map(|metadata| metadata.metadata),
    })
}
