//! One CRM: its manifest, its connector, its wire, and whether they can be used.

mod info;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use switchboard_connector_sdk::Fault;
use tokio::runtime::Handle;

pub use info::{CrmInfo, CrmState};

use crate::connector::{
    CREATE_CALL_LOG, Connector, Crashes, FIND_CALL_LOG, LogSink, Quarantine, Recipe, Site,
    Watchdog, WorkerRecipe,
};
use crate::credentials::{CredentialsCommand, Source};
use crate::egress::{Egress, EgressConfig, TrustRoots};
use crate::error_chain::with_sources;
use crate::limits::Gate;
use crate::loader::{Checked, Library, LibraryRef, Metadata, Platform};
use crate::lock::{Lock, ReadLockError};
use crate::manifest::{
    CustomField, Diagnostic, Entry, Isolation, LedgerSection, Limits, LogSection, Manifest,
};
use crate::outcome::NextStep;
use crate::redact::Redactor;
use crate::secret::Secret;

/// What setting a CRM up needs beside its manifest.
pub(crate) struct Surroundings<'a> {
    pub(crate) folders: &'a [PathBuf],
    pub(crate) trust: &'a TrustRoots,
    /// Which libraries may be loaded; any, if there is no lock.
    pub(crate) lock: Result<Option<&'a Lock>, &'a ReadLockError>,
    /// Where requests run.
    pub(crate) runtime: &'a Handle,
    /// Where crashes are kept.
    pub(crate) state_folder: Option<&'a Path>,
    /// Who notices connectors that block.
    pub(crate) watchdog: &'a Watchdog,
    /// Who knows the users' credentials, where the manifest names nobody.
    pub(crate) credentials: Option<&'a Source>,
    /// The program that is started as a worker.
    pub(crate) worker_program: Option<&'a Path>,
}

/// One CRM.
pub(crate) struct Crm {
    info: CrmInfo,
    /// Whether the name is that of the manifest's file: the one in it cannot be read.
    is_name_guessed: bool,
    secrets: Arc<[Secret]>,
    ready: Option<Ready>,
}

/// A CRM that can be used.
pub(crate) struct Ready {
    pub(crate) connector: Arc<Connector>,
    pub(crate) egress: Egress,
    pub(crate) limits: Limits,
    pub(crate) ledger: LedgerSection,
    /// Whether the connector finds the entry of a call.
    can_look_up: AtomicBool,
    pub(crate) credentials: Option<Source>,
    pub(crate) gate: Gate,
    pub(crate) own_network: bool,
    pub(crate) log: LogSection,
    pub(crate) custom_fields: Vec<CustomField>,
}

impl Ready {
    /// Whether the connector finds the entry of a call.
    pub(crate) fn can_look_up(&self) -> bool {
        self.can_look_up.load(Ordering::Relaxed)
    }

    /// Asks the connector for no entry any more: it panics over it, and three panics would disable the CRM.
    pub(crate) fn give_up_looking(&self) {
        self.can_look_up.store(false, Ordering::Relaxed);
    }

    /// Says who finds out whether the entry of a call exists whose end is unclear.
    pub(crate) fn next_step(&self, wait: Duration) -> NextStep {
        match self.can_look_up() {
            true => NextStep::LookUp { wait },
            false => NextStep::Person,
        }
    }
}

/// Why a CRM cannot be used: one line, and at length.
struct Disabled {
    reason: String,
    report: String,
}

impl Disabled {
    /// Takes a report and makes one line of it.
    fn new(report: String) -> Self {
        let reason = report.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { reason, report }
    }
}

impl<E: std::error::Error> From<E> for Disabled {
    fn from(error: E) -> Self {
        Self::new(with_sources(&error))
    }
}

impl Crm {
    /// Loads and opens a CRM's connector. A fault disables this CRM; the host goes on.
    pub(crate) fn set_up(entry: &Entry, surroundings: &Surroundings<'_>) -> Self {
        match entry {
            Entry::Ready(manifest) => Self::from_manifest(manifest, surroundings),
            Entry::Broken {
                path,
                crm,
                diagnostics,
            } => Self::broken(path, crm.as_deref(), diagnostics),
        }
    }

    fn from_manifest(manifest: &Manifest, surroundings: &Surroundings<'_>) -> Self {
        let mut crm = Self::new(
            &manifest.crm.name,
            &manifest.crm.display_name,
            &manifest.path,
        );
        crm.info.custom_fields.clone_from(&manifest.custom_fields);
        crm.info.proxy = manifest.network.proxy.is_some();
        crm.info.isolation = Some(manifest.connector.isolation);
        crm.secrets = manifest.shared_secrets();
        match crm.open(manifest, surroundings) {
            Ok(ready) => crm.ready = Some(ready),
            Err(disabled) => crm.disable(disabled),
        }
        crm
    }

