//! The files in which the crashes of CRMs are kept.
//!
//! `STATE/crashes/CRM-DIGEST.json`, one for each library that crashed for a CRM, so that programs with different ones
//! do not forget each other's crashes; DIGEST are the first 16 digits of the library's. A file is exchanged as a whole.
//! Who changes one locks the folder: a file that is exchanged cannot be locked itself. The folder is its user's own, so
//! all these programs belong to one user. Nothing is synced: a power failure ends the crashes, too.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::history::History;

/// What is as large is no such file.
const MAX_BYTES: u64 = 64 * 1024;

/// How many digits of a library's digest are in the name of its file.
const N_DIGITS: usize = 16;

/// How often the lock is asked for, and how long is waited in between: calls may wait meanwhile.
const N_TRIES: usize = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// Where the crashes of one CRM with one library are kept.
pub(super) struct CrashFile {
    folder: PathBuf,
    path: PathBuf,
}

/// What is in it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) crm: String,
    /// The digest of the library that crashed.
    pub(super) library: String,
    #[serde(flatten)]
    pub(super) history: History,
}

/// What tells a file from the one that was there before. Each is made beside its predecessor, so it has another inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Absent,
    Unreadable,
    Of {
        inode: u64,
        length: u64,
        modified: Option<SystemTime>,
    },
}

impl CrashFile {
    pub(super) fn new(state_folder: &Path, crm: &str, library: &str) -> Self {
        let folder = folder_in(state_folder);
        let path = folder.join(format!("{crm}-{}.json", &library[..N_DIGITS]));
        Self { folder, path }
    }

    /// Returns the files of a CRM, whatever its library.
    pub(super) fn all_of(state_folder: &Path, crm: &str) -> io::Result<Vec<Self>> {
        let folder = folder_in(state_folder);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_str().and_then(crm_of) == Some(crm) {
                let (folder, path) = (folder.clone(), entry.path());
                files.push(Self { folder, path });
            }
        }
        Ok(files)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits a moment until no other program changes a file; until the lock is dropped none does. `None` where it
    /// cannot be had: then two that change one at the same time may lose one change.
    pub(super) fn lock(&self) -> Option<File> {
        let folder = File::open(&self.folder).ok()?;
        for n_tries in 1..=N_TRIES {
            match folder.try_lock() {
                Ok(()) => return Some(folder),
                Err(TryLockError::WouldBlock) if n_tries < N_TRIES => thread::sleep(BETWEEN_TRIES),
                Err(_) => break,
            }
        }
        None
    }

    /// As [`lock`](CrashFile::lock), of a folder that is made if need be.
    pub(super) fn lock_made(&self) -> Option<File> {
        // Where it cannot be made, writing says why.
        let _ = make_folder(&self.folder);
        self.lock()
    }

    pub(super) fn version(&self) -> Version {
        match self.path.metadata() {
            Ok(found) => Version::Of {
                inode: inode(&found),
                length: found.len(),
                modified: found.modified().ok(),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Version::Absent,
            Err(_) => Version::Unreadable,
        }
    }

    /// Reads the file; `None` if there is none.
    pub(super) fn read(&self) -> io::Result<Option<Kept>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut json = Vec::new();
        let length = file.take(MAX_BYTES).read_to_end(&mut json)?;
        if length as u64 == MAX_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(Some(serde_json::from_slice(&json)?))
    }

    pub(super) fn write(&self, kept: &Kept) -> io::Result<()> {
        make_folder(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec_pretty(kept)?)?;
        file.persist(&self.path)?;
        Ok(())
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

fn folder_in(state_folder: &Path) -> PathBuf {
    state_folder.join("crashes")
}

/// Returns the CRM in the name of a file. It may have dashes itself, a digest has none.
fn crm_of(name: &str) -> Option<&str> {
    let (crm, digits) = name.strip_suffix(".json")?.rsplit_once('-')?;
    let is_digit = |byte: u8| byte.is_ascii_hexdigit();
    (digits.len() == N_DIGITS && digits.bytes().all(is_digit)).then_some(crm)
}

#[cfg(unix)]
fn inode(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
