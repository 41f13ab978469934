//! A private folder in which the program runs.

use std::{
    ffi::OsStr,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use switchboard_host::{Host, HostBuilder};
use tempfile::TempDir;

use crate::{
    Invocation, built,
    guarded::{Guarded, ledger_files},
};

/// A folder of its own with `manifests/` and `connectors/`, removed when dropped.
pub struct Workplace {
    folder: TempDir,
    secrets: Vec<String>,
    keeps_ledger: bool,
}

impl Workplace {
    /// Makes an empty workplace.
    ///
    /// # Errors
    ///
    /// The folders cannot be made.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for the test")?;
        let place = Self {
            folder,
            secrets: Vec::new(),
            keeps_ledger: true,
        };
        for inner in [place.manifests(), place.connectors()] {
            fs::create_dir(&inner).with_context(|| format!("cannot make {}", inner.display()))?;
        }
        Ok(place)
    }

    /// Names texts that neither an output of the program nor its ledger may contain. Every run from here on is searched
    /// for them.
    pub fn guard(&mut self, secrets: &[&str]) {
        self.secrets
            .extend(secrets.iter().map(|secret| (*secret).to_owned()));
    }

    /// Returns the folder, which is also the program's working folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the folder of the manifests.
    pub fn manifests(&self) -> PathBuf {
        self.root().join("manifests")
    }

    /// Returns the folder of the connector libraries.
    pub fn connectors(&self) -> PathBuf {
        self.root().join("connectors")
    }

    /// Returns the file of the ledger that programs keep here, unless they are told otherwise.
    pub fn ledger(&self) -> PathBuf {
        self.root().join("ledger.sqlite")
    }

    /// Returns the state folder of programs that run here. It is made by the first that keeps something in it.
    pub fn state(&self) -> PathBuf {
        self.root().join("state")
    }

    /// Lets the next program begin with a new ledger, to which no call is a repeated one.
    ///
    /// # Errors
    ///
    /// A file of the ledger cannot be removed.
    pub fn forget(&self) -> Result<()> {
        for file in ledger_files(&self.ledger()) {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", file.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Runs programs without a ledger from here on.
    pub fn keep_no_ledger(&mut self) {
        self.keeps_ledger = false;
    }

    /// Builds a package of the workspace and copies its library to `connectors/`; returns the copy's path.
    ///
    /// # Errors
    ///
    /// As [`library`](built::library), or the file cannot be copied.
    pub fn place_connector(&self, package: &str) -> Result<PathBuf> {
        self.place_library(&built::library(package)?)
    }

    /// Copies a library to `connectors/` and returns the copy's path.
    ///
    /// # Errors
    ///
    /// The file cannot be copied.
    pub fn place_library(&self, library: &Path) -> Result<PathBuf> {
        let name = library
            .file_name()
            .context("cargo named a library without a file name")?;
        let place = self.connectors().join(name);
        fs::copy(library, &place)
            .with_context(|| format!("cannot copy {} to {}", library.display(), place.display()))?;
        // Loaders refuse what everybody may write to, which a lax umask lets cargo make.
        #[cfg(unix)]
        fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(place)
    }

    /// Writes `manifests/NAME.toml` and returns its path.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write_manifest(&self, name: &str, toml: &str) -> Result<PathBuf> {
        let path = self.manifests().join(format!("{name}.toml"));
        fs::write(&path, toml).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Prepares a host in this process that has this workplace's two folders.
    ///
    /// # Errors
    ///
    /// The program that its workers are cannot be built.
    pub fn host(&self) -> Result<HostBuilder> {
        let builder = Host::builder()
            .manifests(self.manifests())
            .connectors([self.connectors()]);
        Ok(builder.worker_program(built::program("switchboard-host", "switchboard")?))
    }

    /// Prepares `switchboard` with these arguments and this workplace's two folders.
    ///
    /// # Errors
    ///
    /// The program cannot be built.
    pub fn switchboard<I>(&self, args: I) -> Result<Invocation>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let mut command = Command::new(built::program("switchboard-host", "switchboard")?);
        command
            .arg("--manifests")
            .arg(self.manifests())
            .arg("--connectors")
            .arg(self.connectors())
            .args(args);
        Ok(self.invocation(command))
    }

    /// Runs any program as [`switchboard`](Workplace::switchboard) does: here, in a clean environment but for the places
    /// of ledger and state, guarded.
    pub fn invocation(&self, mut command: Command) -> Invocation {
        command.current_dir(self.root());
        let ledger = match self.keeps_ledger {
            true => format!("sqlite:{}", self.ledger().display()),
            false => "none".to_owned(),
        };
        let guarded = Guarded::new(self.secrets.clone(), self.ledger());
        Invocation::new(command, guarded)
            .env("SWITCHBOARD_LEDGER", ledger)
            .env("STATE_DIRECTORY", self.state())
    }
}