    fn broken(path: &Path, name: Option<&str>, diagnostics: &[Diagnostic]) -> Self {
        let stem = path
            .file_stem()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        let is_name_guessed = name.is_none();
        let name = name.unwrap_or(&stem);
        let mut crm = Self::new(name, name, path);
        crm.is_name_guessed = is_name_guessed;
        crm.disable(faulty(diagnostics));
        crm
    }

    fn new(name: &str, display_name: &str, manifest: &Path) -> Self {
        let info = CrmInfo {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            manifest: manifest.to_owned(),
            connector: None,
            version: None,
            library: None,
            sha256: None,
            isolation: None,
            sandbox: None,
            locked: false,
            shadowed: Vec::new(),
            proxy: false,
            own_network: false,
            custom_fields: Vec::new(),
            state: CrmState::Ready,
        };
        Self {
            info,
            is_name_guessed: false,
            secrets: Arc::default(),
            ready: None,
        }
    }

    fn disable(&mut self, disabled: Disabled) {
        let Disabled { reason, report } = disabled;
        self.info.state = CrmState::Disabled { reason, report };
    }

    fn open(
        &mut self,
        manifest: &Manifest,
        surroundings: &Surroundings<'_>,
    ) -> Result<Ready, Disabled> {
        let checked = self.check(manifest, surroundings)?;
        check_settings(manifest, checked.metadata())?;
        let egress = Egress::new(
            egress_config(manifest, surroundings.trust),
            surroundings.runtime.clone(),
        )?;
        let redactor = Redactor::new(Vec::new(), Arc::clone(&self.secrets));
        let log = LogSink::new(&self.info.name, &checked.metadata().name, redactor);
        let own_network = self.info.own_network;
        // With a network of its own it could write while it looks.
        let can_look_up = knows(checked.metadata(), FIND_CALL_LOG) && !own_network;
        let connector = Connector::open(Recipe {
            crm: &self.info.name,
            settings: &manifest.settings.to_json(),
            log,
            site: site(manifest, &checked, surroundings),
            library: checked,
        })?;
        Ok(Ready {
            connector: Arc::new(connector),
            egress,
            gate: Gate::new(manifest.limits.max_in_flight),
            limits: manifest.limits.clone(),
            ledger: manifest.ledger.clone(),
            can_look_up: can_look_up.into(),
            credentials: credentials(manifest).or(surroundings.credentials.cloned()),
            own_network,
            log: manifest.log.clone(),
            custom_fields: manifest.custom_fields.clone(),
        })
    }

    /// Finds the library and checks it. Nothing of it runs.
    fn check(
        &mut self,
        manifest: &Manifest,
        surroundings: &Surroundings<'_>,
    ) -> Result<Checked, Disabled> {
        let lock = surroundings.lock?;
        let reference = reference(manifest)?;
        let found = reference.find(surroundings.folders)?;
        self.info.library = Some(found.path.clone());
        self.info.shadowed = found.shadowed;
        let checked = Library::check(&found.path, manifest.connector.sha256.as_ref())?;
        self.info.sha256 = Some(*checked.digest());
        if let Some(lock) = lock {
            lock.admit(self.name(), &manifest.connector.library, &checked)?;
            self.info.locked = true;
        }
        let metadata = checked.metadata();
        self.info.connector = Some(metadata.name.clone());
        self.info.version = Some(metadata.version.clone());
        self.info.own_network = match has_no_network(manifest) {
            true if metadata.own_network => return Err(needs_network(manifest)),
            // What it imports it cannot use.
            true => false,
            false => metadata.own_network || checked.imports_network(),
        };
        if !knows(metadata, CREATE_CALL_LOG) {
            return Err(Disabled::new(format!(
                "connector library {} does not know {CREATE_CALL_LOG}, only: {}; use another one",
                found.path.display(),
                metadata.operations.join(", ")
            )));
        }
        Ok(checked)
    }

    pub(crate) fn name(&self) -> &str {
        &self.info.name
    }

    pub(crate) fn is_name_guessed(&self) -> bool {
        self.is_name_guessed
    }

    pub(crate) fn display_name(&self) -> &str {
        &self.info.display_name
    }

    /// Returns the texts of the manifest that must not be shown.
    pub(crate) fn secrets(&self) -> Arc<[Secret]> {
        Arc::clone(&self.secrets)
    }

    /// Returns what a call needs.
    ///
    /// # Errors
    ///
    /// `disabled`, with the reason; `unavailable` while the CRM is in quarantine, with what is left of it.
    pub(crate) fn ready(&self) -> Result<&Ready, Fault> {
        if let CrmState::Disabled { reason, .. } = &self.info.state {
            return Err(Fault::disabled(reason.clone()));
        }
        let ready = self.ready.as_ref();
        let ready = ready.ok_or_else(|| Fault::internal("a CRM is neither ready nor disabled"))?;
        if let Some(reason) = ready.connector.disabled() {
            return Err(Fault::disabled(reason));
        }
        match ready.connector.quarantine() {
            Some(quarantine) => Err(quarantine.fault(self.name())),
            None => Ok(ready),
        }
    }

