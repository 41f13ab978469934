//! The file in which the crashes of one CRM are kept.
//!
//! `STATE/crashes/CRM.json`, exchanged as a whole. Who changes it locks the folder: a file that is exchanged cannot be
//! locked itself, and the programs may belong to several users who cannot write to each other's files. It is not synced:
//! a power failure ends the crashes, too.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::history::History;

/// What is as large is no such file.
const MAX_BYTES: u64 = 64 * 1024;

/// Where the crashes of one CRM are kept.
pub(super) struct CrashFile {
    folder: PathBuf,
    path: PathBuf,
}

/// What is in it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
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
    pub(super) fn new(state_folder: &Path, crm: &str) -> Self {
        let folder = state_folder.join("crashes");
        let path = folder.join(format!("{crm}.json"));
        Self { folder, path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until no other program changes the file; until the lock is dropped none does. `None` where it cannot be
    /// had: then two that change it at the same time may lose one change.
    pub(super) fn lock(&self) -> Option<File> {
        let folder = File::open(&self.folder).ok()?;
        folder.lock().ok().map(|()| folder)
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
