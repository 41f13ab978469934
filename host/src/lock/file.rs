//! The lock file: TOML, the same bytes for the same libraries.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de::Error as _};
use toml_writer::{ToTomlValue, TomlStringBuilder};

use super::{LOCK_FILE, Lock, LockedLibrary};
use crate::loader::Digest;

/// The version of the format that this program writes and reads.
const VERSION: u32 = 1;

const HEAD: &str =
    "# Written by `switchboard lock`: the libraries that may be loaded. Do not edit.\n";

/// Why a lock file cannot be used. While it is there, no CRM is enabled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadLockError {
    /// It cannot be read.
    #[error(
        "cannot read the lock file {}, and no library is loaded without it; the user that runs this program needs to \
         read it, or remove it to load whatever the manifests name",
        .path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// It is not what this program writes.
    #[error(
        "lock file {}{}: {message}; no library is loaded before it is put back, or written anew by `switchboard lock`",
        .path.display(), Line(*.line)
    )]
    Faulty {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// It is of a newer version of this program.
    #[error(
        "lock file {} has version {found}, this switchboard knows version {VERSION}; use a newer switchboard, or write \
         the file anew by `switchboard lock`",
        .path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it states.
        found: u32,
    },
}

/// Where in a file something is.
struct Line(Option<usize>);

impl std::fmt::Display for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |line| write!(formatter, ":{line}"))
    }
}

/// Any lock file, as far as every version has to know it.
#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

/// A lock file of this version.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(default, rename = "library")]
    libraries: Vec<WrittenLibrary>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLibrary {
    crm: String,
    platform: String,
    file: String,
    #[serde(deserialize_with = "digest")]
    sha256: Digest,
    size: u64,
    connector: String,
    connector_version: String,
    abi: String,
    sdk: String,
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

impl From<WrittenLibrary> for LockedLibrary {
    fn from(written: WrittenLibrary) -> Self {
        Self {
            crm: written.crm,
            platform: written.platform,
            file: written.file,
            sha256: written.sha256,
            size: written.size,
            connector: written.connector,
            connector_version: written.connector_version,
            abi: written.abi,
            sdk: written.sdk,
        }
    }
}

impl Lock {
    /// Reads the lock file of a folder of manifests; none if there is none.
    ///
    /// # Errors
    ///
    /// [`ReadLockError`]: then nothing is known to be locked, and nothing must be loaded.
    pub fn read(manifests: &Path) -> Result<Option<Self>, ReadLockError> {
        let path = manifests.join(LOCK_FILE);
        // A link that leads nowhere is a lock file that cannot be read.
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            _ => {}
        }
        match read_text(&path) {
            Ok(text) => parse(path, &text).map(Some),
            Err(source) => Err(ReadLockError::Read { path, source }),
        }
    }

    /// Writes the lock file: the whole of it, or nothing of it.
    ///
    /// # Errors
    ///
    /// The file cannot be written; one that was there stays as it was.
    pub fn write(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".switchboard.lock-");
        // The programs of other users read it, too.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(self.to_toml().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        // The new name has to outlive a loss of power, too; not every system lets a folder be opened.
        if let Ok(folder) = fs::File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    fn to_toml(&self) -> String {
        let mut toml = format!("{HEAD}version = {VERSION}\n");
        for library in &self.libraries {
            toml.push_str("\n[[library]]\n");
            let sha256 = library.sha256.to_string();
            for (key, value) in [
                ("crm", &library.crm),
                ("platform", &library.platform),
                ("file", &library.file),
                ("sha256", &sha256),
            ] {
                toml.push_str(&text_line(key, value));
            }
            toml.push_str(&format!("size = {}\n", library.size));
            for (key, value) in [
                ("connector", &library.connector),
                ("connector_version", &library.connector_version),
                ("abi", &library.abi),
                ("sdk", &library.sdk),
            ] {
                toml.push_str(&text_line(key, value));
            }
        }
        toml
    }
}

/// Reads a file of text. What is no file, such as a pipe, is not even opened: that could wait for ever.
fn read_text(path: &Path) -> io::Result<String> {
    match fs::metadata(path)?.is_file() {
        true => fs::read_to_string(path),
        false => Err(io::Error::other("it is not a file")),
    }
}

fn text_line(key: &str, value: &str) -> String {
    let value = TomlStringBuilder::new(value).as_basic();
    format!("{key} = {}\n", value.to_toml_value())
}

fn parse(path: PathBuf, text: &str) -> Result<Lock, ReadLockError> {
    let faulty = |error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        ReadLockError::Faulty {
            path: path.clone(),
            line: before.map(|before| before.matches('\n').count() + 1),
            message: error.message().to_owned(),
        }
    };
    // A newer version may have other keys, so its number comes first.
    let AnyVersion { version } = toml::from_str(text).map_err(faulty)?;
    if version != VERSION {
        let found = version;
        return Err(ReadLockError::Version { path, found });
    }
    let Written { libraries, .. } = toml::from_str(text).map_err(faulty)?;
    let lock = Lock::new(path, libraries.into_iter().map(Into::into).collect());
    let mut pairs = lock.libraries.windows(2);
    if let Some([library, _]) = pairs.find(|pair| pair[0].key() == pair[1].key()) {
        return Err(ReadLockError::Faulty {
            path: lock.path.clone(),
            line: None,
            message: format!(
                "it has two entries for {} on {}",
                library.crm, library.platform
            ),
        });
    }
    Ok(lock)
}
