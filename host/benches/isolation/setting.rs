//! Folders with the bench connector and manifests that run it in process or in a worker.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsStr;
use std::fs;

use switchboard_host::{CrmState, Host, HostBuilder};
use switchboard_tests::{Workplace, library_in};

use crate::Failure;

const CONNECTOR: &str = "switchboard-bench-connector";

/// Where a connector runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    InProcess,
    Worker,
}

/// A place in which hosts find manifests and libraries.
pub struct Setting {
    place: Workplace,
    /// The connector's library as it was built.
    library: Vec<u8>,
    n_libraries: u64,
}

impl Site {
    pub const BOTH: [Self; 2] = [Self::InProcess, Self::Worker];

    /// Returns the site that a manifest calls so.
    pub fn named(name: &OsStr) -> Result<Self, Failure> {
        let named = Self::BOTH.into_iter().find(|site| site.isolation() == name);
        named.ok_or_else(|| format!("connectors do not run in {name:?}").into())
    }

    /// Returns how a manifest calls it.
    pub fn isolation(self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            Self::Worker => "process",
        }
    }

    /// Returns how people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::InProcess => "in process",
            Self::Worker => "in a worker",
        }
    }
}

impl Setting {
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            place: Workplace::new()?,
            library: fs::read(library_in(CONNECTOR, "bench")?)?,
            n_libraries: 0,
        })
    }

    /// Places a copy of the connector that differs from all others, and returns the name that manifests call it by. A
    /// library is loaded once in a process, by its digest.
    pub fn place_library(&mut self) -> Result<String, Failure> {
        self.n_libraries += 1;
        let name = format!("bench_{}", self.n_libraries);
        let file = format!("{DLL_PREFIX}{name}{DLL_SUFFIX}");
        let mut bytes = self.library.clone();
        bytes.extend(self.n_libraries.to_ne_bytes());
        fs::write(self.place.connectors().join(file), bytes)?;
        Ok(name)
    }

    /// Enables a CRM whose connector is that library, with these sections.
    pub fn enable(
        &self,
        crm: &str,
        library: &str,
        site: Site,
        sections: &str,
    ) -> Result<(), Failure> {
        let isolation = site.isolation();
        let manifest = format!(
            "manifest_version = 1\n[crm]\nname = {crm:?}\n\
             [connector]\nlibrary = {library:?}\nisolation = {isolation:?}\n{sections}"
        );
        self.place.write_manifest(crm, &manifest)?;
        Ok(())
    }

    /// Prepares a host as programs that stay have it: it knows where crashes are counted.
    pub fn host(&self) -> HostBuilder {
        Host::builder()
            .manifests(self.place.manifests())
            .connectors([self.place.connectors()])
            .state_folder(self.place.state())
    }
}

/// Starts a host, and sees that so many CRMs take calls.
pub fn build(builder: HostBuilder, n_crms: usize) -> Result<Host, Failure> {
    let host = builder.build()?;
    let crms = host.crms();
    let are_ready = crms.iter().all(|crm| crm.state == CrmState::Ready);
    if !are_ready || crms.len() != n_crms {
        return Err(format!("{n_crms} CRMs were to take calls: {crms:?}").into());
    }
    Ok(host)
}
