//! Where the program's settings come from: flag, environment, configuration file, default; the first wins.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use switchboard_host::{Host, HostBuilder};

use super::{Globals, LogFormat, LogLevel, logging};

/// The file that is read where `--config` names none.
const DEFAULT_FILE: &str = "switchboard.toml";

/// What all subcommands need.
pub(super) struct Settings {
    manifests: PathBuf,
    connectors: Option<Vec<PathBuf>>,
    ca_file: Option<PathBuf>,
}

/// The configuration file. Its paths are relative to its own folder.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    manifests: Option<PathBuf>,
    connectors: Option<Vec<PathBuf>>,
    ca_file: Option<PathBuf>,
    log_level: Option<LogLevel>,
    log_format: Option<LogFormat>,
}

impl Settings {
    /// Puts the settings together and starts the log.
    pub(super) fn read(globals: &Globals) -> anyhow::Result<Self> {
        let file = File::read(globals.config.as_deref());
        let (log_level, log_format) = match &file {
            Ok(file) => (file.log_level, file.log_format),
            Err(_) => (None, None),
        };
        logging::start(
            globals.log_level.or(log_level).unwrap_or(LogLevel::Info),
            globals.log_format.or(log_format).unwrap_or(LogFormat::Text),
        );
        let file = file?;
        let connectors = Some(globals.connectors.clone()).filter(|folders| !folders.is_empty());
        let manifests = globals.manifests.clone().or(file.manifests);
        Ok(Self {
            manifests: manifests.unwrap_or_else(|| PathBuf::from("manifests")),
            connectors: connectors.or(file.connectors),
            ca_file: globals.ca_file.clone().or(file.ca_file),
        })
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
        builder
    }
}

impl File {
    /// Reads the file that was named, else the default one, if it is there.
    fn read(named: Option<&Path>) -> anyhow::Result<Self> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let file: File = toml::from_str(&text)
            .with_context(|| format!("configuration file {} is wrong", path.display()))?;
        Ok(file.relative_to(path.parent().unwrap_or(Path::new(""))))
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
        self
    }
}
