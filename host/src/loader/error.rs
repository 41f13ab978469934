//! Why a library cannot be loaded.

use std::{io, path::PathBuf};

use switchboard_abi::metadata::SECTION;

use super::{Digest, GlibcVersion, MetadataError, Platform};

/// Why a connector library cannot be loaded or inspected.
///
/// Each message names the file, what was found, what was expected and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no such file.
    #[error(
        "connector library {} does not exist; put the file there or name another one",
        .path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error(
        "cannot read connector library {}; the user that runs this program needs to read the file \
         and to enter its folders",
        .path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Everyone may change the file, or put another in its place.
    #[error(
        "refuse connector library {}: everyone may write to {} (mode {mode:04o}), so anyone on \
         this machine could run code here; take that right away: chmod o-w {}",
        .path.display(), .writable.display(), .writable.display()
    )]
    Writable {
        /// The library.
        path: PathBuf,
        /// The library or a folder above it.
        writable: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The path leads to another file than the one that was opened.
    #[error(
        "connector library {} was replaced while it was opened; start again once nobody changes it",
        .path.display()
    )]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// The bytes are not the ones that the manifest pins.
    #[error(
        "connector library {} is not the one that is pinned: its SHA-256 is {found}, expected \
         {expected}; put the pinned file back, or update `sha256` if you trust this one",
        .path.display()
    )]
    Digest {
        /// The file.
        path: PathBuf,
        /// What its bytes have.
        found: Digest,
        /// What the manifest says.
        expected: Digest,
    },
    /// The file is something else.
    #[error(
        "{} is not a connector library: it is {found}, expected a shared library (.so, .dll or \
         .dylib); put the connector's library there",
        .path.display()
    )]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// The file ends before what it describes.
    #[error(
        "connector library {} is cut short: {part} ends at byte {end}, the file has {size} bytes; \
         copy the whole file again",
        .path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What lies beyond its end.
        part: String,
        /// The first byte after that.
        end: u64,
        /// How long the file is.
        size: u64,
    },
    /// The file's tables contradict each other.
    #[error(
        "connector library {} is damaged: {what}; copy the file again, or build it again",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first contradiction.
        what: String,
    },
    /// The library was built for another operating system, processor or C library.
    #[error(
        "connector library {} was built for {found}, this host runs on {expected}; get or build \
         the connector for {expected}",
        .path.display()
    )]
    Platform {
        /// The file.
        path: PathBuf,
        /// What it was built for.
        found: Platform,
        /// What this host is.
        expected: Platform,
    },
    /// The library was built against a newer glibc than the one here.
    #[error(
        "connector library {} was built against a newer glibc: needs {needed}, this machine has \
         {found}; build it on a system with glibc {found} or older, or update this one",
        .path.display()
    )]
    Glibc {
        /// The file.
        path: PathBuf,
        /// The oldest version that it works with.
        needed: GlibcVersion,
        /// The version of this machine.
        found: GlibcVersion,
    },
    /// A shared library that carries no metadata: no connector.
    #[error(
        "{} is not a connector library: it is a shared library without the section {SECTION}; \
         build the connector with `export_connector!` of switchboard-connector-sdk",
        .path.display()
    )]
    NoMetadata {
        /// The file.
        path: PathBuf,
    },
    /// The library's metadata cannot be read.
    #[error("cannot read the metadata of connector library {}", .path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        source: MetadataError,
    },
    /// The library has metadata and no module.
    #[error(
        "connector library {} does not export {symbol}; build the connector with \
         `export_connector!` of switchboard-connector-sdk, and keep exported symbols when \
         stripping it",
        .path.display()
    )]
    NoModule {
        /// The file.
        path: PathBuf,
        /// What is missing.
        symbol: &'static str,
    },
    /// The library speaks another version of the boundary.
    #[error(
        "connector library {} speaks ABI {found}, this host speaks ABI {expected}; get a build of \
         the connector for ABI {expected}, or a host for ABI {found}",
        .path.display()
    )]
    AbiVersion {
        /// The file.
        path: PathBuf,
        /// What it speaks.
        found: String,
        /// What this host speaks.
        expected: &'static str,
    },
    /// The library was built with another version of `abi_stable`.
    #[error(
        "connector library {} was built with abi_stable {found}, this host with {expected}; build \
         the connector with a released switchboard-connector-sdk, which pins it",
        .path.display()
    )]
    AbiStable {
        /// The file.
        path: PathBuf,
        /// Major and minor version in the library.
        found: String,
        /// Major and minor version in this host.
        expected: String,
    },
    /// The library's types are not those of the boundary.
    #[error(
        "connector library {} states ABI {abi}, but its types are others: {difference}\nbuild the \
         connector with an unmodified switchboard-connector-sdk and switchboard-abi",
        .path.display()
    )]
    Layout {
        /// The file.
        path: PathBuf,
        /// What its metadata states.
        abi: String,
        /// The first difference, in a few lines.
        difference: String,
    },
    /// The library uses a function or variable that nobody has.
    #[error(
        "connector library {} needs the symbol {symbol}, which no library here provides; link the \
         library that has it into the connector, or install the one that it expects",
        .path.display()
    )]
    UnresolvedSymbol {
        /// The file.
        path: PathBuf,
        /// Its name, with the version if one is asked for.
        symbol: String,
    },
    /// A library that this one needs is not installed.
    #[error(
        "connector library {} needs {library}, which cannot be loaded; install it, or link it \
         into the connector",
        .path.display()
    )]
    NeededLibrary {
        /// The connector's file.
        path: PathBuf,
        /// The other library.
        library: String,
    },
    /// The system's loader refused the library for another reason.
    #[error(
        "cannot load connector library {}: {reason}; build the connector again",
        .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system's loader said.
        reason: String,
    },
    /// The library's module could not be made.
    #[error(
        "connector library {} cannot start: {reason}; report this to the author of the connector",
        .path.display()
    )]
    Start {
        /// The file.
        path: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The running library says something else than its file.
    #[error(
        "connector library {} tells other metadata than its section holds; build the connector \
         with `export_connector!` of switchboard-connector-sdk",
        .path.display()
    )]
    MetadataDiffers {
        /// The file.
        path: PathBuf,
    },
    /// The library cannot be passed to the process that is to load it.
    #[error("cannot hand connector library {} over to its worker", .path.display())]
    HandOver {
        /// The library.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The library cannot be loaded from memory here, and the copy cannot be written.
    #[error(
        "cannot keep a copy of connector library {} in {}; let STATE_DIRECTORY name a folder that \
         this user owns",
        .path.display(), .folder.display()
    )]
    Copy {
        /// The library.
        path: PathBuf,
        /// Where the copy goes.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
