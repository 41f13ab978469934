//! What the host tells of a CRM.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::connector::Enforced;
use crate::loader::Digest;
use crate::manifest::{CustomField, Isolation};

/// Whether calls can be logged into a CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CrmState {
    /// They can.
    Ready,
    /// They cannot.
    Disabled {
        /// Why, in one line.
        reason: String,
        /// Why, at length: for a manifest with faults, each with its line and a caret.
        #[serde(skip)]
        report: String,
    },
    /// They cannot for a while: the connector crashed again and again. [`Host::release`](crate::Host::release) ends that
    /// early.
    Quarantined {
        /// How it crashed the last time.
        reason: String,
        /// Since when.
        #[serde(serialize_with = "as_text")]
        since: Timestamp,
        /// Until when.
        #[serde(serialize_with = "as_text")]
        until: Timestamp,
    },
}

/// What the host knows of one CRM.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CrmInfo {
    /// The name by which calls ask for it.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// The manifest.
    #[serde(serialize_with = "lossily")]
    pub manifest: PathBuf,
    /// The connector's name, from its library.
    pub connector: Option<String>,
    /// The connector's version.
    pub version: Option<String>,
    /// The library in use.
    #[serde(serialize_with = "some_lossily")]
    pub library: Option<PathBuf>,
    /// The SHA-256 of the library in use, as a manifest pins it.
    pub sha256: Option<Digest>,
    /// Where the connector runs; nothing if the manifest cannot be read.
    pub isolation: Option<Isolation>,
    /// What is denied to the connector's worker; nothing without one.
    pub sandbox: Option<Enforced>,
    /// Whether the library in use is the one of the lock file. Without that file none is.
    pub locked: bool,
    /// Libraries of the same name in later folders, which are not used.
    #[serde(serialize_with = "each_lossily")]
    pub shadowed: Vec<PathBuf>,
    /// Whether requests go through a proxy, which then resolves names in the host's place.
    pub proxy: bool,
    /// Whether the connector may open sockets of its own, which the host cannot watch.
    pub own_network: bool,
    /// What users may submit beside a call, in the manifest's order; nothing if the manifest cannot be read.
    pub custom_fields: Vec<CustomField>,
    /// Whether calls can be logged.
    #[serde(flatten)]
    pub state: CrmState,
}

/// Writes a moment as people read it.
fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// Writes a path, which need not be UTF-8, as text, which has to be.
fn lossily<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    path.to_string_lossy().serialize(serializer)
}

fn some_lossily<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = path.as_deref().map(Path::to_string_lossy);
    text.serialize(serializer)
}

fn each_lossily<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}
