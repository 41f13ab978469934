//! Manifests: the TOML files by which an operator enables CRMs.
//!
//! [`read_folder`] reads a folder of them and reports all faults of all files at once, each with the line in
//! question and a caret ([`Diagnostic`]). One broken manifest disables its own CRM and no other. A file with
//! syntax errors reports those alone: the rest would be a guess at what was meant.
//!
//! This module knows nothing of connectors. Their schema of the settings comes in as JSON
//! ([`Manifest::check_settings`]).

mod check;
mod custom_field;
mod diagnostic;
mod faults;
mod file_schema;
mod folder;
mod grammar;
mod import;
mod iso_date;
mod parse;
mod reader;
mod schema;
mod settings;
mod source;
mod unknown_keys;
mod variables;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::Serialize;

pub use check::{Checked, check_files};
pub use custom_field::{CustomField, FieldKind, FieldOption};
pub use diagnostic::{Diagnostic, Severity};
pub use file_schema::json_schema;
pub use folder::{Entry, Manifests, ReadFolderError, read_folder};
pub use import::{ImportError, ImportFault, ImportedManifest, MAX_IMPORT_LEN, import};
pub use settings::Settings;
pub use variables::Environment;

pub(crate) use folder::read_folder_without_values;
pub(crate) use iso_date::is_iso_date;

pub use crate::loader::LibraryRef;

use crate::compose::Format;
use crate::egress::{HostPattern, RequestPattern, RequestRate};
use crate::loader::{Digest, EVERY_PLATFORM, Platform};
use crate::secret::Secret;
use diagnostic::Place;

/// One CRM's manifest, read and checked.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file.
    pub path: PathBuf,
    /// `[crm]`: how the CRM is called.
    pub crm: Crm,
    /// `[connector]`: what talks to it.
    pub connector: ConnectorSection,
    /// `[network]`: where the connector may talk.
    pub network: Network,
    /// `[limits]`: how much and how long.
    pub limits: Limits,
    /// `[sandbox]`: what a worker may do.
    pub sandbox: SandboxSection,
    /// `[log]`: what an entry looks like.
    pub log: LogSection,
    /// `[ledger]`: how long a call is left alone of which nobody knows the end.
    pub ledger: LedgerSection,
    /// `[auth]`: where the host gets the right to look for an entry by itself.
    pub auth: AuthSection,
    /// `[[custom_fields]]`: what users may submit beside a call, in order.
    pub custom_fields: Vec<CustomField>,
    /// `[settings]`: what the connector is opened with.
    pub settings: Settings,
    secrets: Vec<Secret>,
    library_place: Place,
}

/// How a CRM is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crm {
    /// How calls name it: 1 to 64 of `a-z`, `0-9` and `-`. No two manifests of a folder share one.
    pub name: String,
    /// How people call it; the name, unless the manifest says otherwise.
    pub display_name: String,
}

/// Which library talks to the CRM, and how it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorSection {
    /// Where the library is.
    pub library: LibraryByPlatform,
    /// The digest of the library, if the operator pinned it.
    pub sha256: Option<Digest>,
    /// Where the library runs.
    pub isolation: Isolation,
}

/// Where a connector library is, on this platform or another. A relative path has been joined to the
/// manifest's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryByPlatform {
    /// The same everywhere.
    Everywhere(LibraryRef),
    /// One for each platform, such as `linux-x86_64-gnu`.
    Named(BTreeMap<String, LibraryRef>),
}

/// Where a connector library runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Isolation {
    /// In a worker process of its own, in a sandbox: whatever it does there, the host and other CRMs go on.
    #[default]
    Process,
    /// In the host's own process: the fastest path, for connectors that the operator trusts.
    InProcess,
}

/// Where a connector may talk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// The hosts that may be reached; none by default.
    pub allowed_hosts: Vec<HostPattern>,
    /// Requests that a connector may declare to be reads although their method could write.
    pub read_requests: Vec<RequestPattern>,
    /// Statuses, 400 to 599, with which the CRM answers a write before it has applied anything.
    pub rejects_unapplied: Vec<u16>,
    /// The proxy through which every request goes. Secret: it may hold a password.
    pub proxy: Option<Secret>,
}

/// How long a call may take, and how many run at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The time limit of one call, 1 s to 10 min; 30 s by default.
    pub timeout: Duration,
    /// How many calls run at once, 1 to 10,000; 32 by default.
    pub max_in_flight: usize,
    /// How many requests may go to one host of the CRM; as many as there are by default.
    pub rate: Option<RequestRate>,
    /// How many bytes of memory a worker may have, 32 MiB to 64 GiB; 256 MiB by default. Nothing limits a connector in
    /// the host's own process.
    pub memory: u64,
}

/// What a worker may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSection {
    /// Whether the connector runs only where this system denies files, sockets, processes and signals to its worker; true
    /// by default.
    pub required: bool,
}

/// How long a call is left alone of which nobody knows the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSection {
    /// How much longer than [`Limits::timeout`] nobody else may log a call whose attempt is silent, 10 s to 10 min; 30 s
    /// by default.
    pub lease_margin: Duration,
    /// How long a write may be on its way before "no such entry" is believed, 1 s to 24 h; 5 min by default.
    pub quarantine: Duration,
}

