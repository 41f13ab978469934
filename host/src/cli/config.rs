//! Where the program's settings come from: flag, environment, configuration file, default; the first wins.

mod ledger;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use serde::Deserialize;
use switchboard_host::{Host, HostBuilder, default_state_folder};

use super::{Globals, LogFormat, LogLevel, logging};
pub(super) use ledger::{LedgerFlag, LedgerSetting};

/// The file that is read where `--config` names none.
const DEFAULT_FILE: &str = "switchboard.toml";

/// What all subcommands need.
pub(super) struct Settings {
    manifests: PathBuf,
    connectors: Option<Vec<PathBuf>>,
    ca_file: Option<PathBuf>,
    ledger: Option<LedgerSetting>,
}

/// What one source says. Paths of the configuration file are relative to its own folder.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    manifests: Option<PathBuf>,
    connectors: Option<Vec<PathBuf>>,
    ca_file: Option<PathBuf>,
    ledger: Option<LedgerSetting>,
    log_level: Option<LogLevel>,
    log_format: Option<LogFormat>,
}

impl Settings {
    /// Puts the settings together and starts the log, even if one of them is wrong.
    pub(super) fn read(globals: &Globals) -> anyhow::Result<Self> {
        let config = globals.config.clone();
        let config = config.or_else(|| path("SWITCHBOARD_CONFIG"));
        let environment = Given::by_environment();
        let file = Given::by_file(config.as_deref());
        let flags = Given::by_flags(globals);
        let (given, fault) = match (environment, file) {
            (Ok(environment), Ok(file)) => (flags.or(environment).or(file), None),
            (Ok(given), Err(fault)) | (Err(fault), Ok(given)) => (flags.or(given), Some(fault)),
            (Err(fault), Err(_)) => (flags, Some(fault)),
        };
        logging::start(
            given.log_level.unwrap_or(LogLevel::Info),
            given.log_format.unwrap_or(LogFormat::Text),
        );
        match fault {
            Some(fault) => Err(fault),
            None => Ok(Self {
                manifests: given.manifests.unwrap_or_else(|| "manifests".into()),
                connectors: given.connectors,
                ca_file: given.ca_file,
                ledger: given.ledger,
            }),
        }
    }

    /// Returns the folder of manifests.
    pub(super) fn manifests(&self) -> &Path {
        &self.manifests
    }

    /// Says where the ledger is kept.
    pub(super) fn ledger(&self) -> anyhow::Result<LedgerSetting> {
        match &self.ledger {
            Some(setting) => Ok(setting.clone()),
            None => LedgerSetting::by_default(),
        }
    }

    /// Starts a host of these settings.
    pub(super) fn host(&self) -> HostBuilder {
        let mut builder = Host::builder().manifests(&self.manifests);
        if let Some(folders) = &self.connectors {
            builder = builder.connectors(folders);
        }
        if let Some(file) = &self.ca_file {
            builder = builder.ca_file(file);
        }
        if let Some(folder) = default_state_folder() {
            builder = builder.state_folder(folder);
        }
        builder
    }
}

impl Given {
    fn by_flags(globals: &Globals) -> Self {
        Self {
            manifests: globals.manifests.clone(),
            connectors: Some(globals.connectors.clone()).filter(|folders| !folders.is_empty()),
            ca_file: globals.ca_file.clone(),
            ledger: globals.ledger.clone(),
            log_level: globals.log_level,
            log_format: globals.log_format,
        }
    }

    fn by_environment() -> anyhow::Result<Self> {
        let connectors = variable("SWITCHBOARD_CONNECTORS");
        let connectors = connectors.map(|folders| {
            let folders = env::split_paths(&folders);
            let named = folders.filter(|folder| !folder.as_os_str().is_empty());
            named.collect::<Vec<_>>()
        });
        Ok(Self {
            manifests: path("SWITCHBOARD_MANIFESTS"),
            connectors: connectors.filter(|folders| !folders.is_empty()),
            ca_file: path("SWITCHBOARD_CA_FILE"),
            ledger: ledger_of("SWITCHBOARD_LEDGER")?,
            log_level: choice("SWITCHBOARD_LOG_LEVEL")?,
            log_format: choice("SWITCHBOARD_LOG_FORMAT")?,
        })
    }

    /// Reads the file that was named, else the default one, if it is there.
    fn by_file(named: Option<&Path>) -> anyhow::Result<Self> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let given: Self = toml::from_str(&text)
            .map_err(|error| located(&error, &text))
            .with_context(|| format!("configuration file {} is wrong", path.display()))?;
        Ok(given.relative_to(path.parent().unwrap_or(Path::new(""))))
    }

    fn relative_to(mut self, folder: &Path) -> Self {
        for path in [&mut self.manifests, &mut self.ca_file]
            .into_iter()
            .flatten()
        {
            *path = folder.join(&*path);
        }
        for path in self.connectors.iter_mut().flatten() {
            *path = folder.join(&*path);
        }
        self.ledger = self.ledger.map(|setting| setting.relative_to(folder));
        self
    }

    /// Fills in what is not given.
    fn or(self, other: Self) -> Self {
        Self {
            manifests: self.manifests.or(other.manifests),
            connectors: self.connectors.or(other.connectors),
            ca_file: self.ca_file.or(other.ca_file),
            ledger: self.ledger.or(other.ledger),
            log_level: self.log_level.or(other.log_level),
            log_format: self.log_format.or(other.log_format),
        }
    }
}

/// Says where a file is wrong. The line itself is not shown: it may hold the password of a ledger.
fn located(error: &toml::de::Error, text: &str) -> anyhow::Error {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            anyhow!("line {line}: {}", error.message())
        }
        None => anyhow!("{}", error.message()),
    }
}

/// Returns a variable of the environment. One that is empty is not set: Compose files make such.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn path(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from)
}

fn ledger_of(name: &str) -> anyhow::Result<Option<LedgerSetting>> {
    let setting = variable(name).map(|text| LedgerSetting::read(&text));
    let setting = setting.transpose();
    setting.map_err(|error| anyhow!("the environment variable {name} {error}"))
}

/// Reads a variable that is one of a few words.
fn choice<T: ValueEnum>(name: &str) -> anyhow::Result<Option<T>> {
    let Some(value) = variable(name) else {
        return Ok(None);
    };
    let chosen = T::from_str(&value.to_string_lossy(), false);
    chosen.map(Some).map_err(|_| {
        let words = T::value_variants().iter();
        let words = words.filter_map(ValueEnum::to_possible_value);
        let words: Vec<_> = words.map(|word| word.get_name().to_owned()).collect();
        let words = words.join(", ");
        anyhow!(
            "the environment variable {name} is {value:?}; set it to one of {words}, or unset it"
        )
    })
}