    /// Ends the CRM's quarantine; whether there was one.
    ///
    /// # Errors
    ///
    /// The file in which it is kept cannot be removed.
    pub(crate) fn release(&self) -> io::Result<bool> {
        self.ready
            .as_ref()
            .map_or(Ok(false), |ready| ready.connector.release())
    }

    /// Returns what is known now: a connector may have been given up since the start.
    pub(crate) fn info(&self) -> CrmInfo {
        let mut info = self.info.clone();
        if let Some(ready) = &self.ready {
            info.sandbox = ready.connector.enforced();
            info.state = state(&ready.connector);
        }
        info
    }
}

/// Returns whether a connector that was opened can be used now.
fn state(connector: &Connector) -> CrmState {
    if let Some(reason) = connector.disabled() {
        let report = reason.clone();
        return CrmState::Disabled { reason, report };
    }
    match connector.quarantine() {
        Some(Quarantine {
            reason,
            since,
            until,
            ..
        }) => CrmState::Quarantined {
            reason,
            since,
            until,
        },
        None => CrmState::Ready,
    }
}

/// Returns the program that knows the users' credentials.
fn credentials(manifest: &Manifest) -> Option<Source> {
    let command = manifest.auth.command.as_ref()?;
    Some(Arc::new(CredentialsCommand::from(command)))
}

fn knows(metadata: &Metadata, operation: &str) -> bool {
    metadata.operations.iter().any(|known| known == operation)
}

/// Whether the connector runs where nobody can open a connection.
fn has_no_network(manifest: &Manifest) -> bool {
    manifest.connector.isolation == Isolation::Process && manifest.sandbox.required
}

fn needs_network(manifest: &Manifest) -> Disabled {
    Disabled::new(format!(
        "the connector opens connections of its own, which its worker's sandbox denies; write \
         `isolation = \"in-process\"` under [connector] of {} if you trust it",
        manifest.path.display()
    ))
}

/// Says where the connector runs, and on what terms.
fn site<'a>(manifest: &Manifest, library: &Checked, surroundings: &Surroundings<'a>) -> Site<'a> {
    match manifest.connector.isolation {
        Isolation::InProcess => Site::InProcess(surroundings.watchdog),
        Isolation::Process => Site::Worker(Box::new(WorkerRecipe {
            memory: manifest.limits.memory,
            sandbox_required: manifest.sandbox.required,
            program: surroundings.worker_program,
            crashes: Crashes::new(
                surroundings.state_folder,
                &manifest.crm.name,
                *library.digest(),
            ),
            runtime: surroundings.runtime,
        })),
    }
}

/// Returns how the manifest names the library for this machine.
fn reference(manifest: &Manifest) -> Result<&LibraryRef, Disabled> {
    let platform = Platform::host().to_string();
    let library = manifest.connector.library.for_platform(&platform);
    library.ok_or_else(|| {
        Disabled::new(format!(
            "{} names no library for this machine; add {platform} = \"..\" to library under [connector]",
            manifest.path.display()
        ))
    })
}

fn check_settings(manifest: &Manifest, metadata: &Metadata) -> Result<(), Disabled> {
    let Some(schema) = &metadata.settings_schema else {
        return Ok(());
    };
    manifest
        .check_settings(schema)
        .map_err(|diagnostics| faulty(&diagnostics))
}

fn faulty(diagnostics: &[Diagnostic]) -> Disabled {
    let reasons: Vec<_> = diagnostics.iter().map(Diagnostic::summary).collect();
    let reports: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render())
        .collect();
    Disabled {
        reason: reasons.join("; "),
        report: reports.join("\n\n"),
    }
}

fn egress_config(manifest: &Manifest, trust: &TrustRoots) -> EgressConfig {
    let network = &manifest.network;
    EgressConfig {
        crm: manifest.crm.name.clone(),
        allowed_hosts: network.allowed_hosts.clone(),
        read_requests: network.read_requests.clone(),
        rejects_unapplied: network.rejects_unapplied.clone(),
        rate: manifest.limits.rate,
        proxy: network.proxy.clone(),
        trust: trust.clone(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn paths_that_are_not_utf_8_are_written_all_the_same() {
        let path = Path::new(OsStr::from_bytes(b"/crm/\xff.toml"));
        let mut info = Crm::new("acme", "Acme", path).info();
        info.library = Some(path.to_owned());
        info.shadowed = vec![path.to_owned()];
        let json = serde_json::to_value(&info).unwrap();
        let shown = "/crm/\u{fffd}.toml";
        assert_eq!(json["manifest"], shown);
        assert_eq!(json["library"], shown);
        assert_eq!(json["shadowed"], serde_json::json!([shown]));
        info.library = None;
        assert!(serde_json::to_value(&info).unwrap()["library"].is_null());
    }
}