/// Where the host gets the right to look for an entry by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthSection {
    /// What prints a user's `Authorization` header.
    pub command: Option<AuthCommand>,
}

/// A program that prints a user's `Authorization` header.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthCommand {
    /// The program. A path with a slash has been joined to the manifest's folder; any other is looked for in `PATH`.
    pub program: PathBuf,
    /// Its arguments. Secret: one may hold a password.
    pub arguments: Vec<String>,
}

/// What an entry looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogSection {
    /// The format of the entry's body.
    pub format: LogFormat,
    /// What becomes of submitted fields that no `[[custom_fields]]` defines.
    pub unknown_custom_fields: UnknownCustomFields,
}

/// The format of an entry's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `text/plain`
    #[default]
    Plain,
    /// `text/html`
    Html,
    /// `text/markdown`
    Markdown,
    /// `custom`: the connector composes the body.
    Custom,
}

/// What becomes of a submitted field that the manifest does not define.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnknownCustomFields {
    /// It reaches the connector, and a warning names it.
    #[default]
    Pass,
    /// The call is refused.
    Refuse,
}

impl Manifest {
    /// Reads one file.
    ///
    /// # Errors
    ///
    /// Every fault, at least one.
    pub fn read(path: &Path, environment: Environment<'_>) -> Result<Self, Vec<Diagnostic>> {
        parse::read(path, environment, Severity::Error).manifest
    }

    /// Reads the content of a file. Nothing is read from `path` itself; relative paths within the manifest begin in its
    /// folder.
    ///
    /// # Errors
    ///
    /// Every fault, at least one.
    pub fn parse(
        path: &Path,
        content: &[u8],
        environment: Environment<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        parse::parse(path, content, environment, Severity::Error).manifest
    }

    /// Checks `[settings]` against the connector's JSON Schema.
    ///
    /// Unknown keys are faults too: an object for which the schema has `properties`, and says nothing of
    /// `additionalProperties`, `unevaluatedProperties` or `patternProperties`, may have those properties
    /// only.
    ///
    /// # Errors
    ///
    /// Every fault, at its key or value. A schema that is itself faulty is one fault, at the manifest's
    /// `library`. No message holds the value of a setting.
    pub fn check_settings(&self, schema: &serde_json::Value) -> Result<(), Vec<Diagnostic>> {
        let faults = schema::check(&self.settings, &self.library_place, schema);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Lists every text that came from a `${..}` anywhere in the file, and the proxy's password. Whoever
    /// writes logs and errors removes these texts from them.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(Secret::expose)
    }

    /// As [`secrets`](Manifest::secrets), for those who keep them.
    pub(crate) fn shared_secrets(&self) -> Arc<[Secret]> {
        self.secrets.iter().cloned().collect()
    }
}

impl LibraryByPlatform {
    /// Returns the reference for a platform, such as `linux-x86_64-gnu`; `None` if the manifest names others
    /// only.
    pub fn for_platform(&self, platform: &str) -> Option<&LibraryRef> {
        match self {
            Self::Everywhere(library) => Some(library),
            Self::Named(platforms) => platforms.get(platform),
        }
    }

    /// Returns every reference with its platform; `any` where one serves all.
    pub(crate) fn by_platform(&self) -> impl Iterator<Item = (&str, &LibraryRef)> {
        let (everywhere, named) = match self {
            Self::Everywhere(library) => (Some((EVERY_PLATFORM, library)), None),
            Self::Named(platforms) => (None, Some(platforms)),
        };
        let named = named.into_iter().flatten();
        let named = named.map(|(platform, library)| (platform.as_str(), library));
        everywhere.into_iter().chain(named)
    }

    /// Returns the platform of [`Self::by_platform`] whose library this host takes.
    pub(crate) fn key_of_host(&self) -> String {
        match self {
            Self::Everywhere(_) => EVERY_PLATFORM.to_owned(),
            Self::Named(_) => Platform::host().to_string(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_in_flight: 32,
            rate: None,
            memory: 256 << 20,
        }
    }
}

impl Default for SandboxSection {
    fn default() -> Self {
        Self { required: true }
    }
}

/// Shows no argument: one may hold a secret.
impl fmt::Debug for AuthCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuthCommand")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

impl Default for LedgerSection {
    fn default() -> Self {
        Self {
            lease_margin: Duration::from_secs(30),
            quarantine: Duration::from_secs(300),
        }
    }
}

impl LogFormat {
    /// Returns the word that stands in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            LogFormat::Plain => "text/plain",
            LogFormat::Html => "text/html",
            LogFormat::Markdown => "text/markdown",
            LogFormat::Custom => "custom",
        }
    }

    /// Returns the format in which the host composes the body; `None` where the connector does.
    pub fn details(self) -> Option<Format> {
        match self {
            LogFormat::Plain => Some(Format::Plain),
            LogFormat::Html => Some(Format::Html),
            LogFormat::Markdown => Some(Format::Markdown),
            LogFormat::Custom => None,
        }
    }
}

#[cfg(test)]
mod tests;
